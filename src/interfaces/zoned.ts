/** Zoned block devices: what a driver says of its zones. Names follow `struct blk_zone`. */

/** What may be written to a zone. */
export const ZoneType = {
  /** Anything, anywhere. */
  conventional: 1,
  /** Only at its write pointer. */
  sequential: 2,
} as const;
/** One of {@link ZoneType}. */
export type ZoneType = (typeof ZoneType)[keyof typeof ZoneType];

/** State of a zone. ZBC-2, 4.4.3.2; ZNS Command Set 1.1, 2.1.1.3. */
export const ZoneCondition = {
  /** A conventional zone. */
  notWritePointer: 0,
  empty: 1,
  /** A write opened it. */
  implicitOpen: 2,
  explicitOpen: 3,
  /** Written in part, and holding none of the resources of an open zone. */
  closed: 4,
  full: 14,
} as const;
/** One of {@link ZoneCondition}. */
export type ZoneCondition = (typeof ZoneCondition)[keyof typeof ZoneCondition];

/** What is known of a zone; all in 512-byte sectors. */
export interface Zone {
  startSector: number;
  sectorCount: number;
  /** Sectors that can be written, from the start. */
  capacitySectors: number;
  /** Where the next write goes; the end of the zone when it is full or conventional. */
  writePointer: number;
  type: ZoneType;
  condition: ZoneCondition;
}

/** A driver that has zones. They cover the device from its start, all of one size but for the last one, which may be smaller. */
export interface ZoneReporter {
  /** Sectors of a zone. */
  readonly zoneSectors: number;
  readonly zoneCount: number;
  /** Most zones that are open at once; 0 for no limit. */
  readonly maxOpenZones: number;
  /** Most zones that are open or closed at once; 0 for no limit. */
  readonly maxActiveZones: number;
  /** Fills `into` with what zone `index` is now. */
  reportZone(index: number, into: Zone): void;
}
