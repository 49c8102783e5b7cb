/**
 * The driver side of a split virtqueue, as Linux 6.1 behaves. VIRTIO 1.3, 2.7.
 *
 * Does not model: legacy (guest-endian) rings, DMA mapping of the caller's buffers, premapped chains.
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
import {
  checkQueueSize,
  DESC_INDIRECT,
  ENTRIES_AT,
  IDX_AT,
  RING_NO_NOTIFY,
} from './ring-layout.ts';
import { checkSplitVirtqueueState, type SplitVirtqueueState } from './split-virtqueue-state.ts';

// The hot paths write their small numbers out: a named constant of another module is loaded and checked at each use,
// which was 8 ns of a round trip. Descriptors are 16 bytes (<< 4): address, length at 8, flags and next or id at 12.

/**
 * {@link VirtqueueDriver} on a split ring.
 *
 * The shadow of the available index, the free list, and how long each chain is are private: what a device scribbles into the descriptor table bends nothing here.
 */
export class SplitVirtqueue implements VirtqueueDriver {
  readonly #doorbell: Doorbell;
  readonly #callback: (() => void) | undefined;
  readonly #tables: IndirectWriter | undefined;
  readonly #eventIdx: boolean;
  readonly #inOrder: boolean;
  readonly #ringReset: boolean;

  #desc!: RingMemory;
  #avail!: RingMemory;
  #used!: RingMemory;
  #size = 0;
  #mask = 0;
  #usedEventAt = 0;
  #availEventAt = 0;

  #chains!: ChainTable;
  #availIdx = 0;
  #availFlags = 0;
  #numAdded = 0;
  #lastUsed = 0;
  #eventTriggered = false;
  #usedLength = 0;
  #brokenReason: DriverFault | undefined = undefined;
  #batch = new InOrderBatch();

  /**
   * Starts on areas whose indices and flags are zero, as after a reset of the device.
   *
   * @param memory where indirect tables are written
   * @param size queue size, a power of two
   * @throws ConfigError when the size is none of a split ring
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
    const head = chains.freeHead;
    if (total === 1 || this.#tables === undefined || !this.#addIndirect(head, out, into)) {
      if (chains.numFree < total) {
        // With something to read in it, the chain may wait for chains that the device was not yet told of.
        if (out.count > 0) this.#doorbell.ring(this.#availIdx);
        return VirtqueueResult.noSpace;
      }
      this.#addDirect(head, out, into, total);
    }
    chains.words[head << 2] = token;
    if (this.#inOrder) chains.capacities[head] = into.byteLength;
    const idx = this.#availIdx;
    this.#avail.set16(4 + 2 * (idx & this.#mask), head);
    // The entry must be visible before the index that publishes it.
    this.#availIdx = (idx + 1) & 0xffff;
    this.#avail.set16(2, this.#availIdx);
    this.#numAdded += 1;
    // One more, and the count could no longer tell whether the event index was passed.
    if (this.#numAdded === 0xffff) this.kick();
    return VirtqueueResult.ok;
  }

  kickPrepare(): boolean {
    const idx = this.#availIdx;
    const old = (idx - this.#numAdded) & 0xffff;
    this.#numAdded = 0;
    if (this.#eventIdx) return needEvent(this.#used.get16(this.#availEventAt), idx, old);
    return (this.#used.get16(0) & 1) === 0;
  }

  notify(): boolean {
    if (this.#brokenReason !== undefined) return false;
    if (this.#doorbell.ring(this.#availIdx)) return true;
    this.#brokenReason = DriverFault.notifyFailed;
    return false;
  }

  kick(): boolean {
    return this.kickPrepare() ? this.notify() : true;
  }

  getBuf(): number {
    if (this.#brokenReason !== undefined) return NO_TOKEN;
    const lastUsed = this.#lastUsed;
    if (this.#used.get16(2) === lastUsed) {
      return this.#batch.isOpen ? this.#break(DriverFault.batchTooLong) : NO_TOKEN;
    }
    let head: number;
    if (!this.#batch.isOpen) {
      const at = 4 + 8 * (lastUsed & this.#mask);
      head = this.#used.get32(at);
      this.#usedLength = this.#used.get32(at + 4);
      if (head >= this.#size) return this.#break(DriverFault.usedIdRange);
      if (this.#chains.words[head << 2]! < 0) return this.#break(DriverFault.usedIdNotHead);
      if (this.#inOrder) head = this.#takeBatch(head);
    } else {
      head = this.#takeBatch(NO_TOKEN);
    }
    const token = this.#free(head);
    this.#lastUsed = (lastUsed + 1) & 0xffff;
    if ((this.#availFlags & 1) === 0) {
      this.#avail.set16(this.#usedEventAt, this.#lastUsed);
    }
    return token;
  }

  disableCb(): void {
    if ((this.#availFlags & RING_NO_NOTIFY) !== 0) return;
    this.#availFlags |= RING_NO_NOTIFY;
    // The interrupt that just came has consumed the event: nothing is left to call off.
    if (this.#eventTriggered) return;
    if (this.#eventIdx) this.#avail.set16(this.#usedEventAt, 0);
    else this.#avail.set16(0, this.#availFlags);
  }

  enableCbPrepare(): number {
    this.#enableFlags();
    this.#avail.set16(this.#usedEventAt, this.#lastUsed);
    return this.#lastUsed;
  }

  poll(mark: number): boolean {
    if (this.#brokenReason !== undefined) return false;
    return (mark & 0xffff) !== this.#used.get16(IDX_AT);
  }

  enableCb(): boolean {
    return !this.poll(this.enableCbPrepare());
  }

  enableCbDelayed(): boolean {
    this.#enableFlags();
    const lastUsed = this.#lastUsed;
    const buffers = (((this.#availIdx - lastUsed) & 0xffff) * 3) >> 2;
    this.#avail.set16(this.#usedEventAt, (lastUsed + buffers) & 0xffff);
    return ((this.#used.get16(IDX_AT) - lastUsed) & 0xffff) <= buffers;
  }

  interrupt(): boolean {
    if (this.#used.get16(IDX_AT) === this.#lastUsed) return false;
    if (this.#brokenReason !== undefined) return true;
    if (this.#eventIdx) this.#eventTriggered = true;
    this.#callback?.();
    return true;
  }

  detachUnusedBuf(): number {
    const head = this.#chains.lowest();
    if (head < 0) return NO_TOKEN;
    this.#availIdx = (this.#availIdx - 1) & 0xffff;
    this.#avail.set16(IDX_AT, this.#availIdx);
    return this.#free(head);
  }

  reinit(): void {
    for (let id = this.#chains.lowest(); id >= 0; id = this.#chains.lowest()) this.#free(id);
    this.#avail.set16(0, 0);
    this.#avail.set16(IDX_AT, 0);
    this.#avail.set16(this.#usedEventAt, 0);
    this.#used.set16(0, 0);
    this.#used.set16(IDX_AT, 0);
    this.#used.set16(this.#availEventAt, 0);
    this.#start();
  }

  /**
   * Moves to fresh areas of another size, after the device has reset the queue (`virtqueue_resize`). Every token must have been taken back.
   *
   * @throws ConfigError without `ringReset`, and when the size is none of a split ring; then nothing changed
   */
  resize(areas: VirtqueueAreas, size: number): void {
    if (!this.#ringReset) throw new ConfigError('ringReset', false, 'VIRTIO_F_RING_RESET');
    assert(this.#chains.numFree === this.#size, 'resize finds no token in flight');
    this.#create(areas, size);
  }

  /** Plain data; the ring itself is memory and belongs to its owner's state. */
  save(): SplitVirtqueueState {
    return {
      format: 'split',
      size: this.#size,
      chains: this.#chains.save(),
      batch: this.#batch.save(),
      availIdx: this.#availIdx,
      availFlags: this.#availFlags,
      numAdded: this.#numAdded,
      lastUsed: this.#lastUsed,
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
    const checked = checkSplitVirtqueueState(state, this.#size, this.#inOrder);
    this.#chains = checked.chains;
    this.#batch = checked.batch;
    this.#availIdx = checked.availIdx;
    this.#availFlags = checked.availFlags;
    this.#numAdded = checked.numAdded;
    this.#lastUsed = checked.lastUsed;
    this.#eventTriggered = checked.eventTriggered;
    this.#usedLength = checked.usedLength;
    this.#brokenReason = checked.brokenReason;
  }

  #create(areas: VirtqueueAreas, size: number): void {
    checkQueueSize('split', size);
    this.#desc = areas.descriptors;
    this.#avail = areas.driver;
    this.#used = areas.device;
    this.#size = size;
    this.#mask = size - 1;
    this.#usedEventAt = ENTRIES_AT + 2 * size;
    this.#availEventAt = ENTRIES_AT + 8 * size;
    this.#chains = new ChainTable(size, this.#inOrder);
    this.#start();
  }

  /** Everything but the free list, whose order outlives a reinit (with inOrder the ring starts at 0 again). */
  #start(): void {
    this.#chains.restart();
    this.#availIdx = 0;
    this.#availFlags = 0;
    this.#numAdded = 0;
    this.#lastUsed = 0;
    this.#eventTriggered = false;
    this.#brokenReason = undefined;
    this.#batch.clear();
    if (this.#callback !== undefined) return;
    this.#availFlags = RING_NO_NOTIFY;
    if (!this.#eventIdx) this.#avail.set16(0, this.#availFlags);
  }

  #addDirect(head: number, out: SgList, into: SgList, total: number): void {
    const last = total - 1;
    let at = head;
    let tail = head;
    for (let i = 0; i < out.count; i++) {
      tail = at;
      at = this.#writeDesc(at, out, i, i < last ? 1 : 0);
    }
    const lastInto = into.count - 1;
    for (let i = 0; i <= lastInto; i++) {
      tail = at;
      at = this.#writeDesc(at, into, i, i < lastInto ? 3 : 2);
    }
    this.#chains.take(tail, total, at);
  }

  /** Writes descriptor `index` (its `next` also when it is the last) and returns the one behind it. */
  #writeDesc(index: number, list: SgList, i: number, flags: number): number {
    const next = this.#chains.next[index]!;
    const at = index << 4;
    const desc = this.#desc;
    desc.set32(at, list.lo[i]!);
    desc.set32(at + 4, list.hi[i]!);
    desc.set32(at + 8, list.lengths[i]!);
    desc.set32(at + 12, (next << 16) | flags);
    return next;
  }

  /** False when the chain has to be direct: no free descriptor, or no room for a table. */
  #addIndirect(head: number, out: SgList, into: SgList): boolean {
    const chains = this.#chains;
    if (chains.numFree === 0) return false;
    const gpa = this.#tables!.write(head, out, into, true);
    if (gpa < 0) return false;
    const next = chains.next[head]!;
    const count = out.count + into.count;
    this.#tables!.point(this.#desc, head << 4, gpa, count, (next << 16) | DESC_INDIRECT);
    chains.takeTable();
    return true;
  }

  #free(head: number): number {
    if (this.#chains.words[(head << 2) + 3] === 1) this.#tables!.give(head);
    return this.#chains.free(head);
  }

  #enableFlags(): void {
    this.#eventTriggered = false;
    if ((this.#availFlags & RING_NO_NOTIFY) === 0) return;
    this.#availFlags &= ~RING_NO_NOTIFY;
    if (!this.#eventIdx) this.#avail.set16(0, this.#availFlags);
  }

  /** The next chain of the batch that ends at `end`, or (NO_TOKEN) of the one that is open. */
  #takeBatch(end: number): number {
    const batch = this.#batch;
    const head =
      end < 0 ? batch.step(this.#chains) : batch.open(this.#chains, end, this.#usedLength);
    this.#usedLength = batch.usedLength;
    return head;
  }

  #break(reason: DriverFault): typeof NO_TOKEN {
    this.#brokenReason = reason;
    return NO_TOKEN;
  }
}
