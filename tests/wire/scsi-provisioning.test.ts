import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CdbRange } from '../../src/wire/scsi.ts';
import {
  buildUnmap,
  buildWriteSame,
  putUnmapList,
  UNMAP_LIST_BYTES,
  unmapBlocks,
  unmapLba,
} from '../../src/wire/scsi-provisioning.ts';
import { checkProperty, runs } from '../support/runs.ts';

it('UNMAP names the length of its list', () => {
  const cdb = new Uint8Array(32).fill(0xff);
  buildUnmap(cdb, 0x118);
  expect([...cdb.subarray(0, 10)]).toEqual([0x42, 0, 0, 0, 0, 0, 0, 1, 0x18, 0]);
});

it('the list of an UNMAP counts itself as SBC-3 wants', () => {
  const list = new Uint8Array(UNMAP_LIST_BYTES).fill(0xff);
  putUnmapList(list, 2 ** 32 + 5, 9);
  expect([...list]).toEqual([
    0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 0,
  ]);
});

it('WRITE SAME has the fields of its two lengths', () => {
  const cdb = new Uint8Array(32).fill(0xff);
  buildWriteSame(cdb, true, 0x0102_0304, 0x506, true);
  expect([...cdb.subarray(0, 10)]).toEqual([0x41, 8, 1, 2, 3, 4, 0, 5, 6, 0]);
  buildWriteSame(cdb, false, 2 ** 32 + 1, 0x10_0000, false);
  expect([...cdb.subarray(0, 16)]).toEqual([0x93, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 16, 0, 0, 0, 0]);
});

it('ranges are read as they were built', () => {
  const list = new Uint8Array(UNMAP_LIST_BYTES);
  const cdb = new Uint8Array(32);
  const range = new CdbRange();
  checkProperty(
    fc.property(fc.maxSafeNat(), fc.nat(0xffff_ffff), (lba, blocks) => {
      putUnmapList(list, lba, blocks);
      expect([unmapLba(list, 8), unmapBlocks(list, 8)]).toEqual([lba, blocks]);
      buildWriteSame(cdb, false, lba, blocks, true);
      range.parse(cdb);
      expect(range).toMatchObject({ lba, blocks, protect: 0 });
    }),
    runs(100),
  );
});
