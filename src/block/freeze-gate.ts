/** The gate of a queue that can be frozen: bios wait outside while those that are inside end. */
import { assert } from '../base/assert.ts';
import type { BioLedger } from './bio-ledger.ts';
import { type BioWalk, BioWalkList } from './bio-walk.ts';

/** Closes and opens; it nests. */
export class FreezeGate {
  readonly #ledger: BioLedger;
  readonly #enter: (walk: BioWalk) => void;
  readonly #outside = new BioWalkList();
  #outsideCount = 0;
  #depth = 0;

  /** @param enter lets a bio in that waited */
  constructor(ledger: BioLedger, enter: (walk: BioWalk) => void) {
    this.#ledger = ledger;
    this.#enter = enter;
  }

  /** Nobody gets in. */
  get isClosed(): boolean {
    return this.#depth > 0;
  }

  /** Keeps a bio until the gate opens. */
  hold(walk: BioWalk): void {
    this.#outside.push(walk);
    this.#outsideCount += 1;
  }

  /** Closes; `done`, that of the outermost call, is called once, when nobody is inside. */
  close(done: () => void): void {
    this.#depth += 1;
    if (this.#depth > 1) return;
    const check = (): void => {
      if (this.#ledger.inFlight > this.#outsideCount) return;
      this.#ledger.onEnd = undefined;
      done();
    };
    this.#ledger.onEnd = check;
    check();
  }

  /** The outermost call lets in those that waited, first come first. */
  open(): void {
    assert(this.#depth > 0, 'unfreeze follows a freeze');
    this.#depth -= 1;
    while (this.#depth === 0 && this.#outside.head !== undefined) {
      const walk = this.#outside.shift()!;
      this.#outsideCount -= 1;
      this.#enter(walk);
    }
  }
}
