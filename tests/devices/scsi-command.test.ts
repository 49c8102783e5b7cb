import { describe, expect, it } from 'vitest';
import { failIllegal, failTask } from '../../src/devices/scsi-command.ts';
import { Asc, SenseKey } from '../../src/wire/scsi.ts';
import { outcome, ScsiRig } from './scsi-rig.ts';

/** WRITE SAME(16) of `blocks` at block 4. */
const same16 = (blocks: number, flags = 0, lba = 4) => [
  0x93,
  flags,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  lba,
  0,
  blocks >>> 16,
  (blocks >>> 8) & 255,
  blocks & 255,
  0,
  0,
];
const same10 = (blocks: number, flags = 0) => [0x41, flags, 0, 0, 0, 4, 0, blocks >>> 8, blocks, 0];
const unmap = (bytes: number, flags = 0) => [
  0x42,
  flags,
  0,
  0,
  0,
  0,
  0,
  bytes >>> 8,
  bytes & 255,
  0,
];

describe('what a disk refuses before it does anything', () => {
  it.each([
    ['WRITE SAME of no blocks', same16(0), 512, '5/2400'],
    ['WRITE SAME(10) of no blocks', same10(0), 512, '5/2400'],
    ['WRITE SAME with ANCHOR', same16(1, 0x18), 512, '5/2400'],
    ['WRITE SAME with protection', same16(1, 0x20), 512, '5/2400'],
    ['WRITE SAME that is too long', same16(0x1_0001), 512, '5/2400'],
    ['WRITE SAME past the end', same16(2045), 512, '5/2100'],
    ['WRITE SAME without its block', same16(1), 511, 'b/4b00'],
    ['UNMAP with ANCHOR', unmap(24, 1), 24, '5/2400'],
    ['UNMAP of a list longer than its data', unmap(24), 23, 'b/4b00'],
    ['MODE SELECT without PF', [0x15, 0, 0, 0, 24, 0], 24, '5/2400'],
    ['MODE SELECT that is to be saved', [0x15, 0x11, 0, 0, 24, 0], 24, '5/2400'],
  ] as const)('%s', (_, cdb, bytes, sense) => {
    const task = new ScsiRig().ready().run(cdb, bytes);
    expect([outcome(task), task.residualBytes]).toEqual([sense, bytes]);
  });

  it.each([
    ['UNMAP', unmap(24), { unmap: false }, '5/2000'],
    ['WRITE SAME(16) that unmaps', same16(1, 8), { writeSame16: false }, '5/2400'],
    ['WRITE SAME(10) that unmaps', same10(1, 8), { writeSame10: false }, '5/2400'],
    ['WRITE SAME', same16(1), { maxWriteSameBlocks: 0 }, '5/2000'],
  ] as const)('%s where it was not offered', (_, cdb, provisioning, sense) => {
    const rig = new ScsiRig({ provisioning }).ready();
    expect(outcome(rig.run(cdb, 512))).toBe(sense);
  });

  it('with lists of no bytes nothing is done and nothing is wrong', () => {
    const rig = new ScsiRig().ready();
    expect(outcome(rig.run(unmap(0)))).toBe('good');
    expect(outcome(rig.run([0x15, 0x10, 0, 0, 0, 0]))).toBe('good');
  });
});

it('failing a task gives it sense data', () => {
  const task = new ScsiRig().task([0]);
  failTask(task, SenseKey.mediumError, Asc.writeError, 7);
  expect([outcome(task), task.sense[6]]).toEqual(['3/0c00', 7]);
  failIllegal(task, Asc.invalidOpcode);
  expect(outcome(task)).toBe('5/2000');
});
