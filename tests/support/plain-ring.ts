/** Both ends of a virtqueue as plain objects: for tests of what stands on a virtqueue, apart from any ring format. */
import { SgList } from '../../src/base/index.ts';
import {
  NO_TOKEN,
  PopResult,
  type VirtqueueChain,
  type VirtqueueDevice,
  type VirtqueueDriver,
  VirtqueueResult,
} from '../../src/interfaces/index.ts';

interface Entry {
  readonly id: number;
  readonly out: SgList;
  readonly into: SgList;
  readonly token: number;
  readonly descriptors: number;
}

/** A queue of chains; `driver` and `device` are its two ends. */
export class PlainRing {
  /** Chains that wait for the device. */
  readonly available: Entry[] = [];
  /** Set it to break the device's end at the next pop. */
  breaksAtPop: string | undefined = undefined;
  readonly driver: PlainDriver;
  readonly device: PlainDevice;
  readonly used: { token: number; length: number }[] = [];
  readonly live = new Map<number, Entry>();
  kickWanted = true;
  callWanted = false;
  readonly size: number;
  readonly isIndirect: boolean;

  constructor(size: number, isIndirect: boolean, notify: () => boolean) {
    this.size = size;
    this.isIndirect = isIndirect;
    this.driver = new PlainDriver(this, notify);
    this.device = new PlainDevice(this);
  }
}

class PlainDriver implements VirtqueueDriver {
  usedLength = 0;
  isBroken = false;
  brokenReason: string | undefined = undefined;
  #added = 0;
  readonly vringSize: number;
  numFree: number;
  readonly ring: PlainRing;
  readonly hook: () => boolean;

  constructor(ring: PlainRing, hook: () => boolean) {
    this.ring = ring;
    this.hook = hook;
    this.vringSize = ring.size;
    this.numFree = ring.size;
  }

  addSgs(out: SgList, into: SgList, token: number): VirtqueueResult {
    if (this.isBroken) return VirtqueueResult.broken;
    const total = out.count + into.count;
    const descriptors = this.ring.isIndirect && total > 1 ? 1 : total;
    if (descriptors > this.numFree) return VirtqueueResult.noSpace;
    let id = 0;
    while (this.ring.live.has(id)) id += 1;
    const entry = { id, out: copy(out), into: copy(into), token, descriptors };
    this.ring.live.set(id, entry);
    this.ring.available.push(entry);
    this.numFree -= descriptors;
    this.#added += 1;
    return VirtqueueResult.ok;
  }

  kickPrepare(): boolean {
    const isNew = this.#added > 0;
    this.#added = 0;
    return isNew && this.ring.kickWanted;
  }

  notify(): boolean {
    if (this.isBroken) return false;
    if (this.hook()) return true;
    this.isBroken = true;
    return false;
  }

  kick(): boolean {
    return this.kickPrepare() ? this.notify() : !this.isBroken;
  }

  getBuf(): number {
    if (this.isBroken) return NO_TOKEN;
    const next = this.ring.used.shift();
    if (next === undefined) return NO_TOKEN;
    this.usedLength = next.length;
    return next.token;
  }

  disableCb(): void {
    this.ring.callWanted = false;
  }

  enableCbPrepare(): number {
    this.ring.callWanted = true;
    return 0;
  }

  poll(): boolean {
    return this.ring.used.length > 0;
  }

  enableCb(): boolean {
    this.ring.callWanted = true;
    return this.ring.used.length === 0;
  }

  enableCbDelayed(): boolean {
    return this.enableCb();
  }

  interrupt(): boolean {
    return this.ring.used.length > 0;
  }

  detachUnusedBuf(): number {
    return this.ring.available.shift()?.token ?? NO_TOKEN;
  }

  reinit(): void {
    throw new Error('no second life in these tests');
  }
}

class PlainDevice implements VirtqueueDevice {
  brokenReason: string | undefined = undefined;
  #popped: Entry[] = [];
  #used = 0;

  readonly ring: PlainRing;

  constructor(ring: PlainRing) {
    this.ring = ring;
  }

  pop(chain: VirtqueueChain): PopResult {
    this.brokenReason ??= this.ring.breaksAtPop;
    if (this.brokenReason !== undefined) return PopResult.broken;
    const entry = this.ring.available.shift();
    if (entry === undefined) return PopResult.empty;
    this.#popped.push(entry);
    chain.id = entry.id;
    chain.descriptorCount = entry.descriptors;
    chain.readable.clear();
    chain.writable.clear();
    chain.readable.append(entry.out);
    chain.writable.append(entry.into);
    return PopResult.chain;
  }

  discard(count: number): void {
    if (this.brokenReason !== undefined) return;
    for (let i = 0; i < count; i++) this.ring.available.unshift(this.#popped.pop()!);
  }

  addUsed(id: number, descriptorCount: number, writtenLength: number): void {
    if (this.brokenReason !== undefined) return;
    const entry = this.ring.live.get(id);
    if (entry === undefined || entry.descriptors !== descriptorCount) throw new Error('bad id');
    this.ring.live.delete(id);
    this.#popped = this.#popped.filter((popped) => popped !== entry);
    this.ring.driver.numFree += entry.descriptors;
    this.ring.used.push({ token: entry.token, length: writtenLength });
    this.#used += 1;
  }

  fillUsed(id: number, descriptorCount: number, writtenLength: number): void {
    this.addUsed(id, descriptorCount, writtenLength);
  }

  flushUsed(): void {}

  signalNeeded(): boolean {
    const isNew = this.#used > 0;
    this.#used = 0;
    return this.brokenReason === undefined && isNew && this.ring.callWanted;
  }

  enableNotify(): boolean {
    this.ring.kickWanted = true;
    return this.ring.available.length > 0;
  }

  disableNotify(): void {
    this.ring.kickWanted = false;
  }

  reinit(): void {
    throw new Error('no second life in these tests');
  }
}

function copy(list: SgList): SgList {
  const copied = new SgList(Math.max(1, list.count));
  copied.append(list);
  return copied;
}
