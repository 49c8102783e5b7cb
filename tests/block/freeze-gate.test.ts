import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { BioFlag, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRig } from './rig.ts';

describe('a queue that freezes', () => {
  it('is frozen when the last bio inside has ended; those that come wait outside, in order', () => {
    const rig = new QueueRig();
    rig.queue.plug();
    rig.submit({});
    let frozen = 0;
    rig.queue.freeze(() => {
      frozen += 1;
    });
    rig.executor.runUntilIdle();
    const late = [rig.submit({ sector: 100 }), rig.submit({ sector: 200 })];
    expect([frozen, rig.driver.held.length]).toEqual([0, 1]);
    rig.driver.endOne();
    expect([frozen, rig.driver.held.length, rig.queue.tagsInUse]).toEqual([1, 0, 0]);
    rig.queue.unfreeze();
    rig.queue.unplug();
    rig.driver.endAll();
    expect(rig.driver.log).toEqual(['read 0+8', 'read 200+8 more', 'read 100+8']);
    expect([frozen, ...late.map((bio) => bio.ends)]).toEqual([1, 1, 1]);
  });

  it('is frozen at once when nobody is inside, and stays so until the outermost unfreeze', () => {
    const rig = new QueueRig();
    const told: string[] = [];
    rig.queue.freeze(() => told.push('outer'));
    rig.queue.freeze(() => told.push('inner'));
    expect(told).toEqual(['outer']);
    rig.submit({});
    rig.queue.unfreeze();
    expect(rig.driver.held).toHaveLength(0);
    rig.queue.unfreeze();
    expect(rig.driver.held).toHaveLength(1);
    expect(() => rig.queue.unfreeze()).toThrow(InvariantError);
  });

  it('refuses a bio that may not wait', () => {
    const rig = new QueueRig();
    rig.queue.freeze(() => {});
    const bio = rig.submit({ flags: BioFlag.noWait });
    rig.executor.runUntilIdle();
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.again });
  });
});

describe('a queue that is quiesced', () => {
  it('lets the driver end what it has, and hands it nothing', () => {
    const rig = new QueueRig();
    const first = rig.submit({});
    rig.queue.quiesce();
    rig.queue.quiesce();
    const second = rig.submit({ sector: 100 });
    rig.driver.endAll();
    rig.executor.runUntilIdle();
    rig.queue.unquiesce();
    expect([first.ends, second.ends, rig.driver.log.length]).toEqual([1, 0, 1]);
    rig.queue.unquiesce();
    expect(rig.driver.log).toEqual(['read 0+8', 'read 100+8']);
    expect(() => rig.queue.unquiesce()).toThrow(InvariantError);
  });
});
