/** Submitters of a replay: processes that sleep when a real one would, each on the plug that the kernel gives it. */
import { SgList } from '../../base/sg-list.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  contextFlags,
  type PriorityClass,
  priorityFlags,
  SECTOR_BYTES,
} from '../../interfaces/bio.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import { numberOf, parseRwbs, type RecordedCase, type RecordedOp } from './recorded-case.ts';

/** A block layer that can be replayed: a block device that lets its submitters sleep. */
export interface ReplayedBlockLayer extends BlockDevice {
  /** The submitter goes to sleep: its plug is sent (UT). */
  sleep(): void;
  /** A bio waits for a request, so that its submitter sleeps. */
  readonly isCongested: boolean;
}

/** A process: yields what it waits for. */
export type Process = Generator<() => boolean, void>;

/** Most memory runs of one bio. */
const MAX_RUNS = 256;
/** One `io_submit` of more calls than this is plugged. */
const PLUG_CALLS = 2;

type Run = [address: number, bytes: number];

/** What a submission is about. */
interface Call {
  op: BioOp;
  sector: number;
  flags: number;
  runs: Run[];
}

/** Turns the operations of a case into processes. */
export class Submitters {
  readonly processes: Process[] = [];
  readonly #case: RecordedCase;
  readonly #device: ReplayedBlockLayer;
  readonly #memory: GuestMemory;
  readonly #remap: (bio: Bio) => void;
  #ioId = 0;

  /** @param remap moves a bio to the device, when the case was on a part of it */
  constructor(
    each: RecordedCase,
    device: ReplayedBlockLayer,
    memory: GuestMemory,
    remap: (bio: Bio) => void,
  ) {
    this.#case = each;
    this.#device = device;
    this.#memory = memory;
    this.#remap = remap;
    this.processes.push(isFedByEvents(each) ? this.#feed() : this.#process(each.ops, 0));
  }

  *#process(ops: readonly RecordedOp[], context: number): Process {
    let priority = 0;
    const children: Process[] = [];
    let forks = 0;
    for (let i = 0; i < ops.length; i++) {
      const words = ops[i]!.op.split(' ');
      const end = words[0] === 'fork' ? 'endfork' : 'go';
      if (words[0] === 'fork' || words[0] === 'batch') {
        const last = ops.findIndex(({ op }, at) => at > i && op === end);
        const inner = ops.slice(i + 1, last);
        i = last;
        if (words[0] === 'batch') yield* this.#batch(inner, words, priority, context);
        else {
          forks += 1;
          const child = this.#process(inner, context + forks);
          children.push(child);
          this.processes.push(child);
        }
      } else if (words[0] === 'join') {
        yield () => children.every((child) => !this.processes.includes(child));
      } else if (words[0] === 'prio') {
        priority = priorityFlags(Number(words[1]) as PriorityClass, Number(words[2]));
      } else {
        yield* this.#synchronous(ops[i]!, priority | contextFlags(context));
      }
    }
  }

  *#synchronous(each: RecordedOp, flags: number): Process {
    if (isRefused(each)) return;
    const words = each.op.split(' ');
    const name = words[0]!;
    if (name === 'fsync' || name === 'fdatasync') {
      yield* this.#flush(flags);
    } else if (name === 'r' || name === 'w') {
      const call = callOf(each, flags | BioFlag.sync);
      yield* this.#transfer(call, true);
      if (words.includes('dsync') || words.includes('sync')) yield* this.#flush(flags);
    } else {
      yield* this.#range(name, Number(words[1]), Number(words[2]), flags);
    }
  }

  *#flush(flags: number): Process {
    const bio = this.#bio(BioOp.write, 0, 0, flags | BioFlag.preflush | BioFlag.sync, []);
    yield* this.#wait(this.#submit([bio]));
  }

  /** A read or write call; a synchronous one sleeps until it is through. */
  *#transfer(call: Call, isSync: boolean): Process {
    const pages = call.runs.reduce((sum, [, bytes]) => sum + Math.ceil(bytes / 4096), 0);
    const isLarge = pages > MAX_RUNS;
    const isPlugged = call.op === BioOp.write || isLarge;
    // A large read is not marked: its bios end the call together.
    const flags = isLarge && call.op === BioOp.read ? call.flags & ~BioFlag.sync : call.flags;
    if (isPlugged) this.#device.plug();
    const left: { count: number } = { count: 0 };
    let { sector } = call;
    while (call.runs.length > 0) {
      const runs = call.runs.splice(0, MAX_RUNS);
      const sectors = runs.reduce((sum, [, bytes]) => sum + bytes, 0) / SECTOR_BYTES;
      const bio = this.#bio(call.op, sector, sectors, flags, runs);
      this.#submit([bio], left);
      sector += sectors;
      if (this.#device.isCongested) yield () => !this.#device.isCongested;
    }
    if (isLarge && call.op === BioOp.read && isPlugged) this.#device.unplug();
    if (isSync) yield* this.#wait(left);
    if (isPlugged && !(isLarge && call.op === BioOp.read)) this.#device.unplug();
  }

  *#range(name: string, offset: number, length: number, flags: number): Process {
    const start = offset / SECTOR_BYTES;
    const end = start + length / SECTOR_BYTES;
    const isDiscard = name.endsWith('discard');
    const mostZeroes = numberOf(this.#case, 'write_zeroes_max_bytes') / SECTOR_BYTES;
    const grain = Math.max(1, numberOf(this.#case, 'discard_granularity') / SECTOR_BYTES);
    this.#device.plug();
    const left = { count: 0 };
    for (let sector = start; sector < end; ) {
      const toGrain = sector % grain === 0 ? 2 ** 23 - grain : grain - (sector % grain);
      const most = isDiscard ? toGrain : mostZeroes > 0 ? mostZeroes : MAX_RUNS * 8;
      const count = Math.min(end - sector, most);
      const op = isDiscard ? BioOp.discard : mostZeroes > 0 ? BioOp.writeZeroes : BioOp.write;
      const sync = sector + count === end ? BioFlag.sync : 0;
      const runs: Run[] = op === BioOp.write ? zeroes(count) : [];
      this.#submit([this.#bio(op, sector, count, flags | sync, runs)], left);
      sector += count;
      if (this.#device.isCongested) yield () => !this.#device.isCongested;
    }
    yield* this.#wait(left);
    this.#device.unplug();
  }

  *#batch(
    ops: readonly RecordedOp[],
    words: readonly string[],
    priority: number,
    context: number,
  ): Process {
    const isUring = words[1] === 'uring';
    const isPlugged = words[2] !== 'each' && ops.length > PLUG_CALLS;
    const left = { count: 0 };
    if (isPlugged) this.#device.plug();
    const workers: Process[] = [];
    for (const each of ops) {
      if (isRefused(each) && each.errno !== 11) continue;
      if (each.op === 'fsync' || each.op === 'fdatasync') {
        const worker = this.#flush(contextFlags(context));
        workers.push(worker);
        if (isUring) this.processes.push(worker);
        continue;
      }
      const call = callOf(each, priorityOf(each, priority) | contextFlags(context));
      if (call.op === BioOp.write) call.flags |= BioFlag.sync;
      if (each.op.includes(' nowait')) call.flags |= BioFlag.noWait;
      yield* isUring ? this.#uringCall(call, left, workers) : this.#aioCall(call, left);
    }
    if (isPlugged) this.#device.unplug();
    for (const worker of workers) {
      if (!this.processes.includes(worker) && !isUring) this.processes.push(worker);
    }
    yield () => left.count === 0 && workers.every((worker) => !this.processes.includes(worker));
  }

  *#aioCall(call: Call, left: { count: number }): Process {
    const isWrite = call.op === BioOp.write;
    const pages = call.runs.reduce((sum, [, bytes]) => sum + Math.ceil(bytes / 4096), 0);
    const isPlugged = isWrite || pages > MAX_RUNS;
    if (isPlugged) this.#device.plug();
    let { sector } = call;
    while (call.runs.length > 0) {
      const runs = call.runs.splice(0, MAX_RUNS);
      const sectors = runs.reduce((sum, [, bytes]) => sum + bytes, 0) / SECTOR_BYTES;
      this.#submit([this.#bio(call.op, sector, sectors, call.flags, runs)], left);
      sector += sectors;
      if (this.#device.isCongested) yield () => !this.#device.isCongested;
    }
    if (isPlugged) this.#device.unplug();
  }

  /** Tried without waiting; what would wait is done by a worker. */
  *#uringCall(call: Call, left: { count: number }, workers: Process[]): Process {
    const retry: Call = { ...call, runs: call.runs.map(([address, bytes]) => [address, bytes]) };
    const isWrite = call.op === BioOp.write;
    const sectors = call.runs.reduce((sum, [, bytes]) => sum + bytes, 0) / SECTOR_BYTES;
    if (isWrite) this.#device.plug();
    const flags = call.flags | BioFlag.noWait;
    const bio = this.#bio(call.op, call.sector, sectors, flags, call.runs);
    left.count += 1;
    bio.end = ({ status }) => {
      left.count -= 1;
      if (status !== BlkStatus.again) return;
      const worker = this.#transfer(retry, true);
      workers.push(worker);
      this.processes.push(worker);
    };
    this.#remap(bio);
    this.#device.submitBio(bio);
    if (isWrite) this.#device.unplug();
    if (this.#device.isCongested) yield () => !this.#device.isCongested;
  }

  /** Cases whose operations a file system or the page cache made: bios as they were recorded, plugged as they were. */
  *#feed(): Process {
    const { events } = this.#case;
    const left = { count: 0 };
    let isPlugged = false;
    for (const [i, [, action, rwbs, sector, sectors]] of events.entries()) {
      if (action === 'Q') {
        const next = events.findIndex(([, name], at) => at > i && name === 'Q');
        const until = events.slice(i, next < 0 ? undefined : next);
        if (!isPlugged && until.some(([, name]) => name === 'P')) {
          isPlugged = true;
          this.#device.plug();
        }
        const { op, flags } = parseRwbs(rwbs);
        const runs: Run[] = op === BioOp.discard ? [] : scattered(sectors);
        this.#submit([this.#bio(op, sector, sectors, flags, runs)], left);
        if (this.#device.isCongested) yield () => !this.#device.isCongested;
      } else if (action === 'UT') {
        this.#device.sleep();
        yield () => true;
      } else if (action === 'U' && isPlugged) {
        isPlugged = false;
        this.#device.unplug();
      } else if (action === 'C') {
        const pending = events.slice(i + 1).filter(([, name]) => name === 'C').length;
        if (isPlugged && pending === 0) this.#device.sleep();
        const before = left.count;
        if (before > 0) yield () => left.count < before || left.count === 0;
      }
    }
    if (isPlugged) this.#device.unplug();
    yield () => left.count === 0;
  }

  *#wait(left: { count: number }): Process {
    if (left.count === 0) return;
    this.#device.sleep();
    yield () => left.count === 0;
  }

  #submit(bios: readonly Bio[], left: { count: number } = { count: 0 }): { count: number } {
    for (const bio of bios) {
      left.count += 1;
      bio.end = () => {
        left.count -= 1;
      };
      this.#remap(bio);
      this.#device.submitBio(bio);
    }
    return left;
  }

  #bio(op: BioOp, sector: number, sectorCount: number, flags: number, runs: readonly Run[]): Bio {
    const data = new SgList();
    for (const [address, bytes] of runs) data.pushAddress(address, bytes);
    this.#ioId += 1;
    const { ok } = BlkStatus;
    const memory = this.#memory;
    const end = (): void => {};
    return { ioId: this.#ioId, op, sector, sectorCount, flags, memory, data, status: ok, end };
  }
}

/** Operations of a shell, or through the page cache: what they submit is not in the case. */
function isFedByEvents({ ops, target }: RecordedCase): boolean {
  return (
    (target?.includes('buffered') ?? false) ||
    ops.some(({ op }) => op.startsWith('sys ') || op === 'dropcache')
  );
}

/** Refused before any bio was made. */
function isRefused({ ret, errno }: RecordedOp): boolean {
  return (ret === -1 && [9, 22, 27, 28, 95].includes(errno ?? 0)) || (ret === 0 && false);
}

function callOf(each: RecordedOp, flags: number): Call {
  const [name, offset] = each.op.split(' ');
  const op = name === 'w' ? BioOp.write : BioOp.read;
  const isDurable = op === BioOp.write && / (d?sync)( |$)/.test(each.op);
  const runs = expand(each);
  return {
    op,
    sector: Number(offset) / SECTOR_BYTES,
    flags: flags | (isDurable ? BioFlag.fua : 0),
    runs,
  };
}

function priorityOf({ op }: RecordedOp, inherited: number): number {
  const match = / prio=(\d)\/(\d)/.exec(op);
  if (match === null) return inherited;
  return priorityFlags(Number(match[1]) as PriorityClass, Number(match[2]));
}

/** The memory of an operation, one entry a run, as far as the operation went. */
function expand({ phys = [], ret = 0 }: RecordedOp): Run[] {
  const all = phys.flatMap(([address, bytes, step = 0, count = 1]) =>
    Array.from({ length: count }, (_, i): Run => [address + i * step, bytes]),
  );
  if (ret < 0) return all;
  let left = ret;
  return all.flatMap(([address, bytes]): Run[] => {
    const take = Math.min(left, bytes);
    left -= take;
    return take > 0 ? [[address, take]] : [];
  });
}

/** The page of zeroes, over and over. */
function zeroes(sectors: number): Run[] {
  return Array.from(
    { length: Math.ceil(sectors / 8) },
    (_, i): Run => [0x10_0000, Math.min(8, sectors - i * 8) * SECTOR_BYTES],
  );
}

/** Pages of a cache: no two are neighbours. */
function scattered(sectors: number): Run[] {
  return Array.from(
    { length: Math.ceil(sectors / 8) },
    (_, i): Run => [0x100_0000 - i * 0x2000, Math.min(8, sectors - i * 8) * SECTOR_BYTES],
  );
}
