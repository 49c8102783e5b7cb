/**
 * The device side of a split virtqueue, in the verbs of vhost. VIRTIO 1.3, 2.7.
 *
 * Does not model: legacy (guest-endian) rings, VIRTIO_F_NOTIFY_ON_EMPTY.
 */
import { assert } from '../base/assert.ts';
import { needEvent } from '../base/seq16.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import {
  PopResult,
  type VirtqueueAreas,
  type VirtqueueChain,
  type VirtqueueDevice,
} from '../interfaces/virtqueue.ts';
import { ChainReader } from './chain-reader.ts';
import { DeviceFault, type VirtqueueDeviceOptions } from './device-options.ts';
import { InOrderWindow, type InOrderWindowState } from './in-order-window.ts';
import { checkQueueSize, DESC_NEXT, ENTRIES_AT, IDX_AT, RING_NO_NOTIFY } from './ring-layout.ts';
import { StateReader } from './saved-state.ts';
import { VringhReader } from './vringh-reader.ts';

/** Saved {@link SplitVirtqueueDevice}. */
export interface SplitVirtqueueDeviceState {
  readonly format: 'split';
  readonly size: number;
  readonly lastAvail: number;
  readonly inFlight: number;
  readonly usedIdx: number;
  readonly signalledUsed: number;
  readonly hasUsed: boolean;
  readonly usedFlags: number;
  /** With VIRTIO_F_IN_ORDER. */
  readonly window: InOrderWindowState | null;
  readonly brokenReason: DeviceFault | null;
}

// The hot paths write their small numbers out, as in the driver's side.

/** {@link VirtqueueDevice} on a split ring. */
export class SplitVirtqueueDevice implements VirtqueueDevice {
  readonly #desc: RingMemory;
  readonly #avail: RingMemory;
  readonly #used: RingMemory;
  readonly #reader: ChainReader;
  readonly #vringh: VringhReader | undefined;
  #window: InOrderWindow | undefined;
  readonly #size: number;
  readonly #mask: number;
  readonly #eventIdx: boolean;
  readonly #indirect: boolean;
  readonly #usedEventAt: number;
  readonly #availEventAt: number;

  #lastAvail = 0;
  #inFlight = 0;
  #usedIdx = 0;
  #signalledUsed = 0;
  #hasUsed = false;
  #usedFlags = 0;
  #brokenReason: DeviceFault | undefined = undefined;

  /**
   * Starts on areas whose indices and flags are zero.
   *
   * @param memory what the segments and indirect tables are addresses in
   * @param size queue size, a power of two
   * @throws ConfigError when the size is none of a split ring
   */
  constructor(
    areas: VirtqueueAreas,
    memory: GuestMemory,
    size: number,
    options: VirtqueueDeviceOptions = {},
  ) {
    checkQueueSize('split', size);
    this.#desc = areas.descriptors;
    this.#avail = areas.driver;
    this.#used = areas.device;
    this.#reader = new ChainReader(memory, options.acceptUnmapped ?? false);
    this.#vringh =
      options.leniency === 'vringh' ? new VringhReader(this.#desc, memory, size) : undefined;
    this.#window = options.inOrder === true ? new InOrderWindow(size) : undefined;
    this.#size = size;
    this.#mask = size - 1;
    this.#eventIdx = options.eventIdx ?? false;
    this.#indirect = options.indirect ?? false;
    this.#usedEventAt = ENTRIES_AT + 2 * size;
    this.#availEventAt = ENTRIES_AT + 8 * size;
  }

  get brokenReason(): string | undefined {
    return this.#brokenReason;
  }

  pop(chain: VirtqueueChain): PopResult {
    if (this.#vringh !== undefined) return this.#popVringh(chain, this.#vringh);
    if (this.#brokenReason !== undefined) return PopResult.broken;
    const lastAvail = this.#lastAvail;
    const ahead = (this.#avail.get16(2) - lastAvail) & 0xffff;
    if (ahead === 0) return PopResult.empty;
    if (ahead > this.#size) return this.#break(DeviceFault.indexJump);
    if (this.#inFlight >= this.#size) return this.#break(DeviceFault.tooManyInFlight);
    const head = this.#avail.get16(4 + 2 * (lastAvail & this.#mask));
    if (head >= this.#size) return this.#break(DeviceFault.headRange);
    const { readable, writable } = chain;
    readable.clear();
    writable.clear();
    chain.id = head;
    const desc = this.#desc;
    const reader = this.#reader;
    let fault: DeviceFault | undefined;
    for (let i = head, seen = 1; ; seen++) {
      const at = i << 4;
      const lo = desc.get32(at);
      const hi = desc.get32(at + 4);
      const length = desc.get32(at + 8);
      const last = desc.get32(at + 12);
      chain.descriptorCount = seen;
      if ((last & 4) !== 0) {
        fault = this.#readTable(chain, lo, hi, length, last);
        break;
      }
      fault = reader.push(readable, writable, lo, hi, length, last);
      if (fault !== undefined || (last & 1) === 0) break;
      if (seen === this.#size) return this.#break(DeviceFault.loop);
      i = last >>> 16;
      if (i >= this.#size) return this.#break(DeviceFault.nextRange);
    }
    fault ??= reader.finish(chain);
    if (fault !== undefined) return this.#break(fault);
    if (this.#window !== undefined && !this.#window.open(head, chain)) {
      return this.#break(DeviceFault.idInFlight);
    }
    this.#lastAvail = (lastAvail + 1) & 0xffff;
    this.#inFlight += 1;
    return PopResult.chain;
  }

  discard(count: number): void {
    if (this.#brokenReason !== undefined && this.#vringh === undefined) return;
    assert(count >= 0 && count <= this.#inFlight, 'discard puts back chains that are out');
    this.#lastAvail = (this.#lastAvail - count) & 0xffff;
    this.#inFlight -= count;
    this.#window?.takeBack(count);
  }

  addUsed(id: number, descriptorCount: number, writtenLength: number): void {
    this.fillUsed(id, descriptorCount, writtenLength);
    this.flushUsed();
  }

  fillUsed(id: number, _descriptorCount: number, writtenLength: number): void {
    if (this.#window !== undefined) {
      this.#window.close(id, writtenLength);
      return;
    }
    if (this.#brokenReason !== undefined && this.#vringh === undefined) return;
    this.#putUsed(id, writtenLength, 1);
  }

  flushUsed(): void {
    if (this.#brokenReason !== undefined && this.#vringh === undefined) return;
    const window = this.#window;
    while (window?.takeBatch() === true) {
      this.#putUsed(window.batchId, window.batchLength, window.batchCount);
    }
    // The entries must be visible before the index that publishes them.
    this.#used.set16(2, this.#usedIdx);
  }

  signalNeeded(): boolean {
    if (this.#vringh !== undefined && !this.#eventIdx) return this.#wantsSignal();
    if (this.#brokenReason !== undefined || !this.#hasUsed) return false;
    this.#hasUsed = false;
    if (!this.#eventIdx) return this.#wantsSignal();
    const old = this.#signalledUsed;
    this.#signalledUsed = this.#usedIdx;
    return needEvent(this.#avail.get16(this.#usedEventAt), this.#usedIdx, old);
  }

  enableNotify(): boolean {
    if (this.#brokenReason !== undefined && this.#vringh === undefined) return false;
    if (this.#eventIdx) this.#used.set16(this.#availEventAt, this.#lastAvail);
    else {
      this.#usedFlags &= ~RING_NO_NOTIFY;
      this.#used.set16(0, this.#usedFlags);
    }
    // The driver may have added between our last look and the write above, and not kicked.
    return this.#avail.get16(IDX_AT) !== this.#lastAvail;
  }

  disableNotify(): void {
    if (this.#brokenReason !== undefined && this.#vringh === undefined) return;
    // With the event index there is nothing to write: the index of the last enable is passed already.
    if (this.#eventIdx) return;
    this.#usedFlags |= RING_NO_NOTIFY;
    this.#used.set16(0, this.#usedFlags);
  }

  reinit(): void {
    this.#lastAvail = 0;
    this.#inFlight = 0;
    this.#usedIdx = 0;
    this.#signalledUsed = 0;
    this.#hasUsed = false;
    this.#usedFlags = 0;
    this.#brokenReason = undefined;
    this.#window?.clear();
  }

  /** Plain data; the ring itself is memory and belongs to its owner's state. Nothing may be filled and not flushed. */
  save(): SplitVirtqueueDeviceState {
    return {
      format: 'split',
      size: this.#size,
      lastAvail: this.#lastAvail,
      inFlight: this.#inFlight,
      usedIdx: this.#usedIdx,
      signalledUsed: this.#signalledUsed,
      hasUsed: this.#hasUsed,
      usedFlags: this.#usedFlags,
      window: this.#window?.save() ?? null,
      brokenReason: this.#brokenReason ?? null,
    };
  }

  /**
   * Goes on where a queue of the same size and features was saved.
   *
   * @throws ConfigError with the path of what is wrong, and then nothing changed
   */
  restore(state: unknown): void {
    const from = new StateReader('state', state);
    from.expect('format', 'split');
    from.expect('size', this.#size);
    const lastAvail = from.int('lastAvail', 0, 0xffff);
    const inFlight = from.int('inFlight', 0, this.#size);
    const usedIdx = from.int('usedIdx', 0, 0xffff);
    const signalledUsed = from.int('signalledUsed', 0, 0xffff);
    const hasUsed = from.flag('hasUsed');
    const usedFlags = from.int('usedFlags', 0, RING_NO_NOTIFY);
    const window =
      this.#window === undefined
        ? undefined
        : InOrderWindow.restore(from.record('window'), this.#size, inFlight);
    this.#brokenReason = from.reason('brokenReason', DeviceFault);
    this.#window = window;
    this.#lastAvail = lastAvail;
    this.#inFlight = inFlight;
    this.#usedIdx = usedIdx;
    this.#signalledUsed = signalledUsed;
    this.#hasUsed = hasUsed;
    this.#usedFlags = usedFlags;
  }

  #readTable(
    chain: VirtqueueChain,
    lo: number,
    hi: number,
    length: number,
    flags: number,
  ): DeviceFault | undefined {
    if (!this.#indirect) return DeviceFault.indirectNotNegotiated;
    if ((flags & DESC_NEXT) !== 0) return DeviceFault.indirectAndNext;
    return this.#reader.pushTable(chain, lo, hi, length, true);
  }

  /** vringh looks at no more than the next entry, and a bad chain spoils only itself. */
  #popVringh(chain: VirtqueueChain, reader: VringhReader): PopResult {
    const lastAvail = this.#lastAvail;
    this.#brokenReason = undefined;
    chain.id = -1;
    if (this.#avail.get16(IDX_AT) === lastAvail) return PopResult.empty;
    const head = this.#avail.get16(ENTRIES_AT + 2 * (lastAvail & this.#mask));
    if (head >= this.#size) return this.#break(DeviceFault.headRange);
    this.#lastAvail = (lastAvail + 1) & 0xffff;
    chain.id = head;
    const fault = reader.read(head, chain);
    if (fault !== undefined) return this.#break(fault);
    this.#inFlight += 1;
    return PopResult.chain;
  }

  /** One entry that stands for `count` chains. */
  #putUsed(id: number, writtenLength: number, count: number): void {
    const at = 4 + 8 * (this.#usedIdx & this.#mask);
    this.#used.set32(at, id);
    this.#used.set32(at + 4, writtenLength);
    this.#usedIdx = (this.#usedIdx + count) & 0xffff;
    this.#inFlight -= count;
    this.#hasUsed = true;
  }

  #wantsSignal(): boolean {
    return (this.#avail.get16(0) & RING_NO_NOTIFY) === 0;
  }

  #break(reason: DeviceFault): typeof PopResult.broken {
    this.#brokenReason = reason;
    return PopResult.broken;
  }
}
