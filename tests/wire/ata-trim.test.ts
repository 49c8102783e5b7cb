import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FIS_BYTES } from '../../src/wire/ata.ts';
import {
  buildNcqSendLog,
  buildQueuedTrimFis,
  buildTrimFis,
  canQueueTrim,
  isQueuedTrim,
  isTrim,
  putTrimList,
  TRIM_LIST_BYTES,
  TRIM_RANGES,
  trimCount,
  trimLba,
} from '../../src/wire/ata-trim.ts';
import { checkProperty, runs } from '../support/runs.ts';

it('the ranges of a list join into what it was built from', () => {
  const list = new Uint8Array(TRIM_LIST_BYTES).fill(0xff);
  const most = TRIM_RANGES * 0xffff;
  const count = fc.oneof(
    fc.constantFrom(1, 0xffff, 0x1_0000, most),
    fc.integer({ min: 1, max: most }),
  );
  checkProperty(
    fc.property(fc.nat(2 ** 31 - 1), fc.nat(0xffff), count, (low, high, sectors) => {
      const lba = high * 2 ** 31 + low;
      putTrimList(list, lba, sectors);
      let next = lba;
      for (let at = 0; at < TRIM_LIST_BYTES; at += 8) {
        if (trimCount(list, at) === 0) continue;
        expect(trimLba(list, at)).toBe(next);
        next += trimCount(list, at);
      }
      expect(next - lba).toBe(sectors);
    }),
    runs(100),
  );
});

it('a TRIM is a DATA SET MANAGEMENT with its bit, alone or queued', () => {
  const fis = new Uint8Array(FIS_BYTES);
  buildTrimFis(fis);
  expect([...fis.subarray(0, 14)]).toEqual([0x27, 0x80, 6, 1, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 0]);
  expect(isTrim(fis)).toBe(true);
  fis[12] = 2;
  expect(isTrim(fis)).toBe(false);
  buildQueuedTrimFis(fis, 5);
  expect([...fis.subarray(0, 17)]).toEqual([
    0x27, 0x80, 0x64, 1, 0, 0, 0, 0x40, 0, 0, 0, 0, 40, 0, 0, 0, 1,
  ]);
  expect(isQueuedTrim(fis)).toBe(true);
  fis[16] = 0;
  expect(isQueuedTrim(fis)).toBe(false);
});

it('the log says that TRIM can be queued', () => {
  const log = new Uint8Array(512).fill(0xff);
  buildNcqSendLog(log);
  expect(canQueueTrim(log)).toBe(true);
  expect(canQueueTrim(new Uint8Array(512))).toBe(false);
});
