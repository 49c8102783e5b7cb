import { expect, it } from 'vitest';
import { parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { BlktraceCategory, blktraceCategory } from '../../src/block/blktrace-record.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { BlockAction } from '../../src/interfaces/block-observer.ts';
import { fixture } from './blktrace-fixtures.ts';

it.each([
  ['Q of a synchronous write', BlockAction.queued, BioOp.write, BioFlag.sync, 0x1a],
  ['D of a flush', BlockAction.issued, BioOp.flush, BioFlag.preflush, 0x145],
  ['C of a read', BlockAction.completed, BioOp.read, 0, 0x181],
  ['I of a metadata read', BlockAction.inserted, BioOp.read, BioFlag.meta, 0x1111],
  ['X of a discard', BlockAction.split, BioOp.discard, BioFlag.sync, 0x200a],
  ['R of a write', BlockAction.requeued, BioOp.write, BioFlag.sync, 0x12a],
  ['D of a raw command', BlockAction.issued, BioOp.driverIn, 0, 0x241],
  ['Q of FUA', BlockAction.queued, BioOp.write, BioFlag.sync | BioFlag.fua, 0x801a],
] as const)('%s has the bits of the recordings', (_, action, op, flags, bits) => {
  expect(blktraceCategory(action, op, flags)).toBe(bits);
});

it('is the only maker of the bits that the real blktrace sets, but for read-ahead', () => {
  const flagsOf = (bits: number): number => {
    const C = BlktraceCategory;
    return (
      ((bits & C.sync) !== 0 ? BioFlag.sync : 0) |
      ((bits & C.meta) !== 0 ? BioFlag.meta : 0) |
      ((bits & C.fua) !== 0 ? BioFlag.fua : 0) |
      ((bits & C.flush) !== 0 ? BioFlag.preflush : 0)
    );
  };
  for (const { action, category } of parseBlktrace(fixture('fx4-ext4.blktrace.1')).records) {
    if ((category & BlktraceCategory.notify) !== 0) continue;
    const op = (category & BlktraceCategory.write) !== 0 ? BioOp.write : BioOp.read;
    const bits = blktraceCategory(action, op, flagsOf(category));
    expect(bits | (category & BlktraceCategory.ahead)).toBe(category);
  }
});
