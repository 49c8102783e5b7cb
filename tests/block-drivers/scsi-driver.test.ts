import { describe, expect, it } from 'vitest';
import { SCSI_PATIENCE_NS, ScsiDriver } from '../../src/block-drivers/scsi-driver.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { ScsiDisk } from '../../src/devices/scsi-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import type { ScsiDevice, ScsiResetScope, ScsiTask } from '../../src/interfaces/scsi-task.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { type Asc, buildSense, type SenseKey } from '../../src/wire/scsi.ts';
import { makeRequest, nameOfStatus, statusOf } from './statuses.ts';

/** What a scripted task ends with: a SAM status, or sense as [key, asc]. */
type Script = number | readonly [number, number];

/** A disk whose first tasks end as a script says. */
class ScriptedDisk implements ScsiDevice {
  readonly script: Script[] = [];
  readonly cdbs: number[][] = [];
  readonly #executor: SimExecutor;
  readonly #disk: ScsiDisk;

  constructor(executor: SimExecutor, disk: ScsiDisk) {
    this.#executor = executor;
    this.#disk = disk;
  }

  submit(task: ScsiTask): void {
    this.cdbs.push([...task.cdb.subarray(0, 16)]);
    const next = this.script.shift();
    if (next === undefined) {
      this.#disk.submit(task);
      return;
    }
    const reply = makeTask('script', () => {
      task.status = typeof next === 'number' ? next : 2;
      task.senseLength =
        typeof next === 'number'
          ? 0
          : buildSense(task.sense, next[0] as SenseKey, next[1] as Asc, -1);
      task.end(task);
    });
    this.#executor.post(reply);
  }

  abort(task: ScsiTask) {
    return this.#disk.abort(task);
  }

  reset(scope: ScsiResetScope, done: (helped: boolean) => void): void {
    this.#disk.reset(scope, done);
  }
}

function makeRig() {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1024 });
  const latency = new FixedLatency({ readNs: 1_000, writeNs: 1_000 });
  const disk = new ScriptedDisk(executor, new ScsiDisk(executor, { medium, latency }));
  const driver = new ScsiDriver(executor, disk);
  driver.start(() => {});
  executor.runUntilIdle();
  disk.cdbs.length = 0;
  return { executor, medium, disk, driver };
}

describe('the SCSI driver', () => {
  it('reads, writes with FUA and synchronizes the cache', () => {
    const { driver, executor, disk } = makeRig();
    expect(statusOf(driver, executor, { sector: 5, sectorCount: 2 })).toBe('ok');
    const write = { op: BioOp.write, sector: 5, sectorCount: 2, flags: BioFlag.fua };
    expect(statusOf(driver, executor, write)).toBe('ok');
    expect(statusOf(driver, executor, { op: BioOp.flush })).toBe('ok');
    expect(disk.cdbs.map((cdb) => cdb.slice(0, 10))).toEqual([
      [0x28, 0, 0, 0, 0, 5, 0, 0, 2, 0],
      [0x2a, 8, 0, 0, 0, 5, 0, 0, 2, 0],
      [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it('tries again after a unit attention and an aborted command, up to five times', () => {
    const { driver, executor, disk } = makeRig();
    disk.script.push([6, 0x2900], [0xb, 0x4b00], 0x40);
    expect(statusOf(driver, executor)).toBe('ok');
    disk.script.push(...new Array<Script>(6).fill([0xb, 0]));
    expect(statusOf(driver, executor)).toBe('ioError');
    expect(disk.script).toHaveLength(0);
  });

  it('waits for a busy disk, but not for ever', () => {
    const { driver, executor, disk } = makeRig();
    disk.script.push(0x08, 0x28, [2, 0x0401]);
    const started = executor.now;
    expect(statusOf(driver, executor)).toBe('ok');
    expect(executor.now - started).toBe(3 * 3_000_000 + 1_000);
    disk.script.push(...new Array<Script>(70_000).fill(0x08));
    expect(statusOf(driver, executor)).toBe('ioError');
    expect(executor.now - started).toBeGreaterThan(SCSI_PATIENCE_NS);
  });

  it('fails at once what cannot succeed', () => {
    const { driver, executor, medium, disk } = makeRig();
    medium.failReads(2, 1);
    medium.failWrites(3, 1);
    expect(statusOf(driver, executor)).toBe('medium');
    expect(disk.cdbs.splice(0)).toHaveLength(1);
    expect(statusOf(driver, executor, { op: BioOp.write })).toBe('ioError');
    expect(disk.cdbs.splice(0)).toHaveLength(6);
    disk.script.push([7, 0x2707]);
    expect(statusOf(driver, executor, { op: BioOp.write, sector: 100 })).toBe('noSpace');
  });

  it('passes raw commands through with their status', () => {
    const { driver, executor } = makeRig();
    const good = makeRequest({ op: BioOp.driverIn, raw: Uint8Array.of(0, 0, 0, 0, 0, 0) });
    const bad = makeRequest({ op: BioOp.driverIn, raw: Uint8Array.of(0xc1), tag: 1 });
    driver.queueRq(0, good);
    driver.queueRq(0, bad);
    executor.runUntilIdle();
    expect([nameOfStatus(good.status), good.result]).toEqual(['ok', 0]);
    expect([nameOfStatus(bad.status), bad.result]).toEqual(['ioError', 2]);
    expect(statusOf(driver, executor, { op: BioOp.driverOut })).toBe('ioError');
  });

  it('aborts what takes too long and sends it again, until the retries are used up', () => {
    const { driver, executor } = makeRig();
    const request = makeRequest();
    driver.queueRq(0, request);
    expect(driver.timeout(request)).toBe(TimeoutVerdict.resetTimer);
    executor.runUntilIdle();
    expect([request.ends, nameOfStatus(request.status)]).toEqual([1, 'ok']);
    driver.queueRq(0, request);
    for (let i = 0; i < 6; i++) {
      driver.timeout(request);
      executor.runUntil(executor.now);
    }
    expect([request.ends, nameOfStatus(request.status)]).toEqual([2, 'timeout']);
  });

  it('gives up on a command that waits for a busy disk when its time is over', () => {
    const { driver, executor, disk } = makeRig();
    disk.script.push(0x08);
    const request = makeRequest();
    driver.queueRq(0, request);
    executor.runUntil(executor.now + 1_000);
    expect(driver.timeout(request)).toBe(TimeoutVerdict.resetTimer);
    executor.runUntilIdle();
    expect([request.ends, nameOfStatus(request.status)]).toEqual([1, 'timeout']);
  });
});
