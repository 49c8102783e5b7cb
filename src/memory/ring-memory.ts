/** The two forms of ring memory: on typed arrays, and as calls. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';

/** A ring on typed arrays: the fast form, for a memory with stable bytes. */
export class TypedRing implements RingMemory {
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;

  /** @param bytes the bytes of the ring, at a multiple of 4 of their buffer */
  constructor(bytes: Uint8Array) {
    this.#halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 1);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  }

  get16(at: number): number {
    return this.#halves[at >>> 1]!;
  }

  get32(at: number): number {
    return this.#words[at >>> 2]!;
  }

  set16(at: number, value: number): void {
    this.#halves[at >>> 1] = value;
  }

  set32(at: number, value: number): void {
    this.#words[at >>> 2] = value;
  }
}

/** A ring through calls to a memory: for recording, translation, remote or interleaved memories. */
export class CallRing implements RingMemory {
  readonly #memory: GuestMemory;
  readonly #base: number;

  constructor(memory: GuestMemory, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  get16(at: number): number {
    const value = this.#memory.read16(this.#base + at);
    return Math.max(value, 0);
  }

  get32(at: number): number {
    const value = this.#memory.read32(this.#base + at);
    return Math.max(value, 0);
  }

  set16(at: number, value: number): void {
    this.#memory.write16(this.#base + at, value);
  }

  set32(at: number, value: number): void {
    this.#memory.write32(this.#base + at, value);
  }
}

/** The ring at `gpa` on typed arrays; `undefined` when the range is not stable bytes of one region, or the host is big-endian. */
export function typedRing(
  memory: GuestMemory,
  gpa: number,
  byteLength: number,
): RingMemory | undefined {
  const bytes = memory.view(gpa, byteLength);
  if (bytes === undefined || !hostIsLittleEndian || bytes.byteOffset % 4 !== 0) return undefined;
  return new TypedRing(bytes);
}

/** The ring at `gpa` through calls; `undefined` when the range is not wholly mapped. */
export function callRing(
  memory: GuestMemory,
  gpa: number,
  byteLength: number,
): RingMemory | undefined {
  return memory.isMapped(gpa, byteLength) ? new CallRing(memory, gpa) : undefined;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
