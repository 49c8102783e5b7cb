/** The attributes of a LIO device that change what its unit does, and the geometry and durability that follow from them. */
import type { Geometry } from '../interfaces/target.ts';

/** What the core looks at. All else that a device has (see `config/`) is carried for those who read it. */
export interface UnitAttributes {
  /** `emulate_write_cache`: a write cache is reported. */
  readonly writeCache: boolean;
  /** `emulate_fua_write`: FUA is honoured; without it the bit is not looked at. */
  readonly fuaWrite: boolean;
  /** `emulate_tpu`: unmap is offered, where the backend can. */
  readonly unmap: boolean;
  /** `emulate_tpws`: write zeroes may deallocate. */
  readonly unmapByZeroes: boolean;
  /** `max_unmap_lba_count`: most blocks of one unmap; 0 is no limit. */
  readonly maxUnmapBlocks: number;
  /** `max_write_same_len`: most blocks of one write zeroes; with 0 it is not offered. */
  readonly maxZeroBlocks: number;
  /** `hw_max_sectors`: most blocks of one read or write, where the backend takes more. */
  readonly maxTransferBlocks: number;
}

/** What a unit reports: what its backend can, as far as its attributes let it. */
export function geometryWith(below: Geometry, attributes: UnitAttributes | undefined): Geometry {
  if (attributes === undefined) return below;
  return {
    ...below,
    maxTransferBlocks: Math.min(below.maxTransferBlocks, attributes.maxTransferBlocks),
    writeCache: attributes.writeCache,
    fua: attributes.fuaWrite,
    unmap: below.unmap && attributes.unmap,
    writeZeroes: below.writeZeroes && attributes.maxZeroBlocks > 0,
  };
}

/** When a write is on stable storage. */
export const Durable = {
  /** The backend has no cache: when it ends, and nothing is to be done for it. */
  always: 0,
  /** When it ends: the core asks the backend for FUA, or flushes after it. */
  atEnd: 1,
  /** After the next flush. */
  afterFlush: 2,
} as const;
/** One of {@link Durable}. */
export type Durable = (typeof Durable)[keyof typeof Durable];

/**
 * The write-cache truth table. A unit never claims to be without a cache and loses what it ended: where none is reported over a
 * backend that has one, every write is durable when it ends, whatever else is set.
 *
 * @param cacheBelow the backend has a volatile write cache
 * @param reported the unit reports one
 * @param fuaWrite FUA is honoured
 * @param fua the command has the FUA bit
 */
export function durableWhen(
  cacheBelow: boolean,
  reported: boolean,
  fuaWrite: boolean,
  fua: boolean,
): Durable {
  if (!cacheBelow) return Durable.always;
  if (!reported || (fuaWrite && fua)) return Durable.atEnd;
  return Durable.afterFlush;
}
