import { expect, it } from 'vitest';
import { judgeBio } from '../../src/block/bio-check.ts';
import { BioFlag, BioOp, BlkStatus, DEFAULT_LIMITS } from '../../src/interfaces/bio.ts';
import { type BioFields, makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();
const limits = { ...DEFAULT_LIMITS, logicalBlockSize: 1024, maxDiscardSectors: 64 };
const { ok, ioError, notSupported } = BlkStatus;
const { read, write, flush, discard, writeZeroes, driverIn } = BioOp;

it.each<[string, BioFields, BlkStatus]>([
  ['a read that ends with the device', { op: read, sector: 92, sectorCount: 8 }, ok],
  ['a read one block beyond', { op: read, sector: 94, sectorCount: 8 }, ioError],
  ['a read before the device', { op: read, sector: -2, sectorCount: 2 }, ioError],
  ['half a block', { op: read, sector: 0, sectorCount: 1 }, ioError],
  ['a start inside a block', { op: read, sector: 1, sectorCount: 2 }, ioError],
  ['a write of too little memory', { op: write, sectorCount: 4, runs: [[0, 1024]] }, ioError],
  ['a read of nothing', { op: read, sectorCount: 0 }, ioError],
  ['a write of nothing', { op: write, sectorCount: 0 }, ioError],
  ['an empty write with a flag', { op: write, sectorCount: 0, flags: BioFlag.preflush }, ok],
  ['a flush', { op: flush, sectorCount: 0 }, ok],
  ['a flush of a range', { op: flush, sectorCount: 2 }, ioError],
  ['a discard', { op: discard, sectorCount: 2 }, ok],
  ['write zeroes that the device lacks', { op: writeZeroes, sectorCount: 2 }, notSupported],
  ['a command of a driver', { op: driverIn, sectorCount: 2 }, notSupported],
])('judges %s', (_, fields, status) => {
  expect(judgeBio(limits, 100, makeBio(memory, fields))).toBe(status);
});

it('refuses discards where there are none', () => {
  const bio = makeBio(memory, { op: discard, sectorCount: 2 });
  expect(judgeBio(DEFAULT_LIMITS, 100, bio)).toBe(notSupported);
});
