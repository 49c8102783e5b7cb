import { expect, it } from 'vitest';
import { blkStatusOfMedium } from '../../src/block-drivers/medium-status.ts';
import { MediumStatus } from '../../src/interfaces/medium.ts';
import { nameOfStatus } from './statuses.ts';

it('has a status of the block layer for each of a medium', () => {
  const table = Object.entries(MediumStatus).map(([name, status]) => [
    name,
    nameOfStatus(blkStatusOfMedium(status)),
  ]);
  expect(Object.fromEntries(table)).toEqual({
    ok: 'ok',
    readError: 'medium',
    writeError: 'medium',
    noSpace: 'noSpace',
    memoryFault: 'ioError',
  });
});
