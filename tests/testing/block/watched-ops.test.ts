import { describe, expect, it } from 'vitest';
import { BioFlag, BioOp, type QueueLimits } from '../../../src/interfaces/bio.ts';
import { QueueRqResult, type Request } from '../../../src/interfaces/blk-mq.ts';
import { BlockLaw, BlockLawError } from '../../../src/testing/block/block-laws.ts';
import { WatchedOps } from '../../../src/testing/block/watched-ops.ts';
import { HeldDriver } from '../../block/rig.ts';
import { makeRequest } from '../../block-drivers/statuses.ts';

function watch(limits: Partial<QueueLimits> = {}) {
  const driver = new HeldDriver(limits);
  return { driver, ops: new WatchedOps(driver) };
}

describe('WatchedOps', () => {
  it('passes requests down and their ends up', () => {
    const { driver, ops } = watch();
    const request = makeRequest({ op: BioOp.write });
    expect(ops.queueRq(0, request, true)).toBe(QueueRqResult.ok);
    expect([ops.inFlight, ops.sectorsSeen, driver.held[0]!.sectorCount]).toEqual([1, 8, 8]);
    driver.endOne(7);
    expect([ops.inFlight, request.ends, request.status]).toEqual([0, 1, 7]);
    ops.queueRq(0, request, true);
    ops.timeout(request);
    expect(driver.timedOut[0]).toBe(driver.held[0]);
  });

  it('forgets what the driver refused', () => {
    const { driver, ops } = watch();
    driver.answers.push(QueueRqResult.resource);
    ops.queueRq(0, makeRequest(), true);
    expect([ops.inFlight, ops.sectorsSeen]).toEqual([0, 0]);
    expect(ops.queueRq(0, makeRequest(), true)).toBe(QueueRqResult.ok);
  });

  it('names the law when a tag is held twice, does not exist, or ends twice', () => {
    const { driver, ops } = watch();
    ops.queueRq(0, makeRequest(), true);
    expect(() => ops.queueRq(0, makeRequest(), true)).toThrow(BlockLaw.tags);
    expect(() => ops.queueRq(0, makeRequest({ tag: 4 }), true)).toThrow(BlockLaw.tags);
    const held = driver.held[0]!;
    driver.endOne();
    expect(() => held.end(held)).toThrow(BlockLaw.endsOnce);
  });

  const bad: [string, Partial<QueueLimits>, Partial<Request>][] = [
    ['maxSectors', { maxSectors: 8 }, { sectorCount: 9 }],
    ['chunkSectors', { chunkSectors: 8 }, { sector: 4 }],
    ['logicalBlockSize', { logicalBlockSize: 1024, physicalBlockSize: 1024 }, { sector: 1 }],
    ['inside the device', {}, { sector: 2 ** 20 }],
    ['as much memory as sectors', {}, { sectorCount: 7 }],
    ['PREFLUSH does not reach a driver', {}, { flags: BioFlag.preflush }],
    ['FUA needs a driver', {}, { flags: BioFlag.fua }],
    ['a flush needs a write cache', {}, { op: BioOp.flush }],
    ['maxDiscardSectors', {}, { op: BioOp.discard }],
    ['maxWriteZeroesSectors', {}, { op: BioOp.writeZeroes }],
  ];

  it.each(bad)('names %s when a request exceeds it', (name, limits, change) => {
    const { ops } = watch(limits);
    const request = Object.assign(makeRequest(), change);
    expect(() => ops.queueRq(0, request, true)).toThrow(BlockLawError);
    expect(() => ops.queueRq(0, request, true)).toThrow(name);
  });

  const crooked: [string, Partial<QueueLimits>, [number, number][]][] = [
    [
      'maxSegments',
      { maxSegments: 1 },
      [
        [0, 2048],
        [2048, 2048],
      ],
    ],
    ['maxSegmentSize', { maxSegmentSize: 4095 }, [[0, 4096]]],
    ['segBoundaryMask', { segBoundaryMask: 4095 }, [[512, 4096]]],
    [
      'virtBoundaryMask',
      { virtBoundaryMask: 4095 },
      [
        [0, 2048],
        [4096, 2048],
      ],
    ],
    [
      'virtBoundaryMask',
      { virtBoundaryMask: 4095 },
      [
        [0, 4096],
        [8704, 0],
      ],
    ],
  ];

  it.each(crooked)('names %s when the memory breaks it', (name, limits, segments) => {
    const { ops } = watch(limits);
    const request = makeRequest();
    request.data.clear();
    for (const [gpa, bytes] of segments) request.data.pushAddress(gpa, bytes);
    expect(() => ops.queueRq(0, request, true)).toThrow(/maxSegments|maxSegmentSize|BoundaryMask/);
    expect(() => ops.queueRq(0, request, true)).toThrow(segments.at(-1)![1] === 0 ? 'max' : name);
  });
});
