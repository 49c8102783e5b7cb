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
import type { SimExecutor } from '../../sim/sim-executor.ts';
import {
  type Call,
  callOf,
  isRefused,
  priorityOf,
  type Run,
  scattered,
  zeroes,
} from './recorded-call.ts';
import { numberOf, parseRwbs, type RecordedCase, type RecordedOp } from './recorded-case.ts';
import type { ReplayPace } from './replay-pace.ts';

/** A block layer that can be replayed: a block device that lets its submitters sleep. */
export interface ReplayedBlockLayer extends BlockDevice {
  /** The submitter goes to sleep: its plug is sent (UT). */
  sleep(): void;
  /** A bio waits for a request, so that its submitter sleeps. */
  readonly isCongested: boolean;
}

/** What a process waits for. */
interface Wait {
  ready: () => boolean;
  /** Only the recording makes it wait: it goes on when nothing else can. */
  isPaced: boolean;
}

/** A process: yields what it waits for. */
export type Process = Generator<Wait, void>;

/** Most memory runs of one bio. */
const MAX_RUNS = 256;
/** I/O context of the workers of io_uring, none of the submitters'. */
const WORKER_CONTEXT = 0xffff;
/** One `io_submit` of more calls than this is plugged. */
const PLUG_CALLS = 2;

/** Turns the operations of a case into processes. */
export class Submitters {
  readonly #processes: Process[] = [];
  readonly #case: RecordedCase;
  readonly #device: ReplayedBlockLayer;
  readonly #memory: GuestMemory;
  readonly #remap: (bio: Bio) => void;
  readonly #pace: ReplayPace;
  readonly #roles = new Map<Process, string>();
  #role = '';
  #ioId = 0;

  /** @param remap moves a bio to the device, when the case was on a part of it */
  constructor(
    each: RecordedCase,
    device: ReplayedBlockLayer,
    memory: GuestMemory,
    pace: ReplayPace,
    remap: (bio: Bio) => void,
  ) {
    this.#case = each;
    this.#device = device;
    this.#memory = memory;
    this.#pace = pace;
    this.#remap = remap;
    this.#start(isFedByEvents(each) ? this.#feed() : this.#process(each.ops, 0), 'S');
  }

  /** One processor: work that is due goes before processes, and these go on in turn. */
  run(executor: SimExecutor): void {
    const waits = new Map<Process, Wait>();
    const processes = this.#processes;
    for (;;) {
      executor.runUntil(executor.now);
      let next = processes.find((process) => waits.get(process)?.ready() ?? true);
      if (next === undefined) {
        if (!executor.isIdle && executor.step()) continue;
        next = processes.find((process) => waits.get(process)?.isPaced);
        if (next === undefined) return;
      }
      this.#role = this.#roles.get(next)!;
      const { done, value } = next.next();
      if (done === true) processes.splice(processes.indexOf(next), 1);
      else waits.set(next, value);
    }
  }

  #start(process: Process, role: string): Process {
    this.#processes.push(process);
    this.#roles.set(process, role);
    return process;
  }

  /** Submits a bio, when the recording lets this process do it, and sleeps while there is no request for it. */
  *#submit(bio: Bio, left: { count: number }): Process {
    const role = this.#role;
    const isLive = (wanted: string): boolean =>
      this.#processes.some((process) => this.#roles.get(process) === wanted);
    yield { ready: () => this.#pace.mayGo(role, isLive), isPaced: true };
    left.count += 1;
    const { end } = bio;
    bio.end = (ended) => {
      left.count -= 1;
      end(ended);
    };
    this.#remap(bio);
    this.#device.submitBio(bio);
    const maySleep = (bio.flags & BioFlag.noWait) === 0;
    if (maySleep && this.#device.isCongested) yield* until(() => !this.#device.isCongested);
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
          children.push(this.#start(child, `S${context + forks}`));
        }
      } else if (words[0] === 'join') {
        yield* until(() => children.every((child) => !this.#processes.includes(child)));
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
    const left = { count: 0 };
    yield* this.#submit(bio, left);
    yield* this.#wait(left);
  }

  /** A read or write call; a synchronous write sleeps on its plug until it is through. */
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
      yield* this.#submit(bio, left);
      sector += sectors;
    }
    const keepsPlug = isPlugged && isSync && call.op === BioOp.write;
    if (isPlugged && !keepsPlug) this.#device.unplug();
    if (isSync) yield* this.#wait(left);
    else yield* until(() => left.count === 0);
    if (keepsPlug) this.#device.unplug();
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
      yield* this.#submit(this.#bio(op, sector, count, flags | sync, runs), left);
      sector += count;
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
        if (isUring) this.#start(worker, 'U');
        continue;
      }
      const call = callOf(each, priorityOf(each, priority) | contextFlags(context));
      if (call.op === BioOp.write) call.flags |= BioFlag.sync;
      if (each.op.includes(' nowait')) call.flags |= BioFlag.noWait;
      yield* isUring ? this.#uringCall(call, left, workers) : this.#aioCall(call, left);
    }
    if (isPlugged) this.#device.unplug();
    for (const worker of workers) {
      if (!isUring) this.#start(worker, 'K');
    }
    yield* until(
      () => left.count === 0 && workers.every((worker) => !this.#processes.includes(worker)),
    );
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
      yield* this.#submit(this.#bio(call.op, sector, sectors, call.flags, runs), left);
      sector += sectors;
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
    bio.end = ({ status }) => {
      if (status !== BlkStatus.again) return;
      retry.flags |= contextFlags(WORKER_CONTEXT);
      workers.push(this.#start(this.#transfer(retry, false), 'U'));
    };
    yield* this.#submit(bio, left);
    if (isWrite) this.#device.unplug();
  }

  /** Cases whose operations a file system or the page cache made: bios as they were recorded, plugged as they were. */
  *#feed(): Process {
    const { events } = this.#case;
    const left = { count: 0 };
    let isPlugged = false;
    /** Where the bios lie that came in since the plug was set. */
    let held: [start: number, end: number][] = [];
    const unplug = (): void => {
      if (isPlugged) this.#device.unplug();
      isPlugged = false;
      held = [];
    };
    for (const [i, [, action, rwbs, sector, sectors]] of events.entries()) {
      if (action === 'Q') {
        const next = events.findIndex(([, name], at) => at > i && name === 'Q');
        const following = events.slice(i, next < 0 ? undefined : next);
        if (!isPlugged && following.some(([, name]) => name === 'P')) {
          isPlugged = true;
          this.#device.plug();
        }
        const { op, flags } = parseRwbs(rwbs);
        const runs: Run[] = op === BioOp.discard ? [] : scattered(sectors);
        held.push([sector, sector + sectors]);
        yield* this.#submit(this.#bio(op, sector, sectors, flags, runs), left);
      } else if (action === 'UT') {
        this.#device.sleep();
        held = [];
        yield* until(() => true);
      } else if (action === 'U' || (action === 'D' && isHeld(held, sector))) {
        // Without a scheduler a plug that is taken away shows only by what it sends.
        unplug();
      } else if (action === 'C' && left.count > 0) {
        const before = left.count;
        yield { ready: () => left.count < before, isPaced: true };
      }
    }
    unplug();
    yield* until(() => left.count === 0);
  }

  *#wait(left: { count: number }): Process {
    if (left.count === 0) return;
    this.#device.sleep();
    yield* until(() => left.count === 0);
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

function isHeld(ranges: readonly (readonly [number, number])[], sector: number): boolean {
  return ranges.some(([start, end]) => start <= sector && sector < end);
}

/** Operations of a shell, or through the page cache: what they submit is not in the case. */
function isFedByEvents({ ops, target }: RecordedCase): boolean {
  return (
    (target?.includes('buffered') ?? false) ||
    ops.some(({ op }) => op.startsWith('sys ') || op === 'dropcache')
  );
}

function* until(ready: () => boolean): Process {
  yield { ready, isPaced: false };
}
