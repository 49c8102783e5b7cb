/** A memory that writes down every access: for tests that prove what was touched. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';

/** One access that reached mapped or unmapped memory. */
export interface MemoryAccess {
  /** A write, or a read. */
  readonly write: boolean;
  /** First address. */
  readonly gpa: number;
  /** Bytes. */
  readonly length: number;
}

/** Passes everything on to another memory and logs it; shows no pages and no views, so that nothing escapes the log. */
export class RecordingMemory implements GuestMemory {
  /** What happened, in order; the caller may empty it. */
  readonly accesses: MemoryAccess[] = [];
  readonly #inner: GuestMemory;

  constructor(inner: GuestMemory) {
    this.#inner = inner;
  }

  isMapped(gpa: number, length: number): boolean {
    return this.#inner.isMapped(gpa, length);
  }

  read8(gpa: number): number {
    this.#note(false, gpa, 1);
    return this.#inner.read8(gpa);
  }

  read16(gpa: number): number {
    this.#note(false, gpa, 2);
    return this.#inner.read16(gpa);
  }

  read32(gpa: number): number {
    this.#note(false, gpa, 4);
    return this.#inner.read32(gpa);
  }

  write8(gpa: number, value: number): boolean {
    this.#note(true, gpa, 1);
    return this.#inner.write8(gpa, value);
  }

  write16(gpa: number, value: number): boolean {
    this.#note(true, gpa, 2);
    return this.#inner.write16(gpa, value);
  }

  write32(gpa: number, value: number): boolean {
    this.#note(true, gpa, 4);
    return this.#inner.write32(gpa, value);
  }

  load(gpa: number, into: Uint8Array, at: number, length: number): boolean {
    this.#note(false, gpa, length);
    return this.#inner.load(gpa, into, at, length);
  }

  store(gpa: number, from: Uint8Array, at: number, length: number): boolean {
    this.#note(true, gpa, length);
    return this.#inner.store(gpa, from, at, length);
  }

  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean {
    this.#note(false, gpa, 4 * count);
    return this.#inner.loadWords(gpa, into, at, count);
  }

  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean {
    this.#note(true, gpa, 4 * count);
    return this.#inner.storeWords(gpa, from, at, count);
  }

  fill(gpa: number, value: number, length: number): boolean {
    this.#note(true, gpa, length);
    return this.#inner.fill(gpa, value, length);
  }

  pageForRead(): Uint8Array | undefined {
    return undefined;
  }

  pageForWrite(): Uint8Array | undefined {
    return undefined;
  }

  view(): Uint8Array | undefined {
    return undefined;
  }

  #note(write: boolean, gpa: number, length: number): void {
    this.accesses.push({ write, gpa, length });
  }
}
