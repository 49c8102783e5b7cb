import { describe, expect, it } from 'vitest';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeRequest, requestMemory, statusOf } from './statuses.ts';

describe('null_blk', () => {
  it('without a medium ends everything and keeps nothing', () => {
    const executor = new SimExecutor();
    const driver = new NullBlkDriver(executor);
    expect(driver.capacitySectors).toBe(2 ** 21);
    requestMemory.fill(0, 7, 4096);
    expect(statusOf(driver, executor, { op: BioOp.write })).toBe('ok');
    expect(statusOf(driver, executor)).toBe('ok');
    expect(requestMemory.read8(0)).toBe(7);
    expect(driver.timeout()).toBe(TimeoutVerdict.resetTimer);
  });

  it('ends requests in order, each after its time', () => {
    const executor = new SimExecutor();
    const driver = new NullBlkDriver(executor, { completionNs: 100, queueDepth: 2 });
    const first = makeRequest({ tag: 0 });
    const second = makeRequest({ tag: 1 });
    driver.queueRq(0, first);
    executor.runUntil(60);
    driver.queueRq(0, second);
    executor.runUntil(100);
    expect([first.ends, second.ends]).toEqual([1, 0]);
    executor.runUntil(160);
    expect(second.ends).toBe(1);
  });

  it('ends what its ends bring in on a later turn', () => {
    const executor = new SimExecutor();
    const driver = new NullBlkDriver(executor, { queueDepth: 1 });
    const request = makeRequest();
    let left = 100;
    request.end = () => {
      left -= 1;
      if (left > 0) driver.queueRq(0, request);
    };
    driver.queueRq(0, request);
    executor.step();
    expect(left).toBe(99);
    executor.runUntilIdle();
    expect(left).toBe(0);
  });

  it('with a medium keeps, flushes, discards and zeroes', () => {
    const executor = new SimExecutor();
    const medium = new SparseMedium({ sectorCount: 64, sectorBytes: 4096 });
    const driver = new NullBlkDriver(executor, { medium });
    expect(driver.limits).toMatchObject({ logicalBlockSize: 4096, writeCache: true, fua: true });
    expect(driver.capacitySectors).toBe(512);
    requestMemory.fill(0, 7, 8192);
    const span = { sector: 8, sectorCount: 16 };
    expect(statusOf(driver, executor, { op: BioOp.write, ...span })).toBe('ok');
    expect([medium.peek(1, 2).every((byte) => byte === 7), medium.volatileSectors]).toEqual([
      true,
      2,
    ]);
    expect(statusOf(driver, executor, { op: BioOp.flush })).toBe('ok');
    expect(medium.volatileSectors).toBe(0);
    for (const op of [BioOp.discard, BioOp.writeZeroes]) {
      statusOf(driver, executor, { op: BioOp.write, ...span, flags: BioFlag.fua });
      expect(statusOf(driver, executor, { op, ...span })).toBe('ok');
      expect(medium.peek(1, 2).every((byte) => byte === 0)).toBe(true);
    }
    expect(medium.volatileSectors).toBe(2);
  });

  it('passes on what goes wrong', () => {
    const executor = new SimExecutor();
    const medium = new SparseMedium({ sectorCount: 64 });
    const driver = new NullBlkDriver(executor, { medium });
    medium.failReads(3, 1);
    expect(statusOf(driver, executor)).toBe('medium');
    expect(statusOf(driver, executor, { op: BioOp.write, gpa: 2 ** 40 })).toBe('ioError');
    expect(statusOf(driver, executor, { op: BioOp.driverIn })).toBe('notSupported');
  });
});
