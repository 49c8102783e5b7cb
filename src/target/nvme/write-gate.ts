/** Keeps writers of one namespace out while a fused pair is between its two halves. NVM Command Set 1.0, 2.1.6. */

/** Somebody who writes, or a pair; told when its turn comes, unless that is at once. */
export interface Writer {
  /** Its turn has come; never called inside `enter`. */
  readonly resume: () => void;
  /** It is a pair, which wants to be alone. */
  readonly isPair: boolean;
}

/** Lets any number of writers in, or one pair alone, in the order in which they came. */
export class WriteGate {
  #inside = 0;
  #pairInside = false;
  readonly #waiting: Writer[] = [];

  /** True when the writer is in; otherwise it waits. */
  enter(writer: Writer): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoomFor(writer)) {
      this.#waiting.push(writer);
      return false;
    }
    this.#admit(writer);
    return true;
  }

  /** A writer or a pair that was in goes out; those whose turn comes are told. */
  leave(): void {
    this.#inside -= 1;
    this.#pairInside = false;
    while (this.#waiting.length > 0 && this.#hasRoomFor(this.#waiting[0]!)) {
      const next = this.#waiting.shift()!;
      this.#admit(next);
      next.resume();
    }
  }

  #hasRoomFor({ isPair }: Writer): boolean {
    return !this.#pairInside && (!isPair || this.#inside === 0);
  }

  #admit({ isPair }: Writer): void {
    this.#inside += 1;
    this.#pairInside = isPair;
  }
}
