/** Replays a recorded trace on a virtqueue implementation and compares every result and every ring byte. */
import { SgList } from '../../base/sg-list.ts';
import {
  NO_TOKEN,
  PopResult,
  type VirtqueueAreas,
  type VirtqueueChain,
  type VirtqueueDevice,
  type VirtqueueDriver,
} from '../../interfaces/virtqueue.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { IndirectArea } from '../../virtqueue/indirect-tables.ts';
import { mapAreas, ringLayout } from '../../virtqueue/ring-layout.ts';
import { libraryVirtqueue, type VirtqueueImplementation } from './implementation.ts';
import {
  addressText,
  bytesOfHex,
  crc32,
  halvesOf,
  type TraceBytes,
  type TraceOp,
  type TraceSegment,
  type VirtqueueTrace,
} from './trace.ts';

/** What a replay found. */
export interface ReplayReport {
  /** Name of the trace. */
  readonly name: string;
  /** Operations that were replayed. */
  readonly ops: number;
  /** Those among them that were the device's. */
  readonly deviceOps: number;
  /** The first difference, or `undefined` when there is none. */
  readonly difference: string | undefined;
}

/**
 * Replays a trace; stops at the first difference.
 *
 * @throws Error when the file is of another format or has an unknown operation
 */
export function replayTrace(
  trace: VirtqueueTrace,
  implementation: VirtqueueImplementation = libraryVirtqueue,
): ReplayReport {
  if (trace.format !== 'vring-golden-1') throw new Error(`unknown format '${trace.format}'`);
  return new TraceReplay(trace, implementation).run();
}

class TraceReplay {
  readonly #trace: VirtqueueTrace;
  readonly #implementation: VirtqueueImplementation;
  readonly #memory: RegionMemory;
  readonly #ring: Uint8Array;
  readonly #expected: Uint8Array;
  readonly #areas: VirtqueueAreas;
  readonly #chain: VirtqueueChain;
  readonly #sent = new Map<number, TraceOp>();
  readonly #descriptorCounts = new Map<number, number>();
  readonly #tableBase: number;
  #driver!: VirtqueueDriver;
  #device!: VirtqueueDevice;
  #numFree: number;
  #lastToken = 0;
  #allocFails = false;
  #notifyResult = true;
  #notified = 0;
  #called = 0;
  #deviceOps = 0;

  constructor(trace: VirtqueueTrace, implementation: VirtqueueImplementation) {
    this.#trace = trace;
    this.#implementation = implementation;
    const base = Number(trace.ringBase);
    this.#tableBase = Number(trace.indirect.base);
    this.#memory = new RegionMemory([
      { base, size: 4 * Math.ceil(trace.ringBytes / 4) },
      { base: this.#tableBase, size: trace.num * trace.indirect.stride },
    ]);
    this.#ring = this.#memory.view(base, trace.ringBytes)!;
    this.#expected = new Uint8Array(trace.ringBytes);
    const layout = ringLayout(trace.ring, trace.num, trace.layout.align);
    const { desc, avail, used, driver, device } = trace.layout;
    this.#areas = mapAreas(this.#memory, layout, {
      descriptors: base + desc,
      driver: base + (avail ?? driver)!,
      device: base + (used ?? device)!,
    })!;
    this.#chain = {
      id: 0,
      descriptorCount: 0,
      readable: new SgList(),
      writable: new SgList(),
    };
    this.#numFree = trace.init.nf;
    this.#create();
  }

  run(): ReplayReport {
    const { name, ops, init, final } = this.#trace;
    let difference = this.#compare('init', init.d);
    let done = 0;
    while (difference === undefined && done < ops.length) {
      difference = this.#step(ops[done]!);
      done += 1;
    }
    if (difference !== undefined) {
      const at = done === 0 ? 'init' : `op ${done - 1} ${JSON.stringify(ops[done - 1])}`;
      difference = `${name}: ${at}: ${difference}`;
    } else {
      const found = [this.#driver.numFree, crc32(this.#ring), ops.length, this.#lastToken];
      const wanted = [final.nf, final.crc32, final.nops, final.tokens];
      if (!same(found, wanted)) difference = `${name}: at the end: ${found} for ${wanted}`;
    }
    return { name, ops: done, deviceOps: this.#deviceOps, difference };
  }

  #create(): void {
    const { ring, num, features, callback, device, indirect, maxSg } = this.#trace;
    const { eventIdx } = features;
    const area = new IndirectArea(this.#tableBase, num, Math.max(2, indirect.stride / 16, maxSg));
    const tables = {
      take: (id: number, count: number) => (this.#allocFails ? -1 : area.take(id, count)),
      give: (id: number) => area.give(id),
    };
    const setup = {
      format: ring,
      size: num,
      areas: this.#areas,
      memory: this.#memory,
      eventIdx,
      inOrder: false,
    };
    this.#driver = this.#implementation.createDriver({
      ...setup,
      tables: features.indirect ? tables : undefined,
      notify: () => {
        this.#notified += 1;
        return this.#notifyResult;
      },
      callback: callback
        ? () => {
            this.#called += 1;
          }
        : undefined,
    });
    this.#device = this.#implementation.createDevice({
      ...setup,
      indirect: features.indirect,
      leniency: device === 'vringh' ? 'vringh' : 'strict',
      acceptUnmapped: true,
    });
    this.#sent.clear();
    this.#descriptorCounts.clear();
  }

  #step(op: TraceOp): string | undefined {
    this.#notified = 0;
    this.#called = 0;
    this.#notifyResult = op.nret ?? true;
    const isDeviceOp = op.o.startsWith('dev') || op.o.startsWith('vh');
    const result = isDeviceOp ? this.#deviceOp(op) : this.#driverOp(op);
    if (isDeviceOp) this.#deviceOps += 1;
    if (!same(result, op.r)) return `result ${JSON.stringify(result)}`;
    return this.#compare('after', op.d, op);
  }

  #compare(
    when: string,
    bytes: readonly TraceBytes[] | undefined,
    op?: TraceOp,
  ): string | undefined {
    for (const [at, hex] of bytes ?? []) this.#expected.set(bytesOfHex(hex), at);
    this.#numFree = op?.nf ?? this.#numFree;
    const { numFree } = this.#driver;
    if (numFree !== this.#numFree) return `numFree ${numFree} for ${this.#numFree}`;
    if (this.#notified !== (op?.ntf ?? 0)) return `${this.#notified} notifications`;
    if (this.#called !== (op?.cb ?? 0)) return `${this.#called} callbacks`;
    for (let at = 0; at < this.#ring.length; at++) {
      if (this.#ring[at] === this.#expected[at]) continue;
      return `ring byte ${at} ${when} is ${this.#ring[at]} for ${this.#expected[at]}`;
    }
    return undefined;
  }

  #driverOp(op: TraceOp): unknown {
    const driver = this.#driver;
    switch (op.o) {
      case 'add':
        return this.#add(op);
      case 'kickPrepare':
      case 'kick':
      case 'enableCbPrepare':
      case 'enableCb':
      case 'enableCbDelayed':
        return driver[op.o]();
      case 'getBuf': {
        const token = driver.getBuf();
        return token === NO_TOKEN ? null : [token, driver.usedLength];
      }
      case 'disableCb':
        return driver.disableCb();
      case 'poll':
        return driver.poll(op.q!);
      case 'interrupt':
        return driver.interrupt() ? 1 : 0;
      case 'detachUnused': {
        const token = driver.detachUnusedBuf();
        this.#sent.delete(token);
        return token === NO_TOKEN ? null : token;
      }
      case 'vringSize':
        return driver.vringSize;
      case 'isBroken':
        return driver.isBroken;
      case 'reset':
        return this.#reset(op.kind!);
      case 'loop':
        return this.#loop(op);
      default:
        throw new Error(`unknown operation '${op.o}'`);
    }
  }

  #deviceOp(op: TraceOp): unknown {
    const device = this.#device;
    switch (op.o) {
      case 'devPop':
        return this.#pop(op.k!);
      case 'devUsed':
        for (const [id, length] of op.u as [number, number][]) this.#use(id, length);
        return undefined;
      case 'devBadUsed': {
        const [id, length] = op.u as [number, number];
        return device.addUsed(id, 1, length);
      }
      case 'devAvailEvent':
        return this.#areas.device.set16(4 + 8 * this.#trace.num, op.v as number);
      case 'devUsedFlags':
        return this.#areas.device.set16(0, op.v as number);
      case 'devEvent': {
        const [offWrap, flags] = op.v as [number, number];
        this.#areas.device.set16(0, offWrap);
        return this.#areas.device.set16(2, flags);
      }
      case 'devIrq':
        return device.signalNeeded();
      case 'vhGetdesc':
        return this.#getDesc(op);
      case 'vhAbandon':
        return device.discard(op.k!);
      case 'vhComplete': {
        const [head, length] = op.u as [number, number];
        device.addUsed(head, 1, length);
        return 0;
      }
      case 'vhNeedNotify':
        return device.signalNeeded() ? 1 : 0;
      case 'vhNotifyEnable':
        return sameKind(op.r, !device.enableNotify());
      case 'vhNotifyDisable':
        return device.disableNotify();
      default:
        throw new Error(`unknown operation '${op.o}'`);
    }
  }

  #add(op: TraceOp): unknown {
    const token = op.t!;
    this.#allocFails = op.af === 1;
    const result = this.#driver.addSgs(listOf(op.out), listOf(op.in), token);
    this.#allocFails = false;
    this.#lastToken = Math.max(this.#lastToken, token);
    if (result === 0) this.#sent.set(token, op);
    if (op.ind === undefined) return result;
    const wanted = bytesOfHex(op.ind[1]);
    const found = new Uint8Array(wanted.length);
    this.#memory.load(Number(op.ind[0]), found, 0, found.length);
    return found.every((byte, at) => byte === wanted[at]) ? result : `${result}, another table`;
  }

  #pop(most: number): unknown[] {
    const chains: unknown[] = [];
    while (chains.length < most) {
      const result = this.#device.pop(this.#chain);
      if (result === PopResult.empty) break;
      if (result === PopResult.broken) return [this.#device.brokenReason];
      const { id, descriptorCount } = this.#chain;
      this.#descriptorCounts.set(id, descriptorCount);
      chains.push([id, this.#tokenOf(), descriptorCount, this.#isIndirect() ? 1 : 0]);
    }
    return chains;
  }

  /** The token of the chain that was popped: the oldest that was sent with the same segments. */
  #tokenOf(): number {
    for (const [token, op] of this.#sent) {
      const { readable, writable } = this.#chain;
      if (!same(segmentsOf(readable), op.out ?? []) || !same(segmentsOf(writable), op.in ?? [])) {
        continue;
      }
      this.#sent.delete(token);
      return token;
    }
    return -1;
  }

  #isIndirect(): boolean {
    const { readable, writable, descriptorCount } = this.#chain;
    return readable.count + writable.count > descriptorCount;
  }

  #use(id: number, length: number): void {
    this.#device.addUsed(id, this.#descriptorCounts.get(id) ?? 1, length);
  }

  #getDesc(op: TraceOp): unknown {
    const result = this.#device.pop(this.#chain);
    if (result !== PopResult.chain) return result;
    const { id, readable, writable } = this.#chain;
    const found = [id, segmentsOf(readable), segmentsOf(writable)];
    return same(found, [op.head, op.riov, op.wiov]) ? 1 : found;
  }

  #reset(kind: string): void {
    if (kind === 'new') {
      this.#ring.fill(0);
      this.#create();
      return;
    }
    this.#driver.reinit();
    this.#device.reinit();
    this.#sent.clear();
  }

  #loop(op: TraceOp): unknown {
    const out = listOf(op.out);
    const into = listOf(op.in);
    const token = op.t!;
    let kicks = 0;
    this.#lastToken = Math.max(this.#lastToken, token);
    for (let i = 0; i < op.n!; i++) {
      const added = this.#driver.addSgs(out, into, token);
      if (op.kick === true && this.#driver.kickPrepare()) kicks += 1;
      const popped = this.#device.pop(this.#chain);
      if (added !== 0 || popped !== PopResult.chain) return `${added}, ${popped} in round ${i}`;
      this.#device.addUsed(this.#chain.id, this.#chain.descriptorCount, op.len!);
      if (this.#driver.getBuf() !== token || this.#driver.usedLength !== op.len) {
        return `another buffer in round ${i}`;
      }
    }
    return kicks;
  }
}

function listOf(segments: readonly TraceSegment[] | undefined): SgList {
  const list = new SgList();
  for (const [address, length] of segments ?? []) {
    const { lo, hi } = halvesOf(address);
    list.push(lo, hi, length);
  }
  return list;
}

function segmentsOf(list: SgList): TraceSegment[] {
  const segments: TraceSegment[] = [];
  for (let i = 0; i < list.count; i++) {
    segments.push([addressText(list.lo[i]!, list.hi[i]!), list.lengths[i]!]);
  }
  return segments;
}

/** A yes or no as the recording writes it. */
function sameKind(recorded: unknown, value: boolean): boolean | number {
  return typeof recorded === 'number' ? Number(value) : value;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
