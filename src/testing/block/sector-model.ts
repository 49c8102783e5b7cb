/**
 * What a device may hold, sector by sector: the model that compliance suites compare with.
 *
 * Each write gives its sectors a version of their own. Of each sector the model keeps the version that is durable for certain and all
 * that were written since, so that it knows what reads must show and what may be left after a power cut.
 */
import { BlockLaw, blockLaw } from './block-laws.ts';

interface SectorState {
  /** The durable version, then all that were written since, in order. */
  versions: number[];
  /** The newest version whose write has ended. */
  current: number;
}

/** What was known when a flush was submitted. */
export type FlushMark = ReadonlyMap<number, number>;

/** Versions by sector; a sector that was never written holds version 0, zeroes. */
export class SectorModel {
  readonly #sectors = new Map<number, SectorState>();
  #lastVersion = 0;

  /** Begins a write: its version. From here on a power cut may leave it. */
  begin(sector: number, count: number): number {
    this.#lastVersion += 1;
    for (let i = 0; i < count; i++) this.#state(sector + i).versions.push(this.#lastVersion);
    return this.#lastVersion;
  }

  /** A write ended well. */
  end(sector: number, count: number, version: number, isDurable: boolean): void {
    for (let i = 0; i < count; i++) {
      const state = this.#state(sector + i);
      state.current = version;
      if (isDurable) dropBefore(state, version);
    }
  }

  /** A flush is submitted: what had ended by now will be durable. */
  mark(): FlushMark {
    return new Map([...this.#sectors].map(([sector, { current }]) => [sector, current]));
  }

  /** The flush ended well. */
  flushed(mark: FlushMark): void {
    for (const [sector, version] of mark) dropBefore(this.#state(sector), version);
  }

  /** The version that a read of the sector must show when no write of it is in flight. */
  current(sector: number): number {
    return this.#sectors.get(sector)?.current ?? 0;
  }

  /** Takes over what a power cut left of a sector; throws when that may not be. */
  settle(sector: number, version: number | undefined): void {
    const state = this.#state(sector);
    const what = `sector ${sector} holds ${version}, not one of ${state.versions.join(' ')}`;
    blockLaw(version !== undefined, BlockLaw.wholeSectors, what);
    blockLaw(state.versions.includes(version), BlockLaw.durability, what);
    state.versions = [version];
    state.current = version;
  }

  #state(sector: number): SectorState {
    let state = this.#sectors.get(sector);
    if (state === undefined) {
      state = { versions: [0], current: 0 };
      this.#sectors.set(sector, state);
    }
    return state;
  }
}

function dropBefore(state: SectorState, version: number): void {
  const at = state.versions.indexOf(version);
  if (at > 0) state.versions.splice(0, at);
}

/** Fills one sector with a version: its number and the sector's, over and over; version 0 is zeroes. */
export function paint(
  into: Uint8Array,
  at: number,
  bytes: number,
  sector: number,
  version: number,
): void {
  for (let i = 0; i < bytes; i++) into[at + i] = byteOf(i, sector, version);
}

/** The version that one sector shows; `undefined` when it is torn or belongs elsewhere. */
export function versionOf(
  from: Uint8Array,
  at: number,
  bytes: number,
  sector: number,
): number | undefined {
  const version = from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
  for (let i = 0; i < bytes; i++) {
    if (from[at + i] !== byteOf(i, sector, version)) return undefined;
  }
  return version;
}

function byteOf(index: number, sector: number, version: number): number {
  if (version === 0) return 0;
  const word = (index & 4) === 0 ? version : sector;
  return (word >>> (8 * (index & 3))) & 0xff;
}
