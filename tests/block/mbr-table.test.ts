import { expect, it } from 'vitest';
import { isExtended, isProtective, parseMbr } from '../../src/block/mbr-table.ts';
import { recordedDisk } from './partition-images.ts';

const first = (name: 'gpt' | 'mbr') => recordedDisk(name).image.bytes.slice(0, 512);

it('reads the four entries that sfdisk wrote', () => {
  expect(parseMbr(first('mbr'))).toEqual([
    { type: 0x83, isBootable: true, start: 2048, blocks: 2048 },
    { type: 0x05, isBootable: false, start: 4096, blocks: 60_000 },
    { type: 0x0c, isBootable: false, start: 70_000, blocks: 61_072 },
    { type: 0x83, isBootable: false, start: 65_536, blocks: 4464 },
  ]);
});

it('knows the table that protects a GUID partition table', () => {
  expect(isProtective(parseMbr(first('gpt'))!)).toBe(true);
  expect(isProtective(parseMbr(first('mbr'))!)).toBe(false);
});

it('finds no table without the signature, or with a status that no table has', () => {
  const block = first('mbr');
  block[446] = 0x01;
  expect(parseMbr(block)).toBeUndefined();
  block[446] = 0x80;
  expect(parseMbr(block)).toBeDefined();
  block[511] = 0;
  expect(parseMbr(block)).toBeUndefined();
  expect(parseMbr(new Uint8Array(0))).toBeUndefined();
});

it('takes an entry of type 0 as not used, whatever its size', () => {
  const block = first('mbr');
  block[450] = 0;
  expect(parseMbr(block)![0]!.blocks).toBe(0);
});

it.each([
  [0x05, 1, true],
  [0x0f, 1, true],
  [0x85, 1, true],
  [0x05, 0, false],
  [0x83, 1, false],
])('type %i with %i blocks is extended: %s', (type, blocks, expected) => {
  expect(isExtended({ type, blocks, start: 1, isBootable: false })).toBe(expected);
});
