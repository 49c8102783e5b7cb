/**
 * The driver side of a packed virtqueue, as Linux 6.1 behaves. VIRTIO 1.3, 2.8.
 *
 * Does not model: DMA mapping of the caller's buffers, premapped chains.
 */
import { assert } from '../base/assert.ts';
import { needEvent } from '../base/seq16.ts';
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import {
  NO_TOKEN,
  type VirtqueueAreas,
  type VirtqueueDriver,
  VirtqueueResult,
} from '../interfaces/virtqueue.ts';
import { DriverFault, type NotifyHook, type VirtqueueDriverOptions } from './driver-options.ts';
import type { IndirectTables } from './indirect-tables.ts';
import {
  checkQueueSize,
  clearArea,
  DESC_AVAIL,
  DESC_BYTES,
  DESC_INDIRECT,
  DESC_NEXT,
  DESC_USED,
  DESC_WORDS,
  DESC_WRITE,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
} from './ring-layout.ts';

/** {@link VirtqueueDriver} on a packed ring. */
export class PackedVirtqueue implements VirtqueueDriver {
  readonly #memory: GuestMemory;
  readonly #notifyHook: NotifyHook;
  readonly #callback: (() => void) | undefined;
  readonly #tables: IndirectTables | undefined;
  readonly #eventIdx: boolean;
  readonly #inOrder: boolean;
  readonly #notificationData: boolean;
  readonly #queueIndex: number;
  #scratch: Int32Array;

  #desc: RingMemory;
  #driverEvent: RingMemory;
  #deviceEvent: RingMemory;
  #size = 0;

  /** The free list of buffer ids; a direct chain takes as many as it has descriptors. */
  #next: Uint16Array;
  /** By id: token or NO_TOKEN, last id taken, descriptors taken, bytes that the device may write. */
  #tokens: Int32Array;
  #tails: Uint16Array;
  #counts: Uint16Array;
  #capacities: Float64Array;
  #tabled: Uint8Array;

  #numFree = 0;
  #freeHead = 0;
  #nextAvail = 0;
  #availWrap = 1;
  /** AVAIL while the wrap counter is 1, USED while it is 0. */
  #availUsedFlags = DESC_AVAIL;
  #eventFlags: number = EVENT_ENABLE;
  #numAdded = 0;
  #lastUsed = 0;
  #usedWrap = 1;
  #eventTriggered = false;
  #usedLength = 0;
  #brokenReason: DriverFault | undefined = undefined;
  /** With inOrder: the oldest chain in flight, and the last chain and its length of the batch that is being taken. */
  #oldest = 0;
  #batchEnd = NO_TOKEN;
  #batchLength = 0;

  /**
   * Starts on areas that are all zero.
   *
   * @param memory where indirect tables are written
   * @param size queue size, 1 .. 32768
   * @throws ConfigError when the size is none of a packed ring
   */
  constructor(
    areas: VirtqueueAreas,
    memory: GuestMemory,
    size: number,
    notify: NotifyHook,
    options: VirtqueueDriverOptions = {},
  ) {
    this.#memory = memory;
    this.#notifyHook = notify;
    this.#callback = options.callback;
    this.#tables = options.indirect;
    this.#eventIdx = options.eventIdx ?? false;
    this.#inOrder = options.inOrder ?? false;
    this.#notificationData = options.notificationData ?? false;
    this.#queueIndex = options.queueIndex ?? 0;
    this.#scratch = new Int32Array(16 * DESC_WORDS);
    this.#desc = areas.descriptors;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#next = this.#tails = this.#counts = new Uint16Array(0);
    this.#tokens = new Int32Array(0);
    this.#capacities = new Float64Array(0);
    this.#tabled = new Uint8Array(0);
    this.#create(areas, size);
  }

  get vringSize(): number {
    return this.#size;
  }

  get numFree(): number {
    return this.#numFree;
  }

  get isBroken(): boolean {
    return this.#brokenReason !== undefined;
  }

  get brokenReason(): string | undefined {
    return this.#brokenReason;
  }

  get usedLength(): number {
    return this.#usedLength;
  }

  /** What a notification says now: see {@link NotifyHook}. */
  get notificationData(): number {
    if (!this.#notificationData) return this.#queueIndex;
    const next = this.#nextAvail | (this.#availWrap << 15);
    return ((next << 16) | this.#queueIndex) >>> 0;
  }

  addSgs(out: SgList, into: SgList, token: number): VirtqueueResult {
    if (this.#brokenReason !== undefined) return VirtqueueResult.broken;
    const total = out.count + into.count;
    assert(total > 0, 'a buffer has at least one segment');
    assert(token >= 0 && token === (token | 0), 'a token is an integer 0 .. 2^31 - 1');
    const id = this.#freeHead;
    if (total === 1 || !this.#addIndirect(id, out, into, total)) {
      if (this.#numFree < total) return VirtqueueResult.noSpace;
      this.#addDirect(id, out, into, total);
    }
    this.#tokens[id] = token;
    this.#capacities[id] = into.byteLength;
    return VirtqueueResult.ok;
  }

  kickPrepare(): boolean {
    const next = this.#nextAvail;
    const old = (next - this.#numAdded) & 0xffff;
    this.#numAdded = 0;
    const event = this.#deviceEvent.get32(0);
    const flags = event >>> 16;
    if (flags !== EVENT_DESC) return flags !== EVENT_DISABLE;
    let at = event & 0x7fff;
    if (((event >>> 15) & 1) !== this.#availWrap) at = (at - this.#size) & 0xffff;
    return needEvent(at, next, old);
  }

  notify(): boolean {
    if (this.#brokenReason !== undefined) return false;
    if (this.#notifyHook(this.notificationData)) return true;
    this.#brokenReason = DriverFault.notifyFailed;
    return false;
  }

  kick(): boolean {
    return this.kickPrepare() ? this.notify() : true;
  }

  getBuf(): number {
    if (this.#brokenReason !== undefined) return NO_TOKEN;
    let id: number;
    if (this.#batchEnd < 0) {
      const at = this.#lastUsed * DESC_BYTES;
      const last = this.#desc.get32(at + 12);
      if (!isUsed(last >>> 16, this.#usedWrap)) return NO_TOKEN;
      // The flags came first: what they publish is read after them.
      id = last & 0xffff;
      this.#usedLength = this.#desc.get32(at + 8);
      if (id >= this.#size) return this.#break(DriverFault.usedIdRange);
      if (this.#tokens[id]! < 0) return this.#break(DriverFault.usedIdNotHead);
      if (this.#inOrder) id = this.#openBatch(id);
    } else {
      id = this.#stepBatch();
    }
    const token = this.#tokens[id]!;
    this.#lastUsed += this.#counts[id]!;
    if (this.#lastUsed >= this.#size) {
      this.#lastUsed -= this.#size;
      this.#usedWrap ^= 1;
    }
    this.#free(id);
    if (this.#eventFlags === EVENT_DESC) this.#driverEvent.set16(0, this.#usedMark());
    return token;
  }

  disableCb(): void {
    if (this.#eventFlags === EVENT_DISABLE) return;
    this.#eventFlags = EVENT_DISABLE;
    // The interrupt that just came has consumed the event: nothing is left to call off.
    if (!this.#eventTriggered) this.#driverEvent.set16(2, EVENT_DISABLE);
  }

  enableCbPrepare(): number {
    const mark = this.#usedMark();
    this.#enableAt(mark);
    return mark;
  }

  poll(mark: number): boolean {
    if (this.#brokenReason !== undefined) return false;
    return this.#isUsedAt(mark & 0x7fff, (mark >>> 15) & 1);
  }

  enableCb(): boolean {
    return !this.poll(this.enableCbPrepare());
  }

  enableCbDelayed(): boolean {
    // In descriptors and not in chains, unlike the split ring.
    let at = this.#lastUsed + (((this.#size - this.#numFree) * 3) >> 2);
    let wrap = this.#usedWrap;
    if (at >= this.#size) {
      at -= this.#size;
      wrap ^= 1;
    }
    this.#enableAt(at | (wrap << 15));
    return !this.#isUsedAt(this.#lastUsed, this.#usedWrap);
  }

  interrupt(): boolean {
    if (!this.#isUsedAt(this.#lastUsed, this.#usedWrap)) return false;
    if (this.#brokenReason !== undefined) return true;
    if (this.#eventIdx) this.#eventTriggered = true;
    this.#callback?.();
    return true;
  }

  /** Takes back a buffer; the ring keeps its descriptors, so that only {@link PackedVirtqueue.reinit} or a resize may follow. */
  detachUnusedBuf(): number {
    for (let id = 0; id < this.#size; id++) {
      const token = this.#tokens[id]!;
      if (token < 0) continue;
      this.#free(id);
      return token;
    }
    return NO_TOKEN;
  }

  reinit(): void {
    for (let id = 0; id < this.#size; id++) if (this.#tokens[id]! >= 0) this.#free(id);
    clearArea(this.#desc, this.#size * DESC_BYTES);
    clearArea(this.#driverEvent, 4);
    clearArea(this.#deviceEvent, 4);
    this.#start();
  }

  /**
   * Moves to fresh areas of another size, after the device has reset the queue (`virtqueue_resize`). Every token must have been taken back.
   *
   * @throws ConfigError when the size is none of a packed ring, and then nothing changed
   */
  resize(areas: VirtqueueAreas, size: number): void {
    assert(this.#numFree === this.#size, 'resize finds no token in flight');
    this.#create(areas, size);
  }

  #create(areas: VirtqueueAreas, size: number): void {
    checkQueueSize('packed', size);
    this.#desc = areas.descriptors;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#size = size;
    this.#next = new Uint16Array(size);
    for (let i = 0; i < size - 1; i++) this.#next[i] = i + 1;
    this.#tokens = new Int32Array(size).fill(NO_TOKEN);
    this.#tails = new Uint16Array(size);
    this.#counts = new Uint16Array(size);
    this.#capacities = new Float64Array(size);
    this.#tabled = new Uint8Array(size);
    this.#freeHead = 0;
    this.#start();
  }

  /** Everything but the free list, whose order outlives a reinit (with inOrder the ids start at 0 again). */
  #start(): void {
    if (this.#inOrder) this.#freeHead = 0;
    this.#numFree = this.#size;
    this.#nextAvail = 0;
    this.#availWrap = 1;
    this.#availUsedFlags = DESC_AVAIL;
    this.#eventFlags = EVENT_ENABLE;
    this.#numAdded = 0;
    this.#lastUsed = 0;
    this.#usedWrap = 1;
    this.#eventTriggered = false;
    this.#brokenReason = undefined;
    this.#oldest = 0;
    this.#batchEnd = NO_TOKEN;
    if (this.#callback !== undefined) return;
    this.#eventFlags = EVENT_DISABLE;
    this.#driverEvent.set16(2, EVENT_DISABLE);
  }

  #addDirect(id: number, out: SgList, into: SgList, total: number): void {
    const desc = this.#desc;
    const head = this.#nextAvail;
    let headFlags = 0;
    let slot = head;
    let current = id;
    let tail = id;
    for (let k = 0; k < total; k++) {
      const isOut = k < out.count;
      const list = isOut ? out : into;
      const i = isOut ? k : k - out.count;
      const more = k < total - 1 ? DESC_NEXT : 0;
      const flags = this.#availUsedFlags | more | (isOut ? 0 : DESC_WRITE);
      const at = slot * DESC_BYTES;
      desc.set32(at, list.lo[i]!);
      desc.set32(at + 4, list.hi[i]!);
      desc.set32(at + 8, list.lengths[i]!);
      if (k === 0) {
        desc.set16(at + 12, id);
        headFlags = flags;
      } else {
        desc.set32(at + 12, ((flags << 16) | id) >>> 0);
      }
      tail = current;
      current = this.#next[current]!;
      slot = this.#step(slot);
    }
    if (slot <= head) this.#availWrap ^= 1;
    // The whole chain must be visible before the flags that make its first descriptor available.
    desc.set16(head * DESC_BYTES + 14, headFlags);
    this.#take(id, tail, total, current, slot);
  }

  /** False when the chain has to be direct: no tables, no free descriptor, or no room for a table. */
  #addIndirect(id: number, out: SgList, into: SgList, total: number): boolean {
    if (this.#tables === undefined || this.#numFree === 0) return false;
    const gpa = this.#tables.take(id, total);
    if (gpa < 0) return false;
    const words = this.#scratchOf(total);
    for (let k = 0; k < total; k++) {
      const isOut = k < out.count;
      const list = isOut ? out : into;
      const i = isOut ? k : k - out.count;
      words[4 * k] = list.lo[i]!;
      words[4 * k + 1] = list.hi[i]!;
      words[4 * k + 2] = list.lengths[i]!;
      words[4 * k + 3] = isOut ? 0 : DESC_WRITE << 16;
    }
    if (!this.#memory.storeWords(gpa, words, 0, total * DESC_WORDS)) return false;
    const slot = this.#nextAvail;
    const at = slot * DESC_BYTES;
    const flags = DESC_INDIRECT | this.#availUsedFlags;
    this.#desc.set32(at, gpa >>> 0);
    this.#desc.set32(at + 4, gpa <= 0xffff_ffff ? 0 : Math.floor(gpa / 0x1_0000_0000));
    this.#desc.set32(at + 8, total * DESC_BYTES);
    this.#desc.set16(at + 12, id);
    // All else must be visible before the flags that make the descriptor available.
    this.#desc.set16(at + 14, flags);
    const next = this.#step(slot);
    if (next <= slot) this.#availWrap ^= 1;
    this.#tabled[id] = 1;
    this.#take(id, id, 1, this.#next[id]!, next);
    return true;
  }

  /** The slot behind `slot`; past the end the flags turn over. */
  #step(slot: number): number {
    if (slot + 1 < this.#size) return slot + 1;
    this.#availUsedFlags ^= DESC_AVAIL | DESC_USED;
    return 0;
  }

  #scratchOf(total: number): Int32Array {
    if (this.#scratch.length < total * DESC_WORDS) {
      this.#scratch = new Int32Array(2 * total * DESC_WORDS);
    }
    return this.#scratch;
  }

  #take(id: number, tail: number, count: number, freeHead: number, nextAvail: number): void {
    this.#tails[id] = tail;
    this.#counts[id] = count;
    this.#numFree -= count;
    this.#numAdded += count;
    this.#freeHead = freeHead;
    this.#nextAvail = nextAvail;
  }

  /** The ids go back to the front of the free list, in their own order; with inOrder the ids stay a ring. */
  #free(id: number): void {
    this.#tokens[id] = NO_TOKEN;
    this.#numFree += this.#counts[id]!;
    if (!this.#inOrder) {
      this.#next[this.#tails[id]!] = this.#freeHead;
      this.#freeHead = id;
    }
    if (this.#tabled[id] === 1) {
      this.#tabled[id] = 0;
      this.#tables!.give(id);
    }
  }

  #usedMark(): number {
    return this.#lastUsed | (this.#usedWrap << 15);
  }

  #isUsedAt(slot: number, wrap: number): boolean {
    // A mark is the caller's; one of another ring finds nothing.
    return slot < this.#size && isUsed(this.#desc.get16(slot * DESC_BYTES + 14), wrap);
  }

  #enableAt(mark: number): void {
    this.#eventTriggered = false;
    if (this.#eventIdx) this.#driverEvent.set16(0, mark);
    if (this.#eventFlags !== EVENT_DISABLE) return;
    this.#eventFlags = this.#eventIdx ? EVENT_DESC : EVENT_ENABLE;
    // The position must be visible before the flags that point at it.
    this.#driverEvent.set16(2, this.#eventFlags);
  }

  /** The device used everything up to `end`, by one descriptor; returns the first of it. */
  #openBatch(end: number): number {
    this.#batchEnd = end;
    this.#batchLength = this.#usedLength;
    return this.#stepBatch();
  }

  /** The oldest chain in flight; what is skipped in a batch was used completely. VIRTIO 1.3, 2.8.9. */
  #stepBatch(): number {
    const id = this.#oldest;
    this.#oldest = this.#next[this.#tails[id]!]!;
    if (id === this.#batchEnd) {
      this.#batchEnd = NO_TOKEN;
      this.#usedLength = this.#batchLength;
    } else {
      this.#usedLength = this.#capacities[id]!;
    }
    return id;
  }

  #break(reason: DriverFault): typeof NO_TOKEN {
    this.#brokenReason = reason;
    return NO_TOKEN;
  }
}

/** Has the descriptor with these flags been used by a device whose wrap counter is `wrap`? */
function isUsed(flags: number, wrap: number): boolean {
  const avail = (flags & DESC_AVAIL) !== 0;
  const used = (flags & DESC_USED) !== 0;
  return avail === used && used === (wrap === 1);
}
