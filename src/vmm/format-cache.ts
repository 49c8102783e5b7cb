/**
 * Formats of the namespaces behind a virtqueue, so that a question about one is answered at once.
 *
 * The whole list is asked for over the control queue before the guest runs, and again after each change; the controller hears of a change
 * only when the new list is here. Until then the old one answers, and the host refuses a command whose length no longer fits.
 */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NamespaceFormat } from '../interfaces/nvme-command-port.ts';
import { CONTROL_BYTES, ControlOp } from '../wire/nvme-virtqueue.ts';
import type { ControlQueue } from './control-queue.ts';

/** Asks for the list and keeps it. */
export class FormatCache {
  readonly #memory: GuestMemory;
  readonly #control: ControlQueue;
  readonly #page: number;
  readonly #room: number;
  readonly #words = new Int32Array(CONTROL_BYTES / 4);
  #formats = new Map<number, NamespaceFormat>();
  #arriving = new Map<number, NamespaceFormat>();
  #isAsking = false;
  #mustAskAgain = false;
  #waiting: (() => void)[] = [];

  /**
   * @param page address of the control queue's response page
   * @param pageBytes its size
   */
  constructor(memory: GuestMemory, control: ControlQueue, page: number, pageBytes: number) {
    this.#memory = memory;
    this.#control = control;
    this.#page = page;
    this.#room = pageBytes / CONTROL_BYTES - 1;
  }

  /** The format of a namespace in the list that is here. */
  get(nsid: number): NamespaceFormat | undefined {
    return this.#formats.get(nsid);
  }

  /** Asks for the list as it is now; `done` when it is here, or the control queue failed. */
  refresh(done: () => void): void {
    this.#waiting.push(done);
    if (this.#isAsking) {
      this.#mustAskAgain = true;
      return;
    }
    this.#isAsking = true;
    this.#arriving = new Map();
    this.#askFrom(0);
  }

  #askFrom(nsid: number): void {
    const answer = (count: number): void => this.#take(nsid, count);
    if (!this.#control.request(ControlOp.formats, nsid, 0, 0, answer, true)) answer(-1);
  }

  #take(after: number, count: number): void {
    let last = after;
    for (let i = 0; i < Math.min(count, this.#room); i++) {
      this.#memory.loadWords(this.#page + CONTROL_BYTES * (1 + i), this.#words, 0, 4);
      const nsid = this.#words[0]! >>> 0;
      const blockBytes = this.#words[1]! >>> 0;
      const metadataBytes = this.#words[2]! >>> 0;
      this.#arriving.set(nsid, { blockBytes, metadataBytes, extended: this.#words[3] === 1 });
      last = Math.max(last, nsid);
    }
    // A list that does not move on would be asked for without end.
    if (count >= this.#room && last > after && !this.#mustAskAgain) this.#askFrom(last);
    else this.#finish(count >= 0);
  }

  #finish(isAnswered: boolean): void {
    this.#isAsking = false;
    if (isAnswered && this.#mustAskAgain) {
      this.#mustAskAgain = false;
      this.#isAsking = true;
      this.#arriving = new Map();
      this.#askFrom(0);
      return;
    }
    this.#mustAskAgain = false;
    if (isAnswered) this.#formats = this.#arriving;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
