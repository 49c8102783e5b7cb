import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AtaCommand,
  type AtaIdentity,
  activeBits,
  buildCommandFis,
  buildD2H,
  buildIdentify,
  buildNcqErrorLog,
  buildPioSetup,
  buildSetDeviceBits,
  FIS_BYTES,
  fisCount,
  fisFeatures,
  fisLba,
  isCommandFis,
  ncqErrorTag,
  parseIdentify,
  pioSetup,
  registerD2H,
  registerH2D,
  setDeviceBits,
} from '../../src/wire/ata.ts';
import { checkProperty, runs } from '../support/runs.ts';

describe('frames', () => {
  it('of a command say again what they were built from', () => {
    const fis = new Uint8Array(FIS_BYTES).fill(0xff);
    const view = new DataView(fis.buffer);
    const lba = fc
      .nat(2 ** 31 - 1)
      .chain((low) => fc.nat(65_535).map((high) => high * 2 ** 32 + low));
    const u16 = fc.nat(0xffff);
    checkProperty(
      fc.property(lba, u16, u16, (first, count, features) => {
        buildCommandFis(fis, AtaCommand.readDmaExt, first, count, features, 0x40);
        expect(isCommandFis(fis)).toBe(true);
        expect([fisLba(fis), fisCount(fis), fisFeatures(fis)]).toEqual([first, count, features]);
        expect(registerH2D.command.get(view, 0)).toBe(0x25);
        expect(registerH2D.lba5.get(view, 0)).toBe(Math.floor(first / 2 ** 40));
        expect(registerH2D.featuresHigh.get(view, 0)).toBe(features >> 8);
        expect(registerH2D.device.get(view, 0)).toBe(0x40);
      }),
      runs(100),
    );
  });

  it('to the host have their fields where the standard puts them', () => {
    const fis = new Uint8Array(FIS_BYTES);
    const view = new DataView(fis.buffer);
    buildD2H(fis, 0x51, 0x40, 0x0605_0403_0201);
    expect([...fis.subarray(0, 12)]).toEqual([0x34, 0x40, 0x51, 0x40, 1, 2, 3, 0, 4, 5, 6, 0]);
    expect([registerD2H.status.get(view, 0), isCommandFis(fis)]).toEqual([0x51, false]);
    buildSetDeviceBits(fis, 0xd8, 0x04, 0x8000_0001);
    expect([...fis.subarray(0, 8)]).toEqual([0xa1, 0x40, 0x50, 4, 1, 0, 0, 0x80]);
    expect(activeBits(fis) >>> 0).toBe(setDeviceBits.active.get(view, 0));
    buildPioSetup(fis, 512);
    expect([pioSetup.transferCount.get(view, 0), pioSetup.endStatus.get(view, 0)]).toEqual([
      512, 0x50,
    ]);
  });
});

describe('IDENTIFY DEVICE data', () => {
  const identity: AtaIdentity = {
    sectorCount: 0x1_2345_6789,
    sectorBytes: 512,
    physicalBytes: 4096,
    queueDepth: 32,
    writeCache: true,
    fua: true,
    rotationRate: 7200,
  };

  function data(change: Partial<AtaIdentity> = {}): Uint8Array {
    const bytes = new Uint8Array(512);
    buildIdentify(bytes, { ...identity, ...change }, 'S1', 'F2', 'A DISK');
    return bytes;
  }

  it.each([
    {},
    { sectorBytes: 4096, physicalBytes: 4096 },
    { queueDepth: 0, writeCache: false, fua: false, rotationRate: 1 },
    { queueDepth: 1, sectorCount: 8 },
  ])('says again what it was built from: %j', (change) => {
    expect(parseIdentify(data(change))).toEqual({ ...identity, ...change });
  });

  it('has text with its bytes swapped, a capacity of 28 bits that saturates, and a checksum', () => {
    const bytes = data();
    expect([...bytes.subarray(54, 60)]).toEqual([...' AIDKS'].map((c) => c.charCodeAt(0)));
    expect([...bytes.subarray(120, 124)]).toEqual([0xff, 0xff, 0xff, 0x0f]);
    expect(bytes.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  });

  it('with a wrong checksum, or of a disk without 48-bit addresses, is not taken', () => {
    const broken = data();
    broken[100]! ^= 1;
    expect(parseIdentify(broken)).toBeUndefined();
    expect(parseIdentify(new Uint8Array(512))).toBeUndefined();
  });
});

describe('the NCQ error log', () => {
  it('names the tag, and is not believed when its sum is wrong', () => {
    const log = new Uint8Array(512);
    buildNcqErrorLog(log, 17, 0x51, 0x40, 0x1234);
    expect(ncqErrorTag(log)).toBe(17);
    expect([log[2], log[3], log[4], log[5]]).toEqual([0x51, 0x40, 0x34, 0x12]);
    log[9] = 1;
    expect(ncqErrorTag(log)).toBe(-1);
    buildNcqErrorLog(log, 0x80, 0, 0, 0);
    expect(ncqErrorTag(log)).toBe(-1);
  });
});
