import { describe, expect, it } from 'vitest';
import { makeScheduler } from '../../src/block/make-scheduler.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRig } from './rig.ts';

describe('the way into requests', () => {
  it('is told as cuts and requests before anything is sent', () => {
    const rig = new QueueRig({ maxSectors: 8 });
    rig.queue.plug();
    rig.submit({ op: BioOp.write, sectorCount: 20 });
    expect(rig.events).toEqual(['Q 0+20', 'X 0+8', 'G 0+8', 'P 0+0', 'X 8+8', 'G 8+8', 'G 16+4']);
  });

  it('merges the last part of a bio that was cut, but no other', () => {
    const rig = new QueueRig({ maxSectors: 8 }, 8);
    rig.queue.plug();
    rig.submit({ op: BioOp.write, sector: 100, sectorCount: 10 });
    rig.submit({ op: BioOp.write, sector: 110, sectorCount: 2, gpa: 65_536 });
    rig.submit({ op: BioOp.write, sector: 112, sectorCount: 10, gpa: 131_072 });
    rig.queue.unplug();
    expect(rig.driver.log).toEqual([
      'write 120+2 more',
      'write 112+8 more',
      'write 108+4 more',
      'write 100+8',
    ]);
  });

  it('sends FUA past the plug, straight to the driver', () => {
    const rig = new QueueRig({ writeCache: true, fua: true });
    rig.queue.plug();
    rig.submit({ op: BioOp.write, flags: BioFlag.fua });
    expect(rig.driver.log).toEqual(['write 0+8 fua']);
  });

  it('merges nothing when it is told so', () => {
    const rig = new QueueRig({}, 4, 1, { noMerges: 2 });
    rig.queue.plug();
    for (const sector of [0, 8]) rig.submit({ sector, gpa: sector * 512 });
    rig.queue.unplug();
    expect(rig.driver.log).toEqual(['read 8+8 more', 'read 0+8']);
  });

  it('goes through the scheduler, on a later turn, when there is one', () => {
    const rig = new QueueRig({}, 4, 1, { scheduler: makeScheduler('mq-deadline') });
    rig.submit({ sector: 100 });
    rig.submit({ sector: 0 });
    expect(rig.driver.log).toEqual([]);
    rig.executor.runUntilIdle();
    expect(rig.driver.log).toEqual(['read 100+8 more', 'read 0+8']);
    expect(rig.events.filter((event) => event.startsWith('I'))).toEqual(['I 100+8', 'I 0+8']);
  });

  it('ends a bio that must not wait behind others at once', () => {
    const rig = new QueueRig({}, 1);
    rig.submit({});
    rig.submit({ sector: 100 });
    const bio = rig.submit({ sector: 200, flags: BioFlag.noWait });
    rig.executor.runUntilIdle();
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.again });
    expect(rig.events).toContain('C 200+8');
  });
});
