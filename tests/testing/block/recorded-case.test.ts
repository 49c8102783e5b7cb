import { expect, it } from 'vitest';
import { BioFlag, BioOp } from '../../../src/interfaces/bio.ts';
import {
  limitsOf,
  maxSectorsOf,
  numberOf,
  parseRwbs,
  queueDepthOf,
  readBlockCases,
  rwbsOf,
  schedulerOf,
} from '../../../src/testing/block/recorded-case.ts';
import { casesOf, KINDS } from './recorded-cases.ts';

it('all cases are there, and every one has limits that a queue takes', () => {
  const all = KINDS.flatMap(casesOf);
  expect(all).toHaveLength(599);
  for (const each of all) {
    for (const maxSectors of maxSectorsOf(each)) {
      const limits = limitsOf(each, maxSectors);
      expect(Object.values(limits).filter((limit) => Number.isNaN(limit))).toEqual([]);
      expect(limits.maxSectors).toBeGreaterThanOrEqual(8);
    }
    expect(queueDepthOf(each)).toBeGreaterThanOrEqual(1);
  }
});

it('limits join what all devices share with what one has', () => {
  const lines = '{"name":"split/x","session":"sdbg","limits":"a","ops":[],"events":[]}\n';
  const limits =
    '{"common":{"max_sectors_kb":127,"fua":0},"a":{"fua":1,"scheduler":"x [kyber] y"}}';
  const [each] = readBlockCases(lines, limits);
  expect([numberOf(each!, 'fua'), numberOf(each!, 'other')]).toEqual([1, 0]);
  expect([schedulerOf(each!), maxSectorsOf(each!)]).toEqual(['kyber', [255, 254]]);
  expect(limitsOf(each!, 254)).toMatchObject({
    segBoundaryMask: 0xfff,
    maxSectors: 254,
    fua: true,
  });
});

it.each([
  ['R', BioOp.read, 0],
  ['RA', BioOp.read, BioFlag.ahead],
  ['WFS', BioOp.write, BioFlag.fua | BioFlag.sync],
  ['FWFSM', BioOp.write, BioFlag.preflush | BioFlag.fua | BioFlag.sync | BioFlag.meta],
  ['DS', BioOp.discard, BioFlag.sync],
] as const)('%s is read and written', (rwbs, op, flags) => {
  expect(parseRwbs(rwbs)).toEqual({ op, flags });
  expect(rwbsOf(op, flags, 8)).toBe(rwbs);
});

it('a flush has no sectors and no direction', () => {
  expect(rwbsOf(BioOp.flush, BioFlag.preflush, 0)).toBe('FN');
  expect(rwbsOf(BioOp.read, 0, 0)).toBe('N');
});
