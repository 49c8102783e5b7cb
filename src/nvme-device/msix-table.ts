/** The MSI-X table and pending bits of a function. PCI Local Bus 3.0, 6.8.2. */

/** Bytes of one table entry. */
const ENTRY_WORDS = 4;
const CONTROL_WORD = 3;

/** Keeps what the host wrote, masks and pending bits. Every vector starts masked. */
export class MsixTable {
  /** How many vectors. */
  readonly count: number;
  /** MSI-X is enabled in the capability. */
  enabled = false;
  /** All vectors are masked by the capability. */
  functionMasked = false;
  readonly #words: Int32Array;
  readonly #pending: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.#words = new Int32Array(count * ENTRY_WORDS);
    this.#pending = new Int32Array(2 * Math.ceil(count / 64));
    this.reset();
  }

  /** Bytes of the table. */
  get tableBytes(): number {
    return this.#words.length * 4;
  }

  /** Bytes of the pending bit array. */
  get pendingBytes(): number {
    return this.#pending.length * 4;
  }

  /** As at power-on. */
  reset(): void {
    this.enabled = false;
    this.functionMasked = false;
    this.#words.fill(0);
    this.#pending.fill(0);
    for (let i = CONTROL_WORD; i < this.#words.length; i += ENTRY_WORDS) this.#words[i] = 1;
  }

  /** Reads a word of the table; `at` is a multiple of 4 inside it. */
  readTable(at: number): number {
    return this.#words[at >>> 2]! >>> 0;
  }

  /** Writes a word of the table; reserved bits of vector control stay 0. */
  writeTable(at: number, value: number): void {
    const word = at >>> 2;
    this.#words[word] = word % ENTRY_WORDS === CONTROL_WORD ? value & 1 : value;
  }

  /** Reads a word of the pending bit array. */
  readPending(at: number): number {
    return this.#pending[at >>> 2]! >>> 0;
  }

  /** May the vector send its message now? */
  canSend(vector: number): boolean {
    const control = this.#words[vector * ENTRY_WORDS + CONTROL_WORD]!;
    return this.enabled && !this.functionMasked && (control & 1) === 0;
  }

  /** Sets or clears a pending bit. */
  setPending(vector: number, isPending: boolean): void {
    const bit = 1 << (vector & 31);
    if (isPending) this.#pending[vector >>> 5]! |= bit;
    else this.#pending[vector >>> 5]! &= ~bit;
  }

  /** Is the message of the vector held back? */
  isPending(vector: number): boolean {
    return ((this.#pending[vector >>> 5]! >>> (vector & 31)) & 1) !== 0;
  }
}
