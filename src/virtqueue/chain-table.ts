/** What a driver side knows of its chains: the free list, and the token and extent of each chain in flight. */
import { NO_TOKEN } from '../interfaces/virtqueue.ts';

/**
 * Descriptors of a split ring, or buffer ids of a packed one, with the free list in the order of Linux: last freed chain first, each in its own
 * order. All of it is private to the driver, so that what a device scribbles into the ring bends nothing here.
 *
 * The queue reads the fields on its hot path; only the methods write them, but for the token and the capacity of a chain just taken.
 */
export class ChainTable {
  /** How many there are. */
  readonly size: number;
  /** The free list and, within a chain, its order. */
  readonly next: Uint16Array;
  /** Four words for each head or id: token or NO_TOKEN; last of the chain; how many it takes; 1 when it is an indirect table. */
  readonly words: Int32Array;
  /** With inOrder, by head or id: bytes that the device may write. */
  readonly capacities: Float64Array;
  /** First of the free list. */
  freeHead = 0;
  /** Length of the free list. */
  numFree: number;
  readonly #inOrder: boolean;

  /** @param inOrder chains come back in the order in which they were taken, and the list stays a ring */
  constructor(size: number, inOrder: boolean) {
    this.size = size;
    this.next = new Uint16Array(size);
    for (let i = 0; i < size - 1; i++) this.next[i] = i + 1;
    this.words = new Int32Array(size << 2);
    for (let id = 0; id < size; id++) this.words[id << 2] = NO_TOKEN;
    this.capacities = new Float64Array(inOrder ? size : 0);
    this.numFree = size;
    this.#inOrder = inOrder;
  }

  /** A chain takes the free list from its head up to `tail`; `freeHead` is what follows. The token is to be set. */
  take(tail: number, count: number, freeHead: number): void {
    const at = this.freeHead << 2;
    const words = this.words;
    words[at + 1] = tail;
    words[at + 2] = count;
    words[at + 3] = 0;
    this.numFree -= count;
    this.freeHead = freeHead;
  }

  /** The chain goes back to the front of the free list. Returns its token. */
  free(id: number): number {
    const at = id << 2;
    const words = this.words;
    const token = words[at]!;
    words[at] = -1;
    this.numFree += words[at + 2]!;
    if (!this.#inOrder) {
      this.next[words[at + 1]!] = this.freeHead;
      this.freeHead = id;
    }
    return token;
  }

  /** The lowest head or id of a chain in flight, or -1. */
  lowest(): number {
    for (let id = 0; id < this.size; id++) if (this.words[id << 2]! >= 0) return id;
    return -1;
  }

  /** After all chains were freed and the ring starts over: the order of the list stays, but for inOrder, which begins at 0. */
  restart(): void {
    if (this.#inOrder) this.freeHead = 0;
  }
}
