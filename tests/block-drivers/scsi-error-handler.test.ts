/** Each rung of the SCSI error ladder, in virtual time, as the block layer sees it. */
import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { ScsiDriver } from '../../src/block-drivers/scsi-driver.ts';
import { SCSI_RESET_TIMEOUT_NS } from '../../src/block-drivers/scsi-error-handler.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { ScsiDisk } from '../../src/devices/scsi-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import type { ScsiDevice, ScsiResetScope, ScsiTask } from '../../src/interfaces/scsi-task.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { makeBio } from '../block/rig.ts';
import { nameOfStatus } from './statuses.ts';

const SECOND = 1_000_000_000;
const SCOPES = ['unit', 'target', 'bus', 'host'];

/** A disk that hangs until the reset that helps it comes; resets below that fail, or are never heard of. */
class HangingDisk implements ScsiDevice {
  readonly log: string[] = [];
  isHung = false;
  /** Can a task of a hung disk be aborted? */
  canAbort = false;
  /** The mildest scope that helps; 4 for none. */
  helps = 0;
  isSilent = false;
  /** Tasks to answer with this status first. */
  strange = 0;
  readonly #executor: SimExecutor;
  readonly #disk: ScsiDisk;
  #held: ScsiTask[] = [];

  constructor(executor: SimExecutor, disk: ScsiDisk) {
    this.#executor = executor;
    this.#disk = disk;
  }

  submit(task: ScsiTask): void {
    if (this.isHung) this.#held.push(task);
    else if (this.strange > 0) {
      this.strange -= 1;
      this.#end(task, 0x30);
    } else this.#disk.submit(task);
  }

  abort(task: ScsiTask): AbortResult {
    this.#say('abort');
    if (!this.isHung) return this.#disk.abort(task);
    if (!this.canAbort) return AbortResult.unknown;
    this.#held = this.#held.filter((each) => each !== task);
    this.isHung = false;
    this.#end(task, 0x40);
    return AbortResult.aborted;
  }

  reset(scope: ScsiResetScope, done: (helped: boolean) => void): void {
    this.#say(SCOPES[scope]!);
    if (scope >= this.helps) {
      this.isHung = false;
      for (const task of this.#held.splice(0)) this.#end(task, 0x40);
      this.#disk.reset(scope, done);
    } else if (!this.isSilent) {
      this.#executor.post(makeTask('hang', () => done(false)));
    }
  }

  #end(task: ScsiTask, status: number): void {
    const reply = makeTask('hang', () => {
      task.status = status;
      task.senseLength = 0;
      task.end(task);
    });
    this.#executor.post(reply);
  }

  #say(what: string): void {
    this.log.push(`${this.#executor.now / SECOND} ${what}`);
  }
}

function makeRig() {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1024 });
  const latency = new FixedLatency({ readNs: 1_000, writeNs: 1_000 });
  const disk = new HangingDisk(executor, new ScsiDisk(executor, { medium, latency }));
  const driver = new ScsiDriver(executor, disk, { queueDepth: 4 });
  driver.start(() => {});
  executor.runUntilIdle();
  const queue = new RequestQueue(executor, driver);
  const memory = new RegionMemory([{ base: 0, size: 65_536 }]);
  /** Submits reads of different places and runs for ten minutes. */
  const read = (count: number) => {
    const bios = Array.from({ length: count }, (_, i) =>
      makeBio(memory, { sector: i * 64, gpa: i * 4096 }),
    );
    for (const bio of bios) queue.submitBio(bio);
    executor.runUntil(executor.now + 600 * SECOND);
    return bios.map(({ ends, status }) => (ends === 1 ? nameOfStatus(status) : `${ends} ends`));
  };
  return { executor, disk, driver, read };
}

describe('the SCSI error ladder', () => {
  it('aborts a command after 30 s and sends it again', () => {
    const { disk, read } = makeRig();
    disk.isHung = true;
    disk.canAbort = true;
    expect(read(1)).toEqual(['ok']);
    expect(disk.log).toEqual(['30 abort']);
  });

  it.each([
    [0, ['unit']],
    [1, ['unit', 'target']],
    [2, ['unit', 'target', 'bus']],
    [3, ['unit', 'target', 'bus', 'host']],
  ] as const)(
    'climbs to scope %i when the milder ones fail, and all commands succeed',
    (helps, log) => {
      const { disk, driver, read } = makeRig();
      disk.isHung = true;
      disk.helps = helps;
      // Six bios on four tags: two wait in the block layer meanwhile.
      expect(read(6)).toEqual(new Array(6).fill('ok'));
      const resets = log.map((each) => `30 ${each}`);
      expect(disk.log).toEqual([...new Array<string>(4).fill('30 abort'), ...resets]);
      expect(driver.isOffline).toBe(false);
    },
  );

  it('gives each reset that is not heard of ten seconds', () => {
    const { disk, read } = makeRig();
    disk.isHung = true;
    disk.helps = 3;
    disk.isSilent = true;
    expect(read(1)).toEqual(['ok']);
    expect(SCSI_RESET_TIMEOUT_NS).toBe(10 * SECOND);
    expect(disk.log).toEqual(['30 abort', '30 unit', '40 target', '50 bus', '60 host']);
  });

  it.each([true, false])('takes the unit offline when nothing helps (silent: %s)', (isSilent) => {
    const { disk, driver, read } = makeRig();
    disk.isHung = true;
    disk.helps = 4;
    disk.isSilent = isSilent;
    // Those with the unit had their time; what waited finds it offline.
    expect(read(6)).toEqual(['timeout', 'timeout', 'timeout', 'timeout', 'offline', 'offline']);
    expect(driver.isOffline).toBe(true);
    expect(read(1)).toEqual(['offline']);
    expect(disk.log).toHaveLength(4 + 4);
  });

  it('does not begin before the commands that are well have ended', () => {
    const { disk, read } = makeRig();
    disk.strange = 1;
    expect(read(3)).toEqual(['ok', 'ok', 'ok']);
    expect(disk.log.map((line) => line.split(' ')[1])).toEqual(['unit']);
  });

  it('takes a unit offline that answers everything, the question after each reset too, with nonsense', () => {
    const { disk, read } = makeRig();
    disk.strange = 1_000;
    expect(read(1)).toEqual(['timeout']);
    expect(disk.log.map((line) => line.split(' ')[1])).toEqual(SCOPES);
  });
});
