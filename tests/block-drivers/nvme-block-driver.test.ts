import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { NvmeBlockDriver } from '../../src/block-drivers/nvme-block-driver.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { QueueRqResult, TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { MediumNvmeHost } from './medium-nvme-host.ts';
import { makeRequest, requestMemory, statusOf } from './statuses.ts';

const ABORTED = 0x007;
const DNR = 0x4000;

function makeRig(sectorBytes = 512) {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1024, sectorBytes });
  const host = new MediumNvmeHost(executor, medium, requestMemory);
  const driver = new NvmeBlockDriver(executor, host, requestMemory, { queueDepth: 8 });
  return { executor, medium, host, driver };
}

describe('the NVMe block driver', () => {
  it('has the limits of its controller', () => {
    const { driver } = makeRig(4096);
    expect(driver.limits).toMatchObject({
      logicalBlockSize: 4096,
      maxSectors: 256,
      virtBoundaryMask: 4095,
      writeCache: true,
      fua: true,
    });
    expect([driver.hardwareQueueCount, driver.capacitySectors]).toEqual([2, 8192]);
  });

  it('counts in blocks of the namespace', () => {
    const { driver, executor, host } = makeRig(4096);
    const fields = { op: BioOp.write, sector: 16, sectorCount: 24, flags: BioFlag.fua };
    expect(statusOf(driver, executor, fields)).toBe('ok');
    expect(host.commands[0]).toMatchObject({ opcode: 1, slba: 2, nlb0: 2, control: 0x4000_0000 });
    expect(statusOf(driver, executor, { op: BioOp.flush })).toBe('ok');
    expect(host.commands[1]).toMatchObject({ opcode: 0, slba: 0, nlb0: 0, control: 0 });
  });

  it('hands on what the NVMe driver was left with', () => {
    const { driver, executor, host } = makeRig();
    host.statuses.push(ABORTED | DNR);
    expect(statusOf(driver, executor)).toBe('ioError');
    expect(host.commands).toHaveLength(1);
  });

  it('says that a full queue is full, and waits with the doorbell until the last', () => {
    const { driver, executor, host } = makeRig();
    host.depth = 2;
    const requests = [0, 1].map((tag) => makeRequest({ tag }));
    for (const request of requests) driver.queueRq(1, request, false);
    const late = makeRequest({ tag: 2 });
    expect(driver.queueRq(1, late, false)).toBe(QueueRqResult.deviceResource);
    executor.runUntilIdle();
    expect(requests[0]!.ends).toBe(0);
    driver.commitRqs(1);
    executor.runUntilIdle();
    expect(requests.map((request) => request.ends)).toEqual([1, 1]);
  });

  it('passes raw commands through with their status', () => {
    const { driver, executor, host } = makeRig();
    const raw = new Uint8Array(64);
    raw[0] = 0x09;
    raw[40] = 0x55;
    const request = makeRequest({ op: BioOp.driverIn, raw });
    driver.queueRq(0, request, true);
    executor.runUntilIdle();
    expect(host.commands[0]!.opcode).toBe(9);
    expect([...host.commands[0]!.raw!]).toEqual([0x55, 0, 0, 0, 0, 0]);
    expect(request.result).toBe(0x001 | DNR);
  });

  it('refuses what it has no command for, and memory that the controller does not know', () => {
    const { driver, executor, host } = makeRig();
    const memory = new RegionMemory([{ base: 0, size: 4096 }]);
    expect(statusOf(driver, executor, { op: BioOp.discard })).toBe('notSupported');
    expect(statusOf(driver, executor, { op: BioOp.driverOut })).toBe('notSupported');
    expect(statusOf(driver, executor, { memory })).toBe('ioError');
    expect(host.commands).toHaveLength(0);
  });

  it('passes on errors of the medium', () => {
    const { driver, executor, medium } = makeRig();
    medium.failReads(2, 1);
    medium.failWrites(3, 1);
    expect(statusOf(driver, executor)).toBe('medium');
    expect(statusOf(driver, executor, { op: BioOp.write })).toBe('medium');
  });

  it('asks the NVMe driver about what takes too long, and for nothing of what it does not have', () => {
    const { driver, host } = makeRig();
    const late: number[] = [];
    const request = makeRequest();
    driver.queueRq(0, request, true);
    expect(driver.timeout(request)).toBe(TimeoutVerdict.resetTimer);
    host.timeout = ({ opcode, hasTimer }) => {
      late.push(opcode);
      expect(hasTimer).toBe(true);
      return TimeoutVerdict.done;
    };
    expect(driver.timeout(request)).toBe(TimeoutVerdict.done);
    expect(driver.timeout(makeRequest())).toBe(TimeoutVerdict.done);
    expect(late).toEqual([2]);
  });

  it('wants a namespace that is there', () => {
    const { executor, host } = makeRig();
    const make = () => new NvmeBlockDriver(executor, host, requestMemory, { nsid: 7 });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow('nsid: 7');
  });
});
