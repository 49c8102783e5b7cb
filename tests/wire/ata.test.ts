import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AtaCommand,
  activeBits,
  buildCommandFis,
  buildControlFis,
  buildD2H,
  buildNcqErrorLog,
  buildPioSetup,
  buildSetDeviceBits,
  FIS_BYTES,
  fisCount,
  fisFeatures,
  fisLba,
  isCommandFis,
  isControlFis,
  isSoftReset,
  ncqErrorTag,
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

it('frames of device control begin and end a soft reset, and bring no command', () => {
  const fis = new Uint8Array(FIS_BYTES).fill(0xff);
  buildControlFis(fis, true);
  expect([isControlFis(fis), isCommandFis(fis), isSoftReset(fis)]).toEqual([true, false, true]);
  buildControlFis(fis, false);
  expect([isControlFis(fis), isSoftReset(fis)]).toEqual([true, false]);
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
