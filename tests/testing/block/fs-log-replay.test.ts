import { expect, it } from 'vitest';
import { RequestQueue } from '../../../src/block/request-queue.ts';
import { BlkStatus } from '../../../src/interfaces/bio.ts';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { FsLogReplay, parseFsLog } from '../../../src/testing/block/fs-log-replay.ts';
import { HeldDriver } from '../../block/rig.ts';

const LOG = `{"i":0,"op":"mark","mark":"begin"}
{"i":1,"op":"write","sector":0,"nsectors":2,"dataOffset":0}
{"i":2,"op":"write","sector":2,"nsectors":2,"dataOffset":1024,"flags":["META"]}
{"i":3,"op":"write","sector":3,"nsectors":1,"dataOffset":2048}
{"i":4,"op":"flush","flags":["FLUSH","FUA","META"]}
{"i":5,"op":"write","sector":8,"nsectors":2,"dataOffset":0,"flags":["FUA","META"]}
{"i":6,"op":"discard","sector":16,"nsectors":8}
`;

function makeRig(maxDiscardSectors = 64) {
  const executor = new SimExecutor();
  const driver = new HeldDriver({ writeCache: true, fua: true, maxDiscardSectors });
  const memory = new RegionMemory([{ base: 0, size: 4096 }]);
  const replay = new FsLogReplay(
    new RequestQueue(executor, driver),
    parseFsLog(LOG),
    memory,
    () => {
      executor.runUntilIdle();
      driver.log.push('idle');
      driver.endAll();
      executor.runUntilIdle();
    },
  );
  return { driver, replay };
}

it('sends what may be in flight together, and waits where the file system did', () => {
  const { driver, replay } = makeRig();
  replay.playTo(6);
  const log = driver
    .takeLog()
    .filter((line, i, all) => line !== 'idle' || all[i - 1] !== 'idle')
    .map((line) => line.replace(/ more$| last$/, ''));
  expect(log).toEqual([
    'idle',
    'write 0+2',
    'write 2+2',
    'idle',
    'write 3+1',
    'idle',
    'flush',
    'idle',
    'write 8+2 fua',
    'idle',
    'discard 16+8',
    'idle',
  ]);
});

it('stops at an entry, and can leave what follows in flight', () => {
  const { driver, replay } = makeRig();
  replay.playTo(0);
  driver.takeLog();
  expect(replay.submitAhead()).toBe(2);
  expect(driver.held.map((request) => request.sector)).toEqual([0, 2]);
});

it('does not ask a device to discard that cannot', () => {
  const { driver, replay } = makeRig(0);
  replay.playTo(6);
  expect(driver.takeLog().join()).not.toContain('discard');
});

it('stops when a bio fails, and knows a line that is no entry', () => {
  const { driver, replay } = makeRig();
  replay.playTo(0);
  replay.submitAhead();
  driver.endOne(BlkStatus.medium);
  expect(() => replay.playTo(2)).toThrow('entry 1 (write) ended with status 7');
  expect(() => parseFsLog('{"op":"trim"}')).toThrow('entry');
});
