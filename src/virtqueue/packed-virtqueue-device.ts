/** The device side of a packed virtqueue, in the verbs of vhost. VIRTIO 1.3, 2.8. */
import { assert, ConfigError } from '../base/assert.ts';
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
import {
  checkQueueSize,
  DESC_BYTES,
  DESC_NEXT,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
} from './ring-layout.ts';
import { StateReader } from './saved-state.ts';

const NOTHING_FILLED = -1;

/** Saved {@link PackedVirtqueueDevice}. */
export interface PackedVirtqueueDeviceState {
  readonly format: 'packed';
  readonly size: number;
  readonly lastAvail: number;
  readonly availWrap: number;
  readonly inFlight: number;
  readonly used: number;
  readonly usedWrap: number;
  readonly sinceSignal: number;
  readonly hasUsed: boolean;
  readonly poppedAt: number;
  /** Descriptors of the chains that were popped last. */
  readonly popped: readonly number[];
  /** By id: 1 when the chain that is out has a writable part. */
  readonly hasWritable: readonly number[];
  /** With VIRTIO_F_IN_ORDER. */
  readonly window: InOrderWindowState | null;
  readonly brokenReason: DeviceFault | null;
}

// The hot paths write their small numbers out, as in the driver's side.

/** {@link VirtqueueDevice} on a packed ring. */
export class PackedVirtqueueDevice implements VirtqueueDevice {
  readonly #desc: RingMemory;
  readonly #driverEvent: RingMemory;
  readonly #deviceEvent: RingMemory;
  readonly #reader: ChainReader;
  #window: InOrderWindow | undefined;
  readonly #size: number;
  readonly #eventIdx: boolean;
  readonly #indirect: boolean;
  /** By id: 1 when the chain that is out has a writable part. */
  readonly #hasWritable: Uint8Array;
  /** Descriptors of the chains that were popped last, as a ring, for `discard`. */
  readonly #popped: Uint16Array;
  #poppedAt = 0;

  #lastAvail = 0;
  #availWrap = 1;
  #inFlight = 0;
  #used = 0;
  #usedWrap = 1;
  #sinceSignal = 0;
  #hasUsed = false;
  /** Slot whose id and flags wait for `flushUsed`, and those. */
  #filledAt = NOTHING_FILLED;
  #filledLast = 0;
  #brokenReason: DeviceFault | undefined = undefined;

  /**
   * Starts on areas that are all zero.
   *
   * @param memory what the segments and indirect tables are addresses in
   * @param size queue size, 1 .. 32768
   * @throws ConfigError when the size is none of a packed ring, or leniency other than `strict` is asked for
   */
  constructor(
    areas: VirtqueueAreas,
    memory: GuestMemory,
    size: number,
    options: VirtqueueDeviceOptions = {},
  ) {
    checkQueueSize('packed', size);
    if (options.leniency === 'vringh') {
      throw new ConfigError('leniency', 'vringh', "'strict' on a packed ring");
    }
    this.#desc = areas.descriptors;
    this.#driverEvent = areas.driver;
    this.#deviceEvent = areas.device;
    this.#reader = new ChainReader(memory, options.acceptUnmapped ?? false);
    this.#window = options.inOrder === true ? new InOrderWindow(size) : undefined;
    this.#size = size;
    this.#eventIdx = options.eventIdx ?? false;
    this.#indirect = options.indirect ?? false;
    this.#hasWritable = new Uint8Array(size);
    this.#popped = new Uint16Array(size);
  }

  get brokenReason(): string | undefined {
    return this.#brokenReason;
  }

  pop(chain: VirtqueueChain): PopResult {
    if (this.#brokenReason !== undefined) return PopResult.broken;
    const desc = this.#desc;
    let slot = this.#lastAvail;
    let flags = desc.get16((slot << 4) + 14);
    if (!isAvailable(flags, this.#availWrap)) return PopResult.empty;
    if (this.#inFlight >= this.#size) return this.#break(DeviceFault.tooManyInFlight);
    const { readable, writable } = chain;
    readable.clear();
    writable.clear();
    const reader = this.#reader;
    let fault: DeviceFault | undefined;
    for (let seen = 1; ; seen++) {
      const at = slot << 4;
      const lo = desc.get32(at);
      const hi = desc.get32(at + 4);
      const length = desc.get32(at + 8);
      chain.descriptorCount = seen;
      if ((flags & 4) !== 0) {
        fault = this.#readTable(chain, lo, hi, length, flags);
        break;
      }
      fault = reader.push(readable, writable, lo, hi, length, flags);
      if (fault !== undefined || (flags & 1) === 0) break;
      if (seen === this.#size) return this.#break(DeviceFault.loop);
      slot = slot + 1 < this.#size ? slot + 1 : 0;
      flags = desc.get16((slot << 4) + 14);
    }
    fault ??= reader.finish(chain);
    if (fault !== undefined) return this.#break(fault);
    // The id of the chain is that of its last descriptor.
    const id = desc.get16((slot << 4) + 12);
    chain.id = id;
    if (id >= this.#size) return this.#break(DeviceFault.idRange);
    if (this.#window !== undefined && !this.#window.open(id, chain)) {
      return this.#break(DeviceFault.idInFlight);
    }
    this.#hasWritable[id] = chain.writable.count > 0 ? 1 : 0;
    this.#popped[this.#poppedAt] = chain.descriptorCount;
    this.#poppedAt = this.#poppedAt + 1 < this.#size ? this.#poppedAt + 1 : 0;
    this.#inFlight += 1;
    this.#moveAvail(chain.descriptorCount);
    return PopResult.chain;
  }

  discard(count: number): void {
    if (this.#brokenReason !== undefined) return;
    assert(count >= 0 && count <= this.#inFlight, 'discard puts back chains that are out');
    for (let i = 0; i < count; i++) {
      this.#poppedAt = this.#poppedAt > 0 ? this.#poppedAt - 1 : this.#size - 1;
      this.#moveAvail(-this.#popped[this.#poppedAt]!);
    }
    this.#inFlight -= count;
    this.#window?.takeBack(count);
  }

  addUsed(id: number, descriptorCount: number, writtenLength: number): void {
    this.fillUsed(id, descriptorCount, writtenLength);
    this.flushUsed();
  }

  fillUsed(id: number, descriptorCount: number, writtenLength: number): void {
    if (this.#window !== undefined) {
      this.#window.close(id, writtenLength);
      return;
    }
    if (this.#brokenReason !== undefined) return;
    this.#putUsed(id, descriptorCount, writtenLength, this.#hasWritable[id] === 1);
    this.#hasWritable[id] = 0;
    this.#inFlight -= 1;
  }

  flushUsed(): void {
    if (this.#brokenReason !== undefined) return;
    const window = this.#window;
    while (window?.takeBatch() === true) {
      const { batchId, batchDescriptors, batchLength, batchHasWritable } = window;
      this.#putUsed(batchId, batchDescriptors, batchLength, batchHasWritable);
      this.#inFlight -= window.batchCount;
    }
    if (this.#filledAt < 0) return;
    // All that was filled must be visible before the id and flags of its first descriptor.
    this.#desc.set32((this.#filledAt << 4) + 12, this.#filledLast);
    this.#filledAt = NOTHING_FILLED;
  }

  signalNeeded(): boolean {
    if (this.#brokenReason !== undefined || !this.#hasUsed) return false;
    const since = this.#sinceSignal;
    this.#hasUsed = false;
    this.#sinceSignal = 0;
    const event = this.#driverEvent.get32(0);
    const flags = event >>> 16;
    if (flags !== 2) return flags !== 1;
    let at = event & 0x7fff;
    if (((event >>> 15) & 1) !== this.#usedWrap) at = (at - this.#size) & 0xffff;
    return needEvent(at, this.#used, (this.#used - since) & 0xffff);
  }

  enableNotify(): boolean {
    if (this.#brokenReason !== undefined) return false;
    if (this.#eventIdx) {
      this.#deviceEvent.set16(0, this.#lastAvail | (this.#availWrap << 15));
      // The position must be visible before the flags that point at it.
      this.#deviceEvent.set16(2, EVENT_DESC);
    } else {
      this.#deviceEvent.set16(2, EVENT_ENABLE);
    }
    // The driver may have added between our last look and the write above, and not kicked.
    const flags = this.#desc.get16(this.#lastAvail * DESC_BYTES + 14);
    return isAvailable(flags, this.#availWrap);
  }

  disableNotify(): void {
    if (this.#brokenReason !== undefined) return;
    this.#deviceEvent.set16(2, EVENT_DISABLE);
  }

  reinit(): void {
    this.#hasWritable.fill(0);
    this.#poppedAt = 0;
    this.#lastAvail = 0;
    this.#availWrap = 1;
    this.#inFlight = 0;
    this.#used = 0;
    this.#usedWrap = 1;
    this.#sinceSignal = 0;
    this.#hasUsed = false;
    this.#filledAt = NOTHING_FILLED;
    this.#brokenReason = undefined;
    this.#window?.clear();
  }

  /** Plain data; the ring itself is memory and belongs to its owner's state. Nothing may be filled and not flushed. */
  save(): PackedVirtqueueDeviceState {
    assert(this.#filledAt === NOTHING_FILLED, 'save finds everything flushed');
    return {
      format: 'packed',
      size: this.#size,
      lastAvail: this.#lastAvail,
      availWrap: this.#availWrap,
      inFlight: this.#inFlight,
      used: this.#used,
      usedWrap: this.#usedWrap,
      sinceSignal: this.#sinceSignal,
      hasUsed: this.#hasUsed,
      poppedAt: this.#poppedAt,
      popped: [...this.#popped],
      hasWritable: [...this.#hasWritable],
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
    from.expect('format', 'packed');
    from.expect('size', this.#size);
    const lastAvail = from.int('lastAvail', 0, this.#size - 1);
    const availWrap = from.int('availWrap', 0, 1);
    const inFlight = from.int('inFlight', 0, this.#size);
    const used = from.int('used', 0, this.#size - 1);
    const usedWrap = from.int('usedWrap', 0, 1);
    const sinceSignal = from.int('sinceSignal', 0, 0xffff);
    const hasUsed = from.flag('hasUsed');
    const poppedAt = from.int('poppedAt', 0, this.#size - 1);
    const popped = from.ints('popped', this.#size, 0, this.#size);
    const hasWritable = from.ints('hasWritable', this.#size, 0, 1);
    const window =
      this.#window === undefined
        ? undefined
        : InOrderWindow.restore(from.record('window'), this.#size, inFlight);
    this.#brokenReason = from.reason('brokenReason', DeviceFault);
    this.#window = window;
    this.#lastAvail = lastAvail;
    this.#availWrap = availWrap;
    this.#inFlight = inFlight;
    this.#used = used;
    this.#usedWrap = usedWrap;
    this.#sinceSignal = sinceSignal;
    this.#hasUsed = hasUsed;
    this.#poppedAt = poppedAt;
    this.#popped.set(popped);
    this.#hasWritable.set(hasWritable);
    this.#filledAt = NOTHING_FILLED;
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
    return this.#reader.pushTable(chain, lo, hi, length, false);
  }

  /** One descriptor that stands for all of a chain or batch; its address stays. */
  #putUsed(id: number, descriptors: number, writtenLength: number, hasWritable: boolean): void {
    const slot = this.#used;
    const wrap = this.#usedWrap === 1 ? 0x8080 : 0;
    const flags = hasWritable && writtenLength > 0 ? wrap | 2 : wrap;
    const last = (flags << 16) | id;
    this.#desc.set32((slot << 4) + 8, writtenLength);
    if (this.#filledAt < 0) {
      this.#filledAt = slot;
      this.#filledLast = last;
    } else {
      this.#desc.set32((slot << 4) + 12, last);
    }
    this.#used = slot + descriptors;
    if (this.#used >= this.#size) {
      this.#used -= this.#size;
      this.#usedWrap ^= 1;
    }
    this.#sinceSignal = (this.#sinceSignal + descriptors) & 0xffff;
    this.#hasUsed = true;
  }

  #moveAvail(descriptors: number): void {
    const at = this.#lastAvail + descriptors;
    if (at >= 0 && at < this.#size) {
      this.#lastAvail = at;
      return;
    }
    this.#lastAvail = at < 0 ? at + this.#size : at - this.#size;
    this.#availWrap ^= 1;
  }

  #break(reason: DeviceFault): typeof PopResult.broken {
    this.#brokenReason = reason;
    return PopResult.broken;
  }
}

/** Is the descriptor with these flags available to a device whose wrap counter is `wrap`? */
function isAvailable(flags: number, wrap: number): boolean {
  return (flags & 0x8080) === (wrap === 1 ? 0x80 : 0x8000);
}
