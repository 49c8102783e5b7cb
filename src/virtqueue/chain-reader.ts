/** Segments of a chain, checked and put into its lists; indirect tables, read once. VIRTIO 1.3, 2.7.5 and 2.8.5-2.8.7. */
import { addressOf, type SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { DeviceFault, MAX_TABLE_COUNT } from './device-options.ts';
import { DESC_BYTES, DESC_INDIRECT, DESC_NEXT, DESC_WORDS } from './ring-layout.ts';

/** Reads what descriptors say into the lists of a chain; one for each queue. Results are a fault, or `undefined` when all is well. */
export class ChainReader {
  readonly #memory: GuestMemory;
  readonly #acceptUnmapped: boolean;
  #table: Int32Array;

  constructor(memory: GuestMemory, acceptUnmapped: boolean) {
    this.#memory = memory;
    this.#acceptUnmapped = acceptUnmapped;
    this.#table = new Int32Array(16 * DESC_WORDS);
  }

  /** Adds one segment behind those that the lists have. */
  push(
    readable: SgList,
    writable: SgList,
    lo: number,
    hi: number,
    length: number,
    flags: number,
  ): DeviceFault | undefined {
    let list = writable;
    if ((flags & 2) === 0) {
      if (writable.count > 0) return DeviceFault.readableAfterWritable;
      list = readable;
    }
    if (length === 0) return DeviceFault.zeroLength;
    if (this.#acceptUnmapped) {
      // 2^32 - hi pages of 4 GiB are left above the segment's start.
      if (hi === 0xffff_ffff && lo + length > 0x1_0000_0000) return DeviceFault.rangeWraps;
    } else if (!this.#memory.isMapped(hi === 0 ? lo : addressOf(lo, hi), length)) {
      return DeviceFault.unmapped;
    }
    return list.push(lo, hi, length) ? undefined : DeviceFault.loop;
  }

  /** The chain as a whole, when its last segment was added. */
  finish(chain: VirtqueueChain): DeviceFault | undefined {
    return chain.readable.byteLength + chain.writable.byteLength > 0x1_0000_0000
      ? DeviceFault.chainTooLong
      : undefined;
  }

  /** Adds what the table at an address says: a chain through `next` (split), or one entry after the other (packed). */
  pushTable(
    chain: VirtqueueChain,
    lo: number,
    hi: number,
    length: number,
    isChained: boolean,
  ): DeviceFault | undefined {
    const count = length >>> 4;
    if (length % DESC_BYTES !== 0 || count === 0 || count > MAX_TABLE_COUNT) {
      return DeviceFault.tableLength;
    }
    const table = this.#load(addressOf(lo, hi), count);
    if (table === undefined) return DeviceFault.tableUnmapped;
    let i = 0;
    for (let seen = 1; seen <= count; seen++) {
      const at = i * DESC_WORDS;
      const last = table[at + 3]!;
      const flags = isChained ? last & 0xffff : last >>> 16;
      if ((flags & DESC_INDIRECT) !== 0) return DeviceFault.nestedIndirect;
      const fault = this.push(
        chain.readable,
        chain.writable,
        table[at]! >>> 0,
        table[at + 1]! >>> 0,
        table[at + 2]! >>> 0,
        flags,
      );
      if (fault !== undefined) return fault;
      if (!isChained) {
        i += 1;
        continue;
      }
      if ((flags & DESC_NEXT) === 0) return undefined;
      i = last >>> 16;
      if (i >= count) return DeviceFault.nextRange;
    }
    return isChained ? DeviceFault.loop : undefined;
  }

  /** The table in private words: what the driver changes from now on is not seen. */
  #load(gpa: number, count: number): Int32Array | undefined {
    const words = count * DESC_WORDS;
    if ((gpa & 3) !== 0) return this.#loadUnaligned(gpa, count);
    if (this.#table.length < words) {
      if (!this.#memory.isMapped(gpa, count * DESC_BYTES)) return undefined;
      this.#table = new Int32Array(2 * words);
    }
    return this.#memory.loadWords(gpa, this.#table, 0, words) ? this.#table : undefined;
  }

  /** No driver does this, but none is forbidden to. */
  #loadUnaligned(gpa: number, count: number): Int32Array | undefined {
    const table = new Int32Array(count * DESC_WORDS);
    const bytes = new Uint8Array(count * DESC_BYTES);
    if (!this.#memory.load(gpa, bytes, 0, bytes.length)) return undefined;
    for (let i = 0; i < table.length; i++) {
      const at = 4 * i;
      const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      table[i] = low | (bytes[at + 3]! << 24);
    }
    return table;
  }
}
