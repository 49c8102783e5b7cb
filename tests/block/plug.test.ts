import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { MAX_PLUGGED_REQUESTS } from '../../src/block/plug.ts';
import { BioFlag, BioOp, BlkStatus, contextFlags } from '../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import { QueueRig, settle } from './rig.ts';

describe('the plug', () => {
  it('holds requests until the outermost unplug and sends the newest first', () => {
    const rig = new QueueRig();
    rig.queue.plug();
    rig.queue.plug();
    for (const sector of [0, 100, 200]) rig.submit({ sector });
    rig.queue.unplug();
    expect(rig.driver.log).toEqual([]);
    rig.queue.unplug();
    expect(rig.driver.log).toEqual(['read 200+8 more', 'read 100+8 more', 'read 0+8']);
    expect(rig.events).toContain('P 0+0');
    expect(rig.events.some((event) => event.startsWith('U'))).toBe(false);
  });

  it('merges a bio into the newest request, behind or before it', () => {
    const rig = new QueueRig();
    rig.queue.plug();
    const bios = [8, 16, 0].map((sector, i) =>
      rig.submit({ op: BioOp.write, sector, gpa: i * 8192 }),
    );
    rig.queue.unplug();
    expect(rig.driver.log).toEqual(['write 0+24']);
    const { data } = rig.driver.held[0]!;
    expect(Array.from({ length: data.count }, (_, i) => data.gpa(i))).toEqual([16384, 0, 8192]);
    rig.driver.endOne(BlkStatus.medium);
    expect(bios.map((bio) => [bio.ends, bio.status])).toEqual(bios.map(() => [1, 7]));
    expect(rig.events).toContain('M 16+8');
    expect(rig.events).toContain('F 0+8');
    expect(rig.queue.stats.write).toMatchObject({ ios: 1, merges: 2, sectors: 24 });
  });

  it.each([
    ['another operation', {}, { op: BioOp.write, sector: 8 }],
    ['FUA', { writeCache: true, fua: true }, { sector: 8, flags: BioFlag.fua }],
    ['what must not be merged', {}, { sector: 8, flags: BioFlag.noMerge }],
    ['more sectors than a request may have', { maxSectors: 8 }, { sector: 8, sectorCount: 1 }],
    ['more segments than a request may have', { maxSegments: 1 }, { sector: 8, gpa: 8192 }],
    ['what lies beyond the chunk', { chunkSectors: 8 }, { sector: 8 }],
    ['a gap', { virtBoundaryMask: 4095 }, { sector: 8, gpa: 8704 }],
    ['what does not follow', {}, { sector: 9 }],
  ] as const)('does not merge %s', (_, limits, fields) => {
    const rig = new QueueRig(limits);
    rig.queue.plug();
    rig.submit({ sector: 0 });
    rig.submit(fields);
    rig.queue.unplug();
    expect(rig.driver.held).toHaveLength(2);
  });

  it('is sent when it is full, and when its newest request is large', () => {
    const rig = new QueueRig({}, 64);
    rig.queue.plug();
    for (let i = 0; i < MAX_PLUGGED_REQUESTS; i++) rig.submit({ sector: 100 * i });
    expect(rig.driver.held).toHaveLength(0);
    rig.submit({ sector: 99_000 });
    expect(rig.driver.held).toHaveLength(MAX_PLUGGED_REQUESTS);
    rig.submit({ sector: 50_000, sectorCount: 256 });
    expect(rig.driver.held).toHaveLength(MAX_PLUGGED_REQUESTS);
    rig.submit({ sector: 60_000 });
    expect(rig.driver.held).toHaveLength(MAX_PLUGGED_REQUESTS + 2);
    rig.queue.unplug();
    expect(rig.driver.held).toHaveLength(MAX_PLUGGED_REQUESTS + 3);
  });

  it('does not keep the tags that a bio waits for', () => {
    const rig = new QueueRig({}, 2);
    rig.queue.plug();
    for (const sector of [0, 100, 200]) rig.submit({ sector });
    expect(rig.events).toContain('UT 0+2');
    rig.executor.runUntilIdle();
    expect(rig.driver.held).toHaveLength(2);
    rig.driver.endAll();
    settle(rig.executor);
    rig.queue.unplug();
    expect(rig.driver.log).toEqual(['read 0+8 more', 'read 100+8', 'read 200+8']);
  });

  it('keeps its requests when another submitter waits for a tag', () => {
    const rig = new QueueRig({}, 2);
    rig.queue.plug();
    for (const sector of [0, 100]) rig.submit({ sector });
    rig.submit({ sector: 200, flags: contextFlags(7) });
    rig.executor.runUntilIdle();
    expect(rig.driver.log).toEqual([]);
    rig.queue.unplug();
    rig.driver.endAll();
    rig.executor.runUntilIdle();
    expect(rig.driver.log).toEqual(['read 100+8 more', 'read 0+8', 'read 200+8']);
  });

  it('passes by what a zoned device is written, but not what it is read', () => {
    const rig = new QueueRig({}, 8, 1, { isZoned: true });
    rig.queue.plug();
    for (const sector of [0, 8]) rig.submit({ op: BioOp.write, sector });
    rig.submit({ sector: 100 });
    expect(rig.driver.log).toEqual(['write 0+8', 'write 8+8']);
  });

  it('that was not set cannot be taken away', () => {
    expect(() => new QueueRig().queue.unplug()).toThrow(InvariantError);
  });

  it('goes first to last, on a later turn, as its submitter falls asleep, and stays set', () => {
    const rig = new QueueRig();
    rig.queue.plug();
    for (const sector of [0, 100]) rig.submit({ sector });
    rig.queue.sleep();
    expect(rig.driver.log).toEqual([]);
    rig.executor.runUntilIdle();
    expect(rig.driver.takeLog()).toEqual(['read 0+8 more', 'read 100+8']);
    rig.submit({ sector: 200 });
    expect(rig.driver.log).toEqual([]);
    rig.queue.unplug();
    expect(rig.driver.log).toEqual(['read 200+8']);
  });

  it('leaves the rest to the scheduler when the driver is full', () => {
    const rig = new QueueRig();
    rig.driver.answers.push(QueueRqResult.ok, QueueRqResult.deviceResource);
    rig.queue.plug();
    for (const sector of [0, 100, 200]) rig.submit({ sector });
    rig.queue.unplug();
    expect(rig.driver.takeLog()).toEqual(['read 200+8 more', 'full', 'commit']);
    expect(rig.events.filter((event) => event.startsWith('U'))).toEqual(['U 0+1']);
    rig.driver.endOne();
    expect(rig.driver.takeLog()).toEqual(['read 100+8 more', 'read 0+8']);
  });
});
