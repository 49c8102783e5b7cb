import { expect, it } from 'vitest';
import { formatFioIolog } from '../../src/block/fio-iolog.ts';
import { FioIologRecorder } from '../../src/block/fio-iolog-recorder.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeBio, makeMemory } from './rig.ts';

it('logs each bio once, however it was cut, with syncs for flushes', () => {
  const executor = new SimExecutor();
  const memory = makeMemory();
  executor.runUntil(500_000);
  const recorder = new FioIologRecorder(executor, '/dev/a');
  const driver = new HeldDriver({ maxSectors: 8, writeCache: true, maxDiscardSectors: 64 });
  const queue = new RequestQueue(executor, driver, { observer: recorder });
  queue.submitBio(makeBio(memory, { sector: 0, sectorCount: 24 }));
  driver.endAll();
  executor.runUntil(1_500_000);
  queue.submitBio(makeBio(memory, { op: BioOp.flush, sectorCount: 0 }));
  queue.submitBio(makeBio(memory, { op: BioOp.write, sector: 8, flags: BioFlag.fua }));
  queue.submitBio(makeBio(memory, { op: BioOp.discard, sector: 64, sectorCount: 16 }));
  driver.endAll();
  expect(formatFioIolog(recorder.log(3)).split('\n')).toEqual([
    'fio version 3 iolog',
    '0 /dev/a add',
    '0 /dev/a open',
    '0 /dev/a read 0 12288',
    '1000 /dev/a sync 0 0',
    '1000 /dev/a write 4096 4096',
    '1000 /dev/a sync 0 0',
    '1000 /dev/a trim 32768 8192',
    '1000 /dev/a close',
    '',
  ]);
  expect(formatFioIolog(recorder.log(2))).toContain('\n/dev/a write 4096 4096\n');
});
