import { describe, expect, it } from 'vitest';
import { BlockBuffer } from '../../../src/target/nvme/block-buffer.ts';
import { BlockStates } from '../../../src/target/nvme/block-states.ts';
import { formatOf } from '../../../src/target/nvme/lba-format.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';

const format = formatOf([{ blockBytes: 512, metadataBytes: 16 }], { index: 0, protection: 1 })!;
const plain = formatOf([{ blockBytes: 512 }], { index: 0 })!;

function bufferOf(blocks: number, fill: number): BlockBuffer {
  const buffer = new BlockBuffer();
  buffer.prepare(blocks, format);
  buffer.metadata.fill(fill);
  return buffer;
}

describe('BlockStates', () => {
  it('tells deallocated blocks from written ones, to who wants to know', () => {
    const states = new BlockStates(plain, 100);
    states.wrote(10, 5, undefined);
    expect(states.readStatus(10, 5, true)).toBe(NvmeStatus.success);
    expect(states.readStatus(10, 6, true)).toBe(NvmeStatus.deallocatedBlock);
    expect(states.readStatus(10, 6, false)).toBe(NvmeStatus.success);
    states.deallocated(12, 1);
    expect(states.readStatus(10, 5, true)).toBe(NvmeStatus.deallocatedBlock);
    expect(states.writtenCount).toBe(4);
  });

  it('fails reads of spoiled blocks until they are written or deallocated', () => {
    const states = new BlockStates(plain, 100);
    states.spoil(3, 4);
    expect(states.readStatus(0, 4, false)).toBe(NvmeStatus.unrecoveredReadError);
    expect([states.readStatus(0, 3, false), states.readStatus(7, 1, false)]).toEqual([0, 0]);
    states.wrote(3, 2, undefined);
    states.deallocated(5, 1);
    expect(states.readStatus(3, 3, false)).toBe(NvmeStatus.success);
    expect(states.readStatus(6, 1, false)).toBe(NvmeStatus.unrecoveredReadError);
  });

  it('keeps the metadata of written blocks; that of others is zeroes with tuples of all ones', () => {
    const states = new BlockStates(format, 100);
    states.wrote(1, 2, bufferOf(2, 0x5a));
    const buffer = bufferOf(3, 0xee);
    states.loadMetadata(0, buffer);
    const blockOf = (i: number) => [buffer.metadata[16 * i], buffer.metadata[16 * i + 8]];
    expect([blockOf(0), blockOf(1), blockOf(2)]).toEqual([
      [0, 0xff],
      [0x5a, 0x5a],
      [0x5a, 0x5a],
    ]);
  });
});
