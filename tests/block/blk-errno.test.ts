import { expect, it } from 'vitest';
import { blkErrnoOf } from '../../src/block/blk-errno.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';

it.each([
  ['ok', 0],
  ['medium', 61],
  ['ioError', 5],
  ['noSpace', 28],
  ['protection', 84],
  ['again', 11],
  ['notSupported', 95],
] as const)('%s is errno %i', (name, errno) => {
  expect(blkErrnoOf(BlkStatus[name])).toBe(errno);
});

it('has an errno for every status, and EIO for what is none', () => {
  for (const status of Object.values(BlkStatus)) expect(blkErrnoOf(status)).toBeTypeOf('number');
  expect(blkErrnoOf(99)).toBe(5);
});
