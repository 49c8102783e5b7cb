import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Asc,
  ascOf,
  buildInquiry,
  buildModeSense6,
  buildReadCapacity10,
  buildReadCapacity16,
  buildReadWrite,
  buildSense,
  buildSynchronizeCache,
  buildTestUnitReady,
  CdbRange,
  cdbLength,
  SenseKey,
  senseKeyOf,
} from '../../src/wire/scsi.ts';
import { checkProperty, runs } from '../support/runs.ts';

function built(build: (cdb: Uint8Array) => void, length: number): number[] {
  const cdb = new Uint8Array(32).fill(0xff);
  build(cdb);
  expect([...cdb.subarray(16)].every((byte) => byte === 0)).toBe(true);
  return [...cdb.subarray(0, length)];
}

describe('CDBs', () => {
  it('are of 10 bytes where the range allows it and of 16 otherwise', () => {
    expect(built((cdb) => buildReadWrite(cdb, false, 0x1234_5678, 0x9a, false), 10)).toEqual([
      0x28, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x9a, 0,
    ]);
    expect(built((cdb) => buildReadWrite(cdb, true, 1, 0xffff, true), 10)).toEqual([
      0x2a, 8, 0, 0, 0, 1, 0, 0xff, 0xff, 0,
    ]);
    expect(built((cdb) => buildReadWrite(cdb, true, 2 ** 32, 1, true), 16)).toEqual([
      0x8a, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0,
    ]);
    expect(built((cdb) => buildReadWrite(cdb, false, 0, 0x1_0000, false), 16)[0]).toBe(0x88);
  });

  it('say again what they were built from', () => {
    const range = new CdbRange();
    const cdb = new Uint8Array(32);
    const lba = fc.oneof(fc.nat(), fc.maxSafeNat());
    checkProperty(
      fc.property(lba, fc.nat(0x2_0000), fc.boolean(), (first, blocks, fua) => {
        buildReadWrite(cdb, true, first, blocks, fua);
        range.parse(cdb);
        expect(range).toMatchObject({ lba: first, blocks, fua, protect: 0 });
      }),
      runs(200),
    );
  });

  it('ask what a disk driver asks', () => {
    expect(built(buildTestUnitReady, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(built((cdb) => buildInquiry(cdb, -1, 36), 6)).toEqual([0x12, 0, 0, 0, 36, 0]);
    expect(built((cdb) => buildInquiry(cdb, 0xb0, 0x140), 6)).toEqual([0x12, 1, 0xb0, 1, 0x40, 0]);
    expect(built(buildReadCapacity10, 10)).toEqual([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(built(buildReadCapacity16, 16)).toEqual([
      0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0,
    ]);
    expect(built((cdb) => buildModeSense6(cdb, 8, 64), 6)).toEqual([0x1a, 8, 8, 0, 64, 0]);
    expect(built(buildSynchronizeCache, 10)).toEqual([0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('have the length of their group', () => {
    expect([0x00, 0x28, 0x5a, 0x7f, 0x88, 0xa8, 0xc1, 0xff].map(cdbLength)).toEqual([
      6, 10, 10, 0, 16, 12, 0, 0,
    ]);
  });
});

describe('sense data', () => {
  it('is built in fixed format, with the LBA where it fits', () => {
    const sense = new Uint8Array(18);
    expect(buildSense(sense, SenseKey.mediumError, Asc.unrecoveredReadError, 0x0102_0304)).toBe(18);
    expect([...sense]).toEqual([0xf0, 0, 3, 1, 2, 3, 4, 10, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0]);
    buildSense(sense, SenseKey.notReady, Asc.becomingReady, 2 ** 32);
    expect([sense[0], sense[3], senseKeyOf(sense, 18), ascOf(sense, 18)]).toEqual([
      0x70, 0, 2, 0x0401,
    ]);
  });

  it('is read in fixed and in descriptor format, whatever its length', () => {
    const descriptor = Uint8Array.of(0x72, 0x0b, 0x4b, 0x01);
    expect([senseKeyOf(descriptor, 4), ascOf(descriptor, 4)]).toEqual([0xb, 0x4b01]);
    const short = Uint8Array.of(0x70, 0, 0xe5, 0);
    expect([senseKeyOf(short, 4), ascOf(short, 4)]).toEqual([5, 0]);
    for (const bad of [Uint8Array.of(0x7f, 1, 2, 3), Uint8Array.of(0x70), new Uint8Array()]) {
      expect([senseKeyOf(bad, bad.length), ascOf(bad, bad.length)]).toEqual([-1, 0]);
    }
  });
});
