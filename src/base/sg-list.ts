/** Scatter-gather lists: where in guest memory the bytes of one transfer lie. */
import { assert } from './assert.ts';

/** The number that stands for any address of 2^53 and above: exact numbers end there, and nothing is mapped there. */
export const UNMAPPED_ADDRESS = 2 ** 53;

/** The most segments that one list holds; a command that names more is refused. */
export const MAX_SG_SEGMENTS = 1 << 16;

/** A 64-bit address as one number: exact below 2^53, {@link UNMAPPED_ADDRESS} from there on. */
export function addressOf(lo: number, hi: number): number {
  return hi === 0 ? lo : hi < 0x20_0000 ? hi * 0x1_0000_0000 + lo : UNMAPPED_ADDRESS;
}

/**
 * A growable list of (address, length) segments that is reused from one transfer to the next.
 *
 * Addresses are kept as two 32-bit halves, so that any 64-bit address passes through unrounded.
 */
export class SgList {
  /** How many segments there are. */
  count = 0;
  /** The sum of all lengths, in bytes. */
  byteLength = 0;
  /** Low halves of the addresses, by segment. */
  lo: Uint32Array;
  /** High halves of the addresses, by segment. */
  hi: Uint32Array;
  /** Lengths in bytes, by segment. */
  lengths: Uint32Array;

  constructor(capacity = 8) {
    assert(capacity >= 1 && capacity <= MAX_SG_SEGMENTS, 'SgList capacity is 1..MAX_SG_SEGMENTS');
    this.lo = new Uint32Array(capacity);
    this.hi = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
  }

  /** Forgets all segments; the storage stays. */
  clear(): void {
    this.count = 0;
    this.byteLength = 0;
  }

  /** Adds a segment; false, and no change, when the list holds {@link MAX_SG_SEGMENTS} already. */
  push(lo: number, hi: number, length: number): boolean {
    const at = this.count;
    if (at === this.lo.length && !this.#grow()) return false;
    this.lo[at] = lo;
    this.hi[at] = hi;
    this.lengths[at] = length;
    this.count = at + 1;
    this.byteLength += length;
    return true;
  }

  /** Adds a segment at an address given as one number (below 2^53). */
  pushAddress(gpa: number, length: number): boolean {
    return gpa <= 0xffff_ffff
      ? this.push(gpa, 0, length)
      : this.push(gpa >>> 0, Math.floor(gpa / 0x1_0000_0000), length);
  }

  /** Address of segment `index` as one number; see {@link addressOf}. */
  gpa(index: number): number {
    const hi = this.hi[index]!;
    return hi === 0 ? this.lo[index]! : addressOf(this.lo[index]!, hi);
  }

  /** Adds all segments of `other`; false, with what fitted kept, when the list is full. */
  append(other: SgList): boolean {
    for (let i = 0; i < other.count; i++) {
      if (!this.push(other.lo[i]!, other.hi[i]!, other.lengths[i]!)) return false;
    }
    return true;
  }

  /**
   * Adds the part of `other` that starts `offset` bytes in and is `length` bytes long.
   *
   * The part must lie inside `other`. False when this list is full.
   */
  appendRange(other: SgList, offset: number, length: number): boolean {
    assert(offset >= 0 && length >= 0 && offset + length <= other.byteLength, 'range inside list');
    let skip = offset;
    let left = length;
    for (let i = 0; left > 0; i++) {
      const have = other.lengths[i]!;
      if (skip >= have) {
        skip -= have;
        continue;
      }
      const take = Math.min(have - skip, left);
      const lo = other.lo[i]! + skip;
      const hi = other.hi[i]! + (lo > 0xffff_ffff ? 1 : 0);
      if (!this.push(lo >>> 0, hi >>> 0, take)) return false;
      skip = 0;
      left -= take;
    }
    return true;
  }

  #grow(): boolean {
    const capacity = this.lo.length * 2;
    if (this.lo.length >= MAX_SG_SEGMENTS) return false;
    const next = Math.min(capacity, MAX_SG_SEGMENTS);
    this.lo = grown(this.lo, next);
    this.hi = grown(this.hi, next);
    this.lengths = grown(this.lengths, next);
    return true;
  }
}

function grown(array: Uint32Array, capacity: number): Uint32Array {
  const larger = new Uint32Array(capacity);
  larger.set(array);
  return larger;
}
