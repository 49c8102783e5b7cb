/**
 * Guest memory through a memory table, access by access: for a shared memory that shows no stable bytes (a recording one).
 * Guest addresses that the table does not name are unmapped.
 */
import { type GuestMemory, UNMAPPED } from '../interfaces/guest-memory.ts';
import type { VhostMemoryRegion } from '../interfaces/vhost.ts';

/** A {@link GuestMemory} that translates by a table and keeps the region that was hit last at hand. */
export class TableMemory implements GuestMemory {
  readonly #inner: GuestMemory;
  readonly #regions: readonly VhostMemoryRegion[];
  #last: VhostMemoryRegion;

  /** @param regions at least one, no two of which overlap */
  constructor(inner: GuestMemory, regions: readonly VhostMemoryRegion[]) {
    this.#inner = inner;
    this.#regions = [...regions].sort((a, b) => a.guestAddress - b.guestAddress);
    this.#last = this.#regions[0]!;
  }

  isMapped(gpa: number, length: number): boolean {
    let at = gpa;
    let left = length;
    while (left > 0) {
      const region = this.#find(at);
      if (region === undefined) return false;
      const have = Math.min(left, region.guestAddress + region.size - at);
      if (!this.#inner.isMapped(at - region.guestAddress + region.userAddress, have)) return false;
      at += have;
      left -= have;
    }
    return true;
  }

  read8(gpa: number): number {
    const at = this.#translate(gpa, 1);
    return at < 0 ? UNMAPPED : this.#inner.read8(at);
  }

  read16(gpa: number): number {
    const at = this.#translate(gpa, 2);
    if (at >= 0) return this.#inner.read16(at);
    const high = this.read8(gpa + 1);
    const low = this.read8(gpa);
    return low < 0 || high < 0 ? UNMAPPED : low | (high << 8);
  }

  read32(gpa: number): number {
    const at = this.#translate(gpa, 4);
    if (at >= 0) return this.#inner.read32(at);
    const high = this.read16(gpa + 2);
    const low = this.read16(gpa);
    return low < 0 || high < 0 ? UNMAPPED : (low | (high << 16)) >>> 0;
  }

  write8(gpa: number, value: number): boolean {
    const at = this.#translate(gpa, 1);
    return at >= 0 && this.#inner.write8(at, value);
  }

  write16(gpa: number, value: number): boolean {
    const at = this.#translate(gpa, 2);
    if (at >= 0) return this.#inner.write16(at, value);
    if (!this.isMapped(gpa, 2)) return false;
    return this.write8(gpa, value & 0xff) && this.write8(gpa + 1, (value >>> 8) & 0xff);
  }

  write32(gpa: number, value: number): boolean {
    const at = this.#translate(gpa, 4);
    if (at >= 0) return this.#inner.write32(at, value);
    if (!this.isMapped(gpa, 4)) return false;
    return this.write16(gpa, value & 0xffff) && this.write16(gpa + 2, value >>> 16);
  }

  load(gpa: number, into: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const take = Math.min(length - done, region.guestAddress + region.size - gpa - done);
      const from = gpa + done - region.guestAddress + region.userAddress;
      if (!this.#inner.load(from, into, at + done, take)) return false;
      done += take;
    }
    return true;
  }

  store(gpa: number, from: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const take = Math.min(length - done, region.guestAddress + region.size - gpa - done);
      const to = gpa + done - region.guestAddress + region.userAddress;
      if (!this.#inner.store(to, from, at + done, take)) return false;
      done += take;
    }
    return true;
  }

  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean {
    const from = this.#translate(gpa, 4 * count);
    if (from >= 0) return this.#inner.loadWords(from, into, at, count);
    if (!this.isMapped(gpa, 4 * count)) return false;
    for (let i = 0; i < count; i++) into[at + i] = this.read32(gpa + 4 * i);
    return true;
  }

  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean {
    const to = this.#translate(gpa, 4 * count);
    if (to >= 0) return this.#inner.storeWords(to, from, at, count);
    if (!this.isMapped(gpa, 4 * count)) return false;
    for (let i = 0; i < count; i++) this.write32(gpa + 4 * i, from[at + i]! >>> 0);
    return true;
  }

  fill(gpa: number, value: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      const region = this.#find(gpa + done)!;
      const take = Math.min(length - done, region.guestAddress + region.size - gpa - done);
      const at = gpa + done - region.guestAddress + region.userAddress;
      if (!this.#inner.fill(at, value, take)) return false;
      done += take;
    }
    return true;
  }

  pageForRead(gpa: number): Uint8Array | undefined {
    const at = this.#translate(gpa, 4096);
    return at < 0 || at % 4096 !== 0 ? undefined : this.#inner.pageForRead(at);
  }

  pageForWrite(gpa: number): Uint8Array | undefined {
    const at = this.#translate(gpa, 4096);
    return at < 0 || at % 4096 !== 0 ? undefined : this.#inner.pageForWrite(at);
  }

  view(gpa: number, length: number): Uint8Array | undefined {
    const at = this.#translate(gpa, length);
    return at < 0 ? undefined : this.#inner.view(at, length);
  }

  /** Where the range lies in the inner memory when one region holds all of it; otherwise -1. */
  #translate(gpa: number, length: number): number {
    const region = this.#find(gpa);
    if (region === undefined || gpa + length > region.guestAddress + region.size) return -1;
    return gpa - region.guestAddress + region.userAddress;
  }

  #find(gpa: number): VhostMemoryRegion | undefined {
    const last = this.#last;
    if (gpa >= last.guestAddress && gpa < last.guestAddress + last.size) return last;
    for (const region of this.#regions) {
      if (gpa < region.guestAddress || gpa >= region.guestAddress + region.size) continue;
      this.#last = region;
      return region;
    }
    return undefined;
  }
}
