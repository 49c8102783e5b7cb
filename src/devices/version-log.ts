/**
 * What a volatile cache would lose: for each sector that is not durable, its bytes before each write since it last was.
 *
 * Records lie in arrays that grow up to a limit and are then used again; a table with open addressing finds the newest record of a sector.
 */
import { assert } from '../base/assert.ts';
import { RegionMemory } from '../memory/region-memory.ts';

/** There is no older record: the one before holds the durable bytes. */
export const NO_RECORD = -1;

/** Records by sector, newest first. */
export class VersionLog {
  /** Most records. */
  readonly capacity: number;
  readonly #sectorBytes: number;
  /** Position in the table -> sector + 1, 0 when free. */
  readonly #keys: Float64Array;
  /** Position in the table -> newest record of the sector, or {@link NO_RECORD}. */
  readonly #newest: Int32Array;
  /** Places in the table that are taken, so that clearing costs no more than filling did. */
  readonly #places: Int32Array;
  #placeCount = 0;
  /** Record -> the record before it of the same sector. */
  readonly #older: Int32Array;
  /** Record -> first record of the write that it belongs to. */
  readonly #writes: Int32Array;
  /** All records, one after the other; record `r` begins at address `r * sectorBytes`. Another one after `add`. */
  memory: RegionMemory;
  #recordCount = 0;

  /** @param capacity how many writes of one sector it holds */
  constructor(sectorBytes: number, capacity: number) {
    assert(capacity >= 1 && capacity <= 2 ** 24, 'a log holds 1 .. 2^24 records');
    const tableSize = 2 ** (32 - Math.clz32(capacity * 2 - 1));
    this.capacity = capacity;
    this.#sectorBytes = sectorBytes;
    this.#keys = new Float64Array(tableSize);
    this.#newest = new Int32Array(tableSize);
    this.#places = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#writes = new Int32Array(capacity);
    this.memory = new RegionMemory([{ base: 0, size: sectorBytes * Math.min(capacity, 64) }]);
  }

  /** Sectors that were written since the log was cleared. */
  get sectorCount(): number {
    return this.#placeCount;
  }

  /** How many writes still fit. */
  get room(): number {
    return this.capacity - this.#recordCount;
  }

  /** The sector at position 0 .. `sectorCount - 1`, in the order of first writes. */
  sectorAt(position: number): number {
    return this.#keys[this.#places[position]!]! - 1;
  }

  /** The newest record of the sector at a position, or {@link NO_RECORD} when it is durable as it stands. */
  newestAt(position: number): number {
    return this.#newest[this.#places[position]!]!;
  }

  /** The record before `record` of the same sector, or {@link NO_RECORD}. */
  olderThan(record: number): number {
    return this.#older[record]!;
  }

  /** The write that a record belongs to, as the number of its first record: later writes have larger numbers. */
  writeOf(record: number): number {
    return this.#writes[record]!;
  }

  /**
   * Makes a record for a write of `sector`; the caller stores the bytes before the write in it. Records follow one another.
   *
   * @param first record of the write, when this is not it
   */
  add(sector: number, first = this.#recordCount): number {
    assert(this.#recordCount < this.capacity, 'the version log has room');
    const record = this.#recordCount;
    this.#recordCount += 1;
    if (this.#recordCount * this.#sectorBytes > this.memory.regions[0]!.size) this.#grow();
    let place = this.#find(sector);
    if (this.#keys[place] === 0) place = this.#enter(place, sector);
    this.#older[record] = this.#newest[place]!;
    this.#newest[place] = record;
    this.#writes[record] = first;
    return record;
  }

  /** The sector became durable as it stands. */
  settle(sector: number): void {
    const place = this.#find(sector);
    if (this.#keys[place] !== 0) this.#newest[place] = NO_RECORD;
  }

  /** All became durable. */
  clear(): void {
    for (let i = 0; i < this.#placeCount; i++) this.#keys[this.#places[i]!] = 0;
    this.#placeCount = 0;
    this.#recordCount = 0;
  }

  #enter(place: number, sector: number): number {
    this.#keys[place] = sector + 1;
    this.#newest[place] = NO_RECORD;
    this.#places[this.#placeCount] = place;
    this.#placeCount += 1;
    return place;
  }

  /** Where the sector is, or where it would go. */
  #find(sector: number): number {
    const mask = this.#keys.length - 1;
    let place = (Math.imul(sector >>> 0, 0x9e37_79b1) >>> 8) & mask;
    while (this.#keys[place] !== 0 && this.#keys[place] !== sector + 1) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const { bytes } = this.memory.regions[0]!;
    const limit = this.capacity * this.#sectorBytes;
    const larger = new Uint8Array(Math.min(bytes.length * 2, limit));
    larger.set(bytes);
    this.memory = new RegionMemory([{ base: 0, bytes: larger }]);
  }
}
