/** Reads a split chain by the rules of Linux's vringh, for {@link Leniency} `vringh`. */
import { addressOf } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { DeviceFault } from './device-options.ts';
import { DESC_BYTES, DESC_INDIRECT, DESC_NEXT, DESC_WORDS, DESC_WRITE } from './ring-layout.ts';

/** A reader for one queue. */
export class VringhReader {
  readonly #desc: RingMemory;
  readonly #memory: GuestMemory;
  readonly #size: number;
  readonly #entry = new Int32Array(DESC_WORDS);

  constructor(desc: RingMemory, memory: GuestMemory, size: number) {
    this.#desc = desc;
    this.#memory = memory;
    this.#size = size;
  }

  /** Reads the chain that starts at `head` into `chain`; a fault, or `undefined`. */
  read(head: number, chain: VirtqueueChain): DeviceFault | undefined {
    chain.readable.clear();
    chain.writable.clear();
    chain.descriptorCount = 0;
    let tableGpa = -1;
    let tableSize = 0;
    let afterTable = 0;
    let seenInTable = 0;
    let i = head;
    const entry = this.#entry;
    for (let tables = 0; ; ) {
      const isInTable = tableGpa >= 0;
      if (!this.#load(tableGpa, i)) return DeviceFault.tableUnmapped;
      const flags = entry[3]! & 0xffff;
      const next = entry[3]! >>> 16;
      if ((flags & DESC_INDIRECT) !== 0) {
        if (isInTable) return DeviceFault.nestedIndirect;
        const length = entry[2]! >>> 0;
        if (length % DESC_BYTES !== 0) return DeviceFault.tableLength;
        if (++tables > this.#size) return DeviceFault.loop;
        chain.descriptorCount += 1;
        afterTable = (flags & DESC_NEXT) !== 0 ? next : 0;
        tableGpa = addressOf(entry[0]! >>> 0, entry[1]! >>> 0);
        tableSize = length / DESC_BYTES;
        seenInTable = 0;
        i = 0;
        continue;
      }
      const isTooMany = isInTable
        ? ++seenInTable > tableSize
        : ++chain.descriptorCount > this.#size;
      if (isTooMany) return DeviceFault.loop;
      const isWritable = (flags & DESC_WRITE) !== 0;
      if (!isWritable && chain.writable.count > 0) return DeviceFault.readableAfterWritable;
      const list = isWritable ? chain.writable : chain.readable;
      if (!list.push(entry[0]!, entry[1]!, entry[2]! >>> 0)) return DeviceFault.loop;
      if ((flags & DESC_NEXT) !== 0) i = next;
      else if (isInTable && afterTable > 0) {
        i = afterTable;
        tableGpa = -1;
      } else return undefined;
      if (i >= (tableGpa >= 0 ? tableSize : this.#size)) return DeviceFault.nextRange;
    }
  }

  /** One descriptor of the table at an address, or of the ring's own (-1), into the scratch entry. */
  #load(tableGpa: number, i: number): boolean {
    const entry = this.#entry;
    if (tableGpa >= 0) return this.#loadFromTable(tableGpa + i * DESC_BYTES);
    for (let k = 0; k < DESC_WORDS; k++) entry[k] = this.#desc.get32(i * DESC_BYTES + 4 * k);
    return true;
  }

  #loadFromTable(gpa: number): boolean {
    for (let k = 0; k < DESC_WORDS; k++) {
      const word = this.#memory.read32(gpa + 4 * k);
      if (word < 0) return false;
      this.#entry[k] = word;
    }
    return true;
  }
}
