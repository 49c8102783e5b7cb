import { expect, it } from 'vitest';
import { Disposition, disposeOf } from '../../src/block-drivers/scsi-disposition.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import type { ScsiTask } from '../../src/interfaces/scsi-task.ts';
import type { Asc, SenseKey } from '../../src/wire/scsi.ts';
import { buildSense } from '../../src/wire/scsi.ts';
import { nameOfStatus } from './statuses.ts';

function nameOf(status: number, key = 0, asc = 0): string {
  const sense = new Uint8Array(18);
  const senseLength = status === 2 ? buildSense(sense, key as SenseKey, asc as Asc, -1) : 0;
  const disposition = disposeOf({ status, sense, senseLength } as ScsiTask);
  if (disposition === Disposition.retry) return 'retry';
  if (disposition === Disposition.fail) return 'fail';
  return disposition === Disposition.retryLater ? 'retry later' : nameOfStatus(disposition);
}

it.each([
  ['GOOD', 0x00, 'ok'],
  ['BUSY', 0x08, 'retry later'],
  ['TASK SET FULL', 0x28, 'retry later'],
  ['RESERVATION CONFLICT', 0x18, 'reservationConflict'],
  ['TASK ABORTED', 0x40, 'retry'],
  ['CONDITION MET', 0x04, 'ok'],
  ['ACA ACTIVE', 0x30, 'fail'],
  ['what no standard knows', 0x7e, 'fail'],
])('%s (%i) is %s', (_, status, expected) => {
  expect(nameOf(status)).toBe(expected);
});

it.each([
  [0x0, 0x0000, 'ok'],
  [0x1, 0x1701, 'ok'],
  [0x2, 0x0401, 'retry later'],
  [0x2, 0x0404, 'retry later'],
  [0x2, 0x0402, 'ioError'],
  [0x2, 0x3a00, 'ioError'],
  [0x3, 0x1100, 'medium'],
  [0x3, 0x1401, 'medium'],
  [0x3, 0x0c00, 'retry'],
  [0x4, 0x4400, 'target'],
  [0x5, 0x2000, 'target'],
  [0x5, 0x2600, 'target'],
  [0x5, 0x2500, 'ioError'],
  [0x5, 0x1001, 'protection'],
  [0x6, 0x3f0e, 'retry'],
  [0x9, 0x0000, 'ioError'],
  [0xa, 0x0000, 'target'],
  [0x6, 0x2900, 'retry'],
  [0x7, 0x2707, 'noSpace'],
  [0x7, 0x2700, 'target'],
  [0x8, 0x0000, 'target'],
  [0xb, 0x4b00, 'retry'],
  [0xb, 0x1001, 'protection'],
  [0xd, 0x0000, 'target'],
  [0xe, 0x1d00, 'target'],
  [0xf, 0x0000, 'ioError'],
])('sense %i/%i is %s', (key, asc, expected) => {
  expect(nameOf(2, key, asc)).toBe(expected);
});

it('without sense data is for the error handler', () => {
  const task = { status: 2, sense: new Uint8Array(18), senseLength: 0 } as ScsiTask;
  expect(disposeOf(task)).toBe(Disposition.fail);
});

it('is one of the block layer or of the four ways on for any status, key and code', () => {
  const known = new Set<number>([...Object.values(BlkStatus), ...Object.values(Disposition)]);
  const sense = new Uint8Array(18);
  for (let status = 0; status < 256; status++) {
    expect(known.has(disposeOf({ status, sense, senseLength: 0 } as ScsiTask))).toBe(true);
  }
  for (let key = 0; key < 16; key++) {
    for (let asc = 0; asc < 0x1_0000; asc += 0x0b) {
      const senseLength = buildSense(sense, key as SenseKey, asc as Asc, -1);
      if (!known.has(disposeOf({ status: 2, sense, senseLength } as ScsiTask))) {
        throw new Error(`sense ${key}/${asc.toString(16)} is not decided`);
      }
    }
  }
});
