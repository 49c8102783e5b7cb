/** The protection information of a device, where a formatted disk has it beside its blocks. */
import { PI_BYTES } from './t10-pi.ts';

/** Tuples that lie together. */
const PAGE_TUPLES = 512;

/** Tuples by block; those that were never written are all ones, which switches all checks off. */
export class PiStore {
  readonly #pages = new Map<number, Uint8Array>();

  /** Copies the tuples of `count` blocks to `into[0 ..]`. */
  read(lba: number, count: number, into: Uint8Array): void {
    for (let done = 0; done < count; ) {
      const take = tuplesTogether(lba + done, count - done);
      const page = this.#pages.get(pageOf(lba + done));
      const at = done * PI_BYTES;
      const from = offsetOf(lba + done);
      for (let i = 0; i < take * PI_BYTES; i++)
        into[at + i] = page === undefined ? 0xff : page[from + i]!;
      done += take;
    }
  }

  /** Keeps `from[0 ..]` as the tuples of `count` blocks. */
  write(lba: number, count: number, from: Uint8Array): void {
    for (let done = 0; done < count; ) {
      const take = tuplesTogether(lba + done, count - done);
      const page = this.#pages.get(pageOf(lba + done)) ?? this.#make(pageOf(lba + done));
      const at = done * PI_BYTES;
      const into = offsetOf(lba + done);
      for (let i = 0; i < take * PI_BYTES; i++) page[into + i] = from[at + i]!;
      done += take;
    }
  }

  /** Switches the checks of `count` blocks off. */
  clear(lba: number, count: number): void {
    for (let done = 0; done < count; ) {
      const take = tuplesTogether(lba + done, count - done);
      const at = offsetOf(lba + done);
      this.#pages.get(pageOf(lba + done))?.fill(0xff, at, at + take * PI_BYTES);
      done += take;
    }
  }

  #make(index: number): Uint8Array {
    const page = new Uint8Array(PAGE_TUPLES * PI_BYTES).fill(0xff);
    this.#pages.set(index, page);
    return page;
  }
}

function pageOf(lba: number): number {
  return Math.floor(lba / PAGE_TUPLES);
}

/** Byte of a tuple in its page. */
function offsetOf(lba: number): number {
  return (lba % PAGE_TUPLES) * PI_BYTES;
}

/** How many of `left` tuples from this one on lie in one page. */
function tuplesTogether(lba: number, left: number): number {
  return Math.min(PAGE_TUPLES - (lba % PAGE_TUPLES), left);
}
