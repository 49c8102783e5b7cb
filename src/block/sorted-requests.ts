/** Requests in the order of their first sector, to find neighbours: what merging and elevators need. */
import type { BlkRequest } from './blk-request.ts';

/** How many requests that begin before a sector are asked whether they end there; overlapping ones may hide a neighbour further back. */
const LOOK_BACK = 8;

/** A sorted array that grows to the most requests that it ever held and allocates nothing after that. */
export class SortedRequests {
  readonly #items: BlkRequest[] = [];
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a request behind those that begin at the same sector. */
  insert(request: BlkRequest): void {
    const at = this.#after(request.sector);
    for (let i = this.#count; i > at; i--) this.#items[i] = this.#items[i - 1]!;
    this.#items[at] = request;
    this.#count += 1;
  }

  /** Takes a request out; its `sector` is the one that it was inserted with. */
  remove(request: BlkRequest): void {
    this.#count -= 1;
    for (let i = this.#indexOf(request); i < this.#count; i++) this.#items[i] = this.#items[i + 1]!;
  }

  /** The request that follows this one. */
  next(request: BlkRequest): BlkRequest | undefined {
    return this.at(this.#indexOf(request) + 1);
  }

  /** The request before this one. */
  previous(request: BlkRequest): BlkRequest | undefined {
    return this.at(this.#indexOf(request) - 1);
  }

  /** The first request that begins at `sector` or behind it. */
  from(sector: number): BlkRequest | undefined {
    return this.at(this.#after(sector - 1));
  }

  /** The first request that begins at `sector`. */
  startingAt(sector: number): BlkRequest | undefined {
    const found = this.from(sector);
    return found?.sector === sector ? found : undefined;
  }

  /** A request that ends where `sector` begins. */
  endingAt(sector: number): BlkRequest | undefined {
    const last = this.#after(sector - 1) - 1;
    for (let i = last; i >= 0 && i > last - LOOK_BACK; i--) {
      const request = this.#items[i]!;
      if (request.sector + request.sectorCount === sector) return request;
    }
    return undefined;
  }

  /** The request at a place, 0 for the lowest. */
  at(index: number): BlkRequest | undefined {
    return index >= 0 && index < this.#count ? this.#items[index] : undefined;
  }

  #indexOf(request: BlkRequest): number {
    let at = this.#after(request.sector - 1);
    while (at < this.#count && this.#items[at] !== request) at += 1;
    return at;
  }

  /** The place behind all that begin at `sector` or before. */
  #after(sector: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#items[middle]!.sector <= sector) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
