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
import { InOrderWindow } from './in-order-window.ts';
import {
  checkQueueSize,
  DESC_AVAIL,
  DESC_BYTES,
  DESC_INDIRECT,
  DESC_NEXT,
  DESC_USED,
  DESC_WRITE,
  EVENT_DESC,
  EVENT_DISABLE,
  EVENT_ENABLE,
} from './ring-layout.ts';

const NOTHING_FILLED = -1;

/** {@link VirtqueueDevice} on a packed ring. */
export class PackedVirtqueueDevice implements VirtqueueDevice {
  readonly #desc: RingMemory;
  readonly #driverEvent: RingMemory;
  readonly #deviceEvent: RingMemory;
  readonly #reader: ChainReader;
  readonly #window: InOrderWindow | undefined;
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
  /** Slot whose flags wait for `flushUsed`, and those flags. */
  #filledAt = NOTHING_FILLED;
  #filledFlags = 0;
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
    const slot = this.#lastAvail;
    const last = this.#desc.get32(slot * DESC_BYTES + 12);
    if (!isAvailable(last >>> 16, this.#availWrap)) return PopResult.empty;
    if (this.#inFlight >= this.#size) return this.#break(DeviceFault.tooManyInFlight);
    const fault = this.#walk(slot, last, chain);
    if (fault !== undefined) return this.#break(fault);
    const id = chain.id;
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
    if (this.#filledAt === NOTHING_FILLED) return;
    // All that was filled must be visible before the flags of its first descriptor.
    this.#desc.set16(this.#filledAt * DESC_BYTES + 14, this.#filledFlags);
    this.#filledAt = NOTHING_FILLED;
  }

  signalNeeded(): boolean {
    if (this.#brokenReason !== undefined || !this.#hasUsed) return false;
    const since = this.#sinceSignal;
    this.#hasUsed = false;
    this.#sinceSignal = 0;
    const event = this.#driverEvent.get32(0);
    const flags = event >>> 16;
    if (flags !== EVENT_DESC) return flags !== EVENT_DISABLE;
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

  #walk(head: number, headLast: number, chain: VirtqueueChain): DeviceFault | undefined {
    const { readable, writable } = chain;
    readable.clear();
    writable.clear();
    let slot = head;
    let last = headLast;
    for (let seen = 1; ; seen++) {
      const at = slot * DESC_BYTES;
      const lo = this.#desc.get32(at);
      const hi = this.#desc.get32(at + 4);
      const length = this.#desc.get32(at + 8);
      const flags = last >>> 16;
      // The id of the chain is that of its last descriptor.
      chain.id = last & 0xffff;
      chain.descriptorCount = seen;
      if ((flags & DESC_INDIRECT) !== 0) {
        if (!this.#indirect) return DeviceFault.indirectNotNegotiated;
        if ((flags & DESC_NEXT) !== 0) return DeviceFault.indirectAndNext;
        const fault = this.#reader.pushTable(chain, lo, hi, length, false);
        return fault ?? this.#reader.finish(chain);
      }
      const fault = this.#reader.push(chain, lo, hi, length, flags);
      if (fault !== undefined) return fault;
      if ((flags & DESC_NEXT) === 0) return this.#reader.finish(chain);
      if (seen === this.#size) return DeviceFault.loop;
      slot = slot + 1 < this.#size ? slot + 1 : 0;
      last = this.#desc.get32(slot * DESC_BYTES + 12);
    }
  }

  /** One descriptor that stands for all of a chain or batch; its address stays. */
  #putUsed(id: number, descriptors: number, writtenLength: number, hasWritable: boolean): void {
    const slot = this.#used;
    const at = slot * DESC_BYTES;
    const wrap = this.#usedWrap === 1 ? DESC_AVAIL | DESC_USED : 0;
    const flags = hasWritable && writtenLength > 0 ? wrap | DESC_WRITE : wrap;
    this.#desc.set32(at + 8, writtenLength);
    this.#desc.set16(at + 12, id);
    if (this.#filledAt === NOTHING_FILLED) {
      this.#filledAt = slot;
      this.#filledFlags = flags;
    } else {
      this.#desc.set16(at + 14, flags);
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
  const avail = (flags & DESC_AVAIL) !== 0;
  const used = (flags & DESC_USED) !== 0;
  return avail !== used && avail === (wrap === 1);
}
