import { expect, it } from 'vitest';
import { judgeBio } from '../../src/block/bio-check.ts';
import { BioFlag, BioOp, BlkStatus, DEFAULT_LIMITS } from '../../src/interfaces/bio.ts';
import { type BioFields, makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();
const { ok, ioError, notSupported } = BlkStatus;
const judge = (fields: BioFields, limits = {}): BlkStatus =>
  judgeBio({ ...DEFAULT_LIMITS, ...limits }, 64, makeBio(memory, fields));

it.each([
  [{ sector: 56 }, ok],
  [{ sector: 57 }, ioError],
  [{ sector: -1 }, ioError],
  [{ sector: Number.NaN }, ioError],
  [{ sectorCount: -8, runs: [] }, ioError],
  [{ runs: [[0, 4095]] }, ioError],
  [{ op: BioOp.write, sectorCount: 0 }, ioError],
  [{ op: BioOp.write, sectorCount: 0, flags: BioFlag.preflush }, ok],
  [{ op: BioOp.flush, sectorCount: 0 }, ok],
  [{ op: BioOp.flush, sectorCount: 8 }, ioError],
  [{ op: BioOp.driverOut }, notSupported],
  [{ op: BioOp.discard }, notSupported],
  [{ op: BioOp.writeZeroes }, notSupported],
] as const)('%j ends with %i', (fields, status) => {
  expect(judge(fields)).toBe(status);
});

it('counts in logical blocks, and needs no memory for what carries no data', () => {
  const limits = { logicalBlockSize: 4096, maxDiscardSectors: 64, maxWriteZeroesSectors: 64 };
  expect(judge({ sector: 8 }, limits)).toBe(ok);
  expect(judge({ sector: 4 }, limits)).toBe(ioError);
  expect(judge({ sectorCount: 4 }, limits)).toBe(ioError);
  expect(judge({ op: BioOp.discard, sectorCount: 64 }, limits)).toBe(ok);
  expect(judge({ op: BioOp.writeZeroes, sector: 56, sectorCount: 16 }, limits)).toBe(ioError);
});
