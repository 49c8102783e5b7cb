/** What a driver side knows of its chains: the free list, and the token and extent of each chain in flight. */
import { NO_TOKEN } from '../interfaces/virtqueue.ts';
import type { StateReader } from './saved-state.ts';

/** Saved `ChainTable`. */
export interface ChainTableState {
  readonly next: readonly number[];
  readonly freeHead: number;
  readonly numFree: number;
  /** By head or id. */
  readonly tokens: readonly number[];
  readonly tails: readonly number[];
  readonly counts: readonly number[];
  /** 1 for an indirect table. */
  readonly tables: readonly number[];
  readonly capacities: readonly number[];
}

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

  /** A chain takes the first of the free list alone, for an indirect table. The token is to be set. */
  takeTable(): void {
    const head = this.freeHead;
    this.take(head, 1, this.next[head]!);
    this.words[(head << 2) + 3] = 1;
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

  /** Plain data. */
  save(): ChainTableState {
    const column = (at: number): number[] =>
      Array.from({ length: this.size }, (_, id) =>
        Math.max(at === 0 ? -1 : 0, this.words[(id << 2) + at]!),
      );
    return {
      next: [...this.next],
      freeHead: this.freeHead,
      numFree: this.numFree,
      tokens: column(0),
      tails: column(1),
      counts: column(2),
      tables: column(3),
      capacities: [...this.capacities],
    };
  }

  /**
   * A table from untrusted data.
   *
   * @throws ConfigError unless chains and free list share out all descriptors, each once
   */
  static restore(from: StateReader, size: number, inOrder: boolean): ChainTable {
    const table = new ChainTable(size, inOrder);
    const last = size - 1;
    table.next.set(from.ints('next', size, 0, last));
    table.freeHead = from.int('freeHead', 0, last);
    table.numFree = from.int('numFree', 0, size);
    const columns = [
      from.ints('tokens', size, NO_TOKEN, 0x7fff_ffff),
      from.ints('tails', size, 0, last),
      from.ints('counts', size, 0, size),
      from.ints('tables', size, 0, 1),
    ];
    table.capacities.set(
      from.ints('capacities', table.capacities.length, 0, Number.MAX_SAFE_INTEGER),
    );
    for (let id = 0; id < size; id++) {
      for (let at = 0; at < 4; at++) table.words[(id << 2) + at] = columns[at]![id]!;
    }
    const seen = new Uint8Array(size);
    const walk = (start: number, count: number): number => {
      let at = start;
      let end = start;
      for (let i = 0; i < count; i++) {
        if (seen[at] === 1) from.refuse('next', 'chains and free list that do not meet');
        seen[at] = 1;
        end = at;
        at = table.next[at]!;
      }
      return end;
    };
    walk(table.freeHead, table.numFree);
    let taken = table.numFree;
    for (let id = 0; id < size; id++) {
      if (table.words[id << 2]! < 0) continue;
      const count = table.words[(id << 2) + 2]!;
      if (count === 0) from.refuse('counts', 'a chain in flight of one descriptor or more');
      if (walk(id, count) !== table.words[(id << 2) + 1]) {
        from.refuse('tails', 'the last descriptor of each chain');
      }
      taken += count;
    }
    if (taken !== size) from.refuse('numFree', 'all descriptors, free or in flight');
    if (inOrder && !table.next.every((value, at) => value === (at + 1) % size)) {
      from.refuse('next', 'a ring');
    }
    return table;
  }
}
