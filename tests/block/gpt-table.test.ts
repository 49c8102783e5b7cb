import { describe, expect, it } from 'vitest';
import { gptHeader, parseGptEntries, parseGptHeader } from '../../src/block/gpt-table.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { BlockImage } from './block-image.ts';
import { recordedDisk, sealGpt, writeGpt } from './partition-images.ts';

const SECTORS = 256;

function table() {
  const image = new BlockImage(new SimExecutor(), SECTORS);
  writeGpt(image, [[40, 99]]);
  const parse = () => parseGptHeader(image.bytes.slice(512, 1024), 1, SECTORS - 1);
  return { image, view: image.view, parse };
}

describe('parseGptHeader', () => {
  it('reads the header that sfdisk wrote', () => {
    const { image, sfdisk } = recordedDisk('gpt');
    expect(parseGptHeader(image.bytes.slice(512, 1024), 1, 131_071)).toMatchObject({
      diskGuid: sfdisk.id,
      firstUsableLba: 2048,
      lastUsableLba: 131_038,
      entriesLba: 2,
      entryCount: 128,
      entryBytes: 128,
    });
  });

  it('believes nothing without the signature and the CRC', () => {
    const { image, view, parse } = table();
    view.setUint8(512 + 60, 1);
    expect(parse()).toBe('CRC of the header');
    sealGpt(image, 1);
    expect(parse()).toMatchObject({ entryCount: 128 });
    view.setUint8(512, 0x65);
    expect(parse()).toBe('no signature');
  });

  it.each([
    ['headerBytes', 91, 'size of the header'],
    ['headerBytes', 513, 'size of the header'],
    ['myLba', 2, 'place of the header'],
    ['firstUsableLba', 224, 'usable blocks'],
    ['lastUsableLba', SECTORS, 'usable blocks'],
    ['lastUsableLba', 2 ** 53, 'usable blocks'],
    ['entryBytes', 64, 'size of the entries'],
    ['entryBytes', 384, 'size of the entries'],
    ['entryBytes', 0x8000_0000, 'size of the entries'],
    ['entryCount', 0, 'size of the entries'],
    ['entryCount', 0xffff_ffff, 'size of the entries'],
    ['entriesLba', 1, 'place of the entries'],
    ['entriesLba', SECTORS - 31, 'place of the entries'],
    ['entriesLba', 2 ** 53, 'place of the entries'],
  ] as const)('refuses %s of %i: %s', (field, value, fault) => {
    const { image, view, parse } = table();
    gptHeader[field].set(view, 512, value);
    if (!fault.includes('size of the header')) sealGpt(image, 1);
    expect(parse()).toBe(fault);
  });
});

describe('parseGptEntries', () => {
  it('leaves out what lies outside of the usable blocks, and says so', () => {
    const { image, parse } = table();
    writeGpt(image, [
      [40, 99],
      [33, 40],
      [120, 119],
      [200, 222],
      [222, 223],
    ]);
    const header = parse();
    if (typeof header === 'string') throw new Error(header);
    const { entries, faults } = parseGptEntries(header, image.bytes.slice(1024, 1024 + 16_384))!;
    expect(entries.map(({ number, firstLba, lastLba }) => [number, firstLba, lastLba])).toEqual([
      [1, 40, 99],
      [4, 200, 222],
    ]);
    const outside = (entry: number) => `entry ${entry} lies outside of the usable blocks`;
    expect(faults).toEqual([outside(2), outside(3), outside(5)]);
  });

  it('gives nothing when one bit of the array is wrong', () => {
    const { image, parse } = table();
    const header = parse();
    if (typeof header === 'string') throw new Error(header);
    const array = image.bytes.slice(1024, 1024 + 16_384);
    expect(parseGptEntries(header, array)?.entries).toHaveLength(1);
    array[16_383]! ^= 1;
    expect(parseGptEntries(header, array)).toBeUndefined();
  });
});
