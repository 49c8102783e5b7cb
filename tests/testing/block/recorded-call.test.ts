import { expect, it } from 'vitest';
import { BioFlag, BioOp, PriorityClass, priorityFlags } from '../../../src/interfaces/bio.ts';
import {
  callOf,
  isRefused,
  priorityOf,
  scattered,
  zeroes,
} from '../../../src/testing/block/recorded-call.ts';

it('a call has its runs of memory, as far as it went', () => {
  const phys = [
    [0x1000, 4096],
    [0x9000, 4096, -0x1000, 3],
  ] as const;
  const call = callOf({ op: 'w 8192 s:0:16384 dsync', phys, ret: 10_240 }, BioFlag.sync);
  expect(call).toEqual({
    op: BioOp.write,
    sector: 16,
    flags: BioFlag.sync | BioFlag.fua,
    runs: [
      [0x1000, 4096],
      [0x9000, 4096],
      [0x8000, 2048],
    ],
  });
});

it('a priority is the one of the call, or of its process', () => {
  expect(priorityOf({ op: 'r 0 h:0:512 prio=1/4' }, 7)).toBe(
    priorityFlags(PriorityClass.realTime, 4),
  );
  expect(priorityOf({ op: 'r 0 h:0:512' }, 7)).toBe(7);
});

it('what the call refused made no bio, what the block layer refused did', () => {
  const refused = [22, 95, 5, 11].map((errno) => isRefused({ op: 'r 0', ret: -1, errno }));
  expect(refused).toEqual([true, true, false, false]);
});

it('zeroes are one page over and over, the pages of a cache are apart', () => {
  expect(zeroes(12).map(([address, bytes]) => [address, bytes])).toEqual([
    [0x10_0000, 4096],
    [0x10_0000, 2048],
  ]);
  const [first, second] = scattered(16);
  expect(first![0] - second![0]).toBe(0x2000);
});
