import { expect, it } from 'vitest';
import { ATA_RETRY, blkStatusOfAta } from '../../src/block-drivers/ata-blk-status.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';

it.each([
  ['an uncorrectable error', 0x51, 0x40, BlkStatus.medium],
  ['an ID that is not found', 0x51, 0x10, BlkStatus.target],
  ['a device fault', 0x70, 0x00, BlkStatus.target],
  ['an aborted command', 0x51, 0x04, ATA_RETRY],
  ['a broken transfer', 0x51, 0x84, ATA_RETRY],
])('%s with status %i and error %i is %i', (_, status, error, expected) => {
  expect(blkStatusOfAta(status, error)).toBe(expected);
});
