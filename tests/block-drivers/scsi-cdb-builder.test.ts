import { expect, it } from 'vitest';
import { ScsiDriver } from '../../src/block-drivers/scsi-driver.ts';
import { ScsiDisk } from '../../src/devices/scsi-disk.ts';
import type { ScsiProvisioning } from '../../src/devices/scsi-parameters.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioOp } from '../../src/interfaces/bio.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { requestMemory, statusOf } from './statuses.ts';

/** A started driver; `cdbs` are the commands since then. */
function makeRig(offered: Partial<ScsiProvisioning>, kept: Partial<ScsiProvisioning> = offered) {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1024 });
  // What is offered at the start and what is kept afterwards may differ: firmware is like that.
  const first = new ScsiDisk(executor, { medium, provisioning: offered });
  const second = new ScsiDisk(executor, { medium, provisioning: kept });
  let disk = first;
  const cdbs: string[] = [];
  const driver = new ScsiDriver(executor, {
    submit: (task) => {
      cdbs.push([...task.cdb.subarray(0, 2)].map((byte) => byte.toString(16)).join(' '));
      disk.submit(task);
    },
    abort: (task) => disk.abort(task),
    reset: (scope, done) => disk.reset(scope, done),
  });
  driver.start(() => {});
  executor.runUntilIdle();
  disk = second;
  statusOf(driver, executor);
  cdbs.length = 0;
  const chance = makePrng(1);
  requestMemory.fill(0, 1 + chance.below(255), 8192);
  statusOf(driver, executor, { op: BioOp.write, sectorCount: 16 });
  cdbs.length = 0;
  return { driver, executor, medium, cdbs };
}

it.each([
  ['UNMAP', {}, '42 0', '93 8'],
  ['WRITE SAME(16)', { unmap: false }, '93 8', '93 8'],
  ['WRITE SAME(10)', { unmap: false, writeSame16: false }, '41 8', '41 8'],
  ['UNMAP alone', { writeSame16: false, writeSame10: false }, '42 0', '93 0'],
] as const)('discards and zeroes by %s', (_, provisioning, discard, zero) => {
  const { driver, executor, medium, cdbs } = makeRig(provisioning);
  const range = { sector: 4, sectorCount: 4 };
  expect(statusOf(driver, executor, { op: BioOp.discard, ...range })).toBe('ok');
  expect(statusOf(driver, executor, { op: BioOp.writeZeroes, ...range, sector: 8 })).toBe('ok');
  expect(cdbs).toEqual([discard, zero]);
  const kept = Array.from({ length: 16 }, (_unused, i) => medium.peek(i, 1)[0] !== 0);
  expect(kept.map((each) => (each ? 1 : 0)).join('')).toBe('1111000000001111');
});

it('asks a unit no more for what it refuses although it offered it', () => {
  const { driver, executor, cdbs } = makeRig(
    {},
    { unmap: false, writeSame16: false, maxWriteSameBlocks: 0 },
  );
  const discard = { op: BioOp.discard };
  const zero = { op: BioOp.writeZeroes };
  expect(statusOf(driver, executor, discard)).toBe('target');
  expect(statusOf(driver, executor, discard)).toBe('notSupported');
  expect(statusOf(driver, executor, zero)).toBe('target');
  expect(statusOf(driver, executor, zero)).toBe('notSupported');
  expect(cdbs).toEqual(['42 0', '93 0']);
});

it('knows no discard on a unit that offers none', () => {
  const none = { unmap: false, writeSame16: false, writeSame10: false, maxWriteSameBlocks: 0 };
  const { driver, executor, cdbs } = makeRig(none);
  expect(statusOf(driver, executor, { op: BioOp.discard })).toBe('notSupported');
  expect(statusOf(driver, executor, { op: BioOp.writeZeroes })).toBe('notSupported');
  expect(cdbs).toEqual([]);
});
