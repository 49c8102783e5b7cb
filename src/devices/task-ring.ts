/** A ring of things that wait, which grows only with what its users have in flight. */

/** First in, first out. */
export class TaskRing<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  #head = 0;
  #count = 0;

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Adds one at the end. */
  push(item: T): void {
    if (this.#count === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#count) & (this.#items.length - 1)] = item;
    this.#count += 1;
  }

  /** Takes the first one. */
  shift(): T | undefined {
    if (this.#count === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#count -= 1;
    return item;
  }

  #grow(): void {
    const old = this.#items;
    const larger = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) larger[i] = old[(this.#head + i) & (old.length - 1)];
    this.#items = larger;
    this.#head = 0;
  }
}
