/**
 * The driver side of a packed virtqueue, as Linux 6.1 behaves. VIRTIO 1.3, 2.8.
 *
 * Does not model: DMA mapping of the caller's buffers, premapped chains.
 */
import { assert, ConfigError } from '../base/assert.ts';
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
import { ChainTable } from './chain-table.ts';
import { Doorbell } from './doorbell.ts';
import { DriverFault, type NotifyHook, type VirtqueueDriverOptions } from './driver-options.ts';
import { InOrderBatch } from './in-order-batch.ts';
import { IndirectWriter } from './indirect-writer.ts';
import { checkPackedVirtqueueState, type PackedVirtqueueState } from './packed-virtqueue-state.ts';
import {
  checkQueueSize,
  clearArea,
  DESC_AVAIL,
  DESC_INDIRECT,
  DESC_USED,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
} from './ring-layout.ts';

// The hot paths write their small numbers out: a named constant of another module is loaded and checked at each use,
// which was 8 ns of a round trip. Descriptors are 16 bytes (<< 4): address, length at 8, flags and next or id at 12.

/** {@link VirtqueueDriver} on a packed ring. */
export class PackedVirtqueue implements VirtqueueDriver {
  readonly #doorbell: Doorbell;
  readonly #callback: (() => void) | undefined;
  readonly #tables: IndirectWriter | undefined;
  readonly #eventIdx: boolean;
  readonly #inOrder: boolean;
  readonly #ringReset: boolean;

  #desc!: RingMemory;
  #driverEvent!: RingMemory;
  #deviceEvent!: RingMemory;
  #size = 0;

  #chains!: ChainTable;
  #nextAvail = 0;
  #availWrap = 1;
  #eventFlags: number = EVENT_ENABLE;
  #numAdded = 0;
  #lastUsed = 0;
  #usedWrap = 1;
  #eventTriggered = false;
  #usedLength = 0;
  #brokenReason: DriverFault | undefined = undefined;
  #batch = new InOrderBatch();

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
    this.#doorbell = new Doorbell(notify, options);
    this.#callback = options.callback;
    this.#tables =
      options.indirect === undefined ? undefined : new IndirectWriter(memory, options.indirect);
    this.#eventIdx = options.eventIdx ?? false;
    this.#inOrder = options.inOrder ?? false;
    this.#ringReset = options.ringReset ?? false;
    this.#create(areas, size);
  }

  get vringSize(): number {
    return this.#size;
  }

  get numFree(): number {
    return this.#chains.numFree;
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

  addSgs(out: SgList, into: SgList, token: number): VirtqueueResult {
    if (this.#brokenReason !== undefined) return VirtqueueResult.broken;
    const total = out.count + into.count;
    assert(total > 0, 'a buffer has at least one segment');
    assert(token >= 0 && token === (token | 0), 'a token is an integer 0 .. 2^31 - 1');
    const chains = this.#chains;
    const id = chains.freeHead;
    if (total === 1 || this.#tables === undefined || !this.#addIndirect(id, out, into)) {
      if (chains.numFree < total) return VirtqueueResult.noSpace;
      this.#addDirect(id, out, into, total);
    }
    chains.words[id << 2] = token;
    if (this.#inOrder) chains.capacities[id] = into.byteLength;
    return VirtqueueResult.ok;
  }

  kickPrepare(): boolean {
    const next = this.#nextAvail;
    const old = (next - this.#numAdded) & 0xffff;
    this.#numAdded = 0;
    const event = this.#deviceEvent.get32(0) | 0;
    const flags = event >>> 16;
    if (flags !== 2) return flags !== 1;
    let at = event & 0x7fff;
    if (((event >>> 15) & 1) !== this.#availWrap) at = (at - this.#size) & 0xffff;
    return needEvent(at, next, old);
  }

  notify(): boolean {
    if (this.#brokenReason !== undefined) return false;
    if (this.#doorbell.ring(this.#nextAvail | (this.#availWrap << 15))) return true;
    this.#brokenReason = DriverFault.notifyFailed;
    return false;
  }

  kick(): boolean {
    return this.kickPrepare() ? this.notify() : true;
  }

  getBuf(): number {
    if (this.#brokenReason !== undefined) return NO_TOKEN;
    let id: number;
    if (!this.#batch.isOpen) {
      const at = this.#lastUsed << 4;
      // The flags come first: what they publish is read after them.
      if (!isUsed(this.#desc.get16(at + 14), this.#usedWrap)) return NO_TOKEN;
      id = this.#desc.get16(at + 12);
      this.#usedLength = this.#desc.get32(at + 8);
      if (id >= this.#size) this.#brokenReason = DriverFault.usedIdRange;
      else if (this.#chains.words[id << 2]! < 0) this.#brokenReason = DriverFault.usedIdNotHead;
      if (this.#brokenReason !== undefined) return NO_TOKEN;
      if (this.#inOrder) id = this.#takeBatch(id);
    } else {
      id = this.#takeBatch(NO_TOKEN);
    }
    let lastUsed = this.#lastUsed + this.#chains.words[(id << 2) + 2]!;
    const token = this.#free(id);
    if (lastUsed >= this.#size) {
      lastUsed -= this.#size;
      this.#usedWrap ^= 1;
    }
    this.#lastUsed = lastUsed;
    if (this.#eventFlags === 2) this.#driverEvent.set16(0, lastUsed | (this.#usedWrap << 15));
    return token;
  }

  disableCb(): void {
    if (this.#eventFlags === EVENT_DISABLE) return;
    this.#eventFlags = EVENT_DISABLE;
    // The interrupt that just came has consumed the event: nothing is left to call off.
    if (!this.#eventTriggered) this.#driverEvent.set16(2, EVENT_DISABLE);
  }

  enableCbPrepare(): number {
    const mark = this.#lastUsed | (this.#usedWrap << 15);
    this.#enableAt(mark);
    return mark;
  }

  poll(mark: number): boolean {
    if (this.#brokenReason !== undefined) return false;
    return this.#isUsedAt(mark & 0x7fff, (mark >>> 15) & 1) || this.#batch.isOpen;
  }

  enableCb(): boolean {
    return !this.poll(this.enableCbPrepare());
  }

  enableCbDelayed(): boolean {
    // In descriptors and not in chains, unlike the split ring.
    let at = this.#lastUsed + (((this.#size - this.#chains.numFree) * 3) >> 2);
    let wrap = this.#usedWrap;
    if (at >= this.#size) {
      at -= this.#size;
      wrap ^= 1;
    }
    this.#enableAt(at | (wrap << 15));
    return !this.#isPending();
  }

  interrupt(): boolean {
    if (!this.#isPending()) return false;
    if (this.#brokenReason !== undefined) return true;
    if (this.#eventIdx) this.#eventTriggered = true;
    this.#callback?.();
    return true;
  }

  /** Takes back a buffer; the ring keeps its descriptors, so that only {@link PackedVirtqueue.reinit} or a resize may follow. */
  detachUnusedBuf(): number {
    const id = this.#chains.lowest();
    return id < 0 ? NO_TOKEN : this.#free(id);
  }

  reinit(): void {
    for (let id = this.#chains.lowest(); id >= 0; id = this.#chains.lowest()) this.#free(id);
    clearArea(this.#desc, this.#size << 4);
    clearArea(this.#driverEvent, 4);
    clearArea(this.#deviceEvent, 4);
    this.#start();
  }

  /**
   * Moves to fresh areas of another size, after the device has reset the queue (`virtqueue_resize`). Every token must have been taken back.
   *
   * @throws ConfigError without `ringReset`, and when the size is none of a packed ring; then nothing changed
   */
  resize(areas: VirtqueueAreas, size: number): void {
    if (!this.#ringReset) throw new ConfigError('ringReset', false, 'VIRTIO_F_RING_RESET');
    assert(this.#chains.numFree === this.#size, 'resize finds no token in flight');
    this.#create(areas, size);
  }

  /** Plain data; the ring itself is memory and belongs to its owner's state. */
  save(): PackedVirtqueueState {
    return {
      format: 'packed',
      size: this.#size,
      chains: this.#chains.save(),
      batch: this.#batch.save(),
      nextAvail: this.#nextAvail,
      availWrap: this.#availWrap,
      eventFlags: this.#eventFlags,
      numAdded: this.#numAdded,
      lastUsed: this.#lastUsed,
      usedWrap: this.#usedWrap,
      eventTriggered: this.#eventTriggered,
      usedLength: this.#usedLength,
      brokenReason: this.#brokenReason ?? null,
    };
  }

  /**
   * Goes on where a queue of the same size and features was saved.
   *
   * @throws ConfigError with the path of what is wrong, and then nothing changed
   */
  restore(state: unknown): void {
    const checked = checkPackedVirtqueueState(state, this.#size, this.#inOrder);
    this.#chains = checked.chains;
    this.#batch = checked.batch;
    this.#nextAvail = checked.nextAvail;
    this.#availWrap = checked.availWrap;
    this.#eventFlags = checked.eventFlags;
    this.#numAdded = checked.numAdded;
    this.#lastUsed = checked.lastUsed;
    this.#usedWrap = checked.usedWrap;
    this.#eventTriggered = checked.eventTriggered;
    this.#usedLength = checked.usedLength;
    this.#brokenReason = checked.brokenReason;
  }

  #create(areas: VirtqueueAreas, size: number): void {
    checkQueueSize('packed', size);
    this.#desc = areas.descriptors;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#size = size;
    this.#chains = new ChainTable(size, this.#inOrder);
    this.#start();
  }

  /** Everything but the free list, whose order outlives a reinit (with inOrder the ids start at 0 again). */
  #start(): void {
    this.#chains.restart();
    this.#nextAvail = 0;
    this.#availWrap = 1;
    this.#eventFlags = EVENT_ENABLE;
    this.#numAdded = 0;
    this.#lastUsed = 0;
    this.#usedWrap = 1;
    this.#eventTriggered = false;
    this.#brokenReason = undefined;
    this.#batch.clear();
    if (this.#callback !== undefined) return;
    this.#eventFlags = EVENT_DISABLE;
    this.#driverEvent.set16(2, EVENT_DISABLE);
  }

  #addDirect(id: number, out: SgList, into: SgList, total: number): void {
    const desc = this.#desc;
    const { next } = this.#chains;
    const head = this.#nextAvail;
    let wrap = this.#availWrap;
    let headFlags = 0;
    let slot = head;
    let current = id;
    let tail = id;
    for (let k = 0; k < total; k++) {
      const isOut = k < out.count;
      const list = isOut ? out : into;
      const i = isOut ? k : k - out.count;
      const flags = (wrap === 1 ? 0x80 : 0x8000) | (k < total - 1 ? 1 : 0) | (isOut ? 0 : 2);
      const at = slot << 4;
      desc.set32(at, list.lo[i]!);
      desc.set32(at + 4, list.hi[i]!);
      desc.set32(at + 8, list.lengths[i]!);
      if (k === 0) headFlags = flags;
      else desc.set32(at + 12, (flags << 16) | id);
      tail = current;
      current = next[current]!;
      slot += 1;
      if (slot === this.#size) {
        slot = 0;
        wrap ^= 1;
      }
    }
    // The whole chain must be visible before the flags that make its first descriptor available.
    desc.set32((head << 4) + 12, (headFlags << 16) | id);
    this.#chains.take(tail, total, current);
    this.#moveAvail(slot, wrap, total);
  }

  /** False when the chain has to be direct: no free descriptor, or no room for a table. */
  #addIndirect(id: number, out: SgList, into: SgList): boolean {
    if (this.#chains.numFree === 0) return false;
    const gpa = this.#tables!.write(id, out, into, false);
    if (gpa < 0) return false;
    const slot = this.#nextAvail;
    const wrap = this.#availWrap;
    const last = ((DESC_INDIRECT | (wrap === 1 ? DESC_AVAIL : DESC_USED)) << 16) | id;
    this.#tables!.point(this.#desc, slot << 4, gpa, out.count + into.count, last);
    this.#chains.takeTable();
    const isLast = slot + 1 === this.#size;
    this.#moveAvail(isLast ? 0 : slot + 1, isLast ? wrap ^ 1 : wrap, 1);
    return true;
  }

  #moveAvail(slot: number, wrap: number, added: number): void {
    this.#nextAvail = slot;
    this.#availWrap = wrap;
    this.#numAdded = (this.#numAdded + added) & 0xffff;
  }

  #free(id: number): number {
    if (this.#chains.words[(id << 2) + 3] === 1) this.#tables!.give(id);
    return this.#chains.free(id);
  }

  /** Is there something to take? A batch under way has no descriptor of its own for each chain. */
  #isPending(): boolean {
    return this.#isUsedAt(this.#lastUsed, this.#usedWrap) || this.#batch.isOpen;
  }

  #isUsedAt(slot: number, wrap: number): boolean {
    // A mark is the caller's; one of another ring finds nothing.
    return slot < this.#size && isUsed(this.#desc.get16((slot << 4) + 14), wrap);
  }

  #enableAt(mark: number): void {
    this.#eventTriggered = false;
    if (this.#eventIdx) this.#driverEvent.set16(0, mark);
    if (this.#eventFlags !== EVENT_DISABLE) return;
    this.#eventFlags = this.#eventIdx ? EVENT_DESC : EVENT_ENABLE;
    // The position must be visible before the flags that point at it.
    this.#driverEvent.set16(2, this.#eventFlags);
  }

  /** The next chain of the batch that ends at `end`, or (NO_TOKEN) of the one that is open. */
  #takeBatch(end: number): number {
    const batch = this.#batch;
    const id = end < 0 ? batch.step(this.#chains) : batch.open(this.#chains, end, this.#usedLength);
    this.#usedLength = batch.usedLength;
    return id;
  }
}

/** Has the descriptor with these flags been used by a device whose wrap counter is `wrap`? */
function isUsed(flags: number, wrap: number): boolean {
  return (flags & 0x8080) === (wrap === 1 ? 0x8080 : 0);
}
