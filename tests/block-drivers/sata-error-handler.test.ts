/** Each rung of the SATA error ladder, in virtual time, as the block layer sees it. */
import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { ATA_LINK_ERRORS, SataDriver } from '../../src/block-drivers/sata-driver.ts';
import { SATA_RESET_TIMEOUT_NS } from '../../src/block-drivers/sata-error-handler.ts';
import { AtaDisk } from '../../src/devices/ata-disk.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import type { AtaDevice } from '../../src/interfaces/ata-device.ts';
import { BioOp } from '../../src/interfaces/bio.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio } from '../block/rig.ts';
import { makeRequest, nameOfStatus } from './statuses.ts';

const SECOND = 1_000_000_000;

/** A disk that hangs until a reset of the right kind comes, with a link that breaks transfers while it is fast. */
class HangingDisk implements AtaDevice {
  readonly log: string[] = [];
  isHung = false;
  /** The mildest reset that helps: 0 soft, 1 hard, 2 and 3 hard at that limit of speed or below. */
  helps = 0;
  /** Queued commands end with a broken transfer while the link is faster than this. */
  steadySpeed = 3;
  /** What was in flight or not. */
  readonly commands: number[] = [];
  readonly #executor: SimExecutor;
  readonly #disk: AtaDisk;

  constructor(executor: SimExecutor, disk: AtaDisk) {
    this.#executor = executor;
    this.#disk = disk;
  }

  get linkSpeed(): number {
    return this.#disk.linkSpeed;
  }

  connect(receive: (fis: Uint8Array) => void): void {
    this.#disk.connect((fis) => {
      if (fis[0] === 0xa1 && this.linkSpeed > this.steadySpeed) fis[3] = 0x84;
      if (!this.isHung) receive(fis);
    });
  }

  issue(...args: Parameters<AtaDevice['issue']>): void {
    const [slot, fis, memory, data, ioId] = args;
    if ((fis[1]! & 0x80) === 0) {
      if (fis[15] === 4) this.#say('soft reset');
      if (fis[15] === 4 && this.helps === 0) this.isHung = false;
    } else {
      this.commands.push(fis[2]!);
    }
    // Data that cannot be moved is a broken transfer to the disk.
    const isBroken = (fis[2]! & 0xfe) === 0x60 && this.linkSpeed > this.steadySpeed;
    const target = isBroken ? new RegionMemory([{ base: 2 ** 40, size: 512 }]) : memory;
    if (!this.isHung) this.#disk.issue(slot, fis, target, data, ioId);
  }

  comreset(speedLimit: number): void {
    this.#say(speedLimit === 0 ? 'hard reset' : `hard reset, generation ${speedLimit}`);
    const rung = speedLimit === 0 ? 1 : 4 - speedLimit;
    if (rung >= this.helps) this.isHung = false;
    if (!this.isHung) this.#disk.comreset(speedLimit);
  }

  #say(what: string): void {
    this.log.push(`${this.#executor.now / SECOND} ${what}`);
  }
}

function makeRig() {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 2048 });
  const latency = new FixedLatency({ readNs: 1_000, writeNs: 1_000 });
  const disk = new HangingDisk(executor, new AtaDisk(executor, { medium, latency, queueDepth: 4 }));
  const driver = new SataDriver(executor, disk);
  driver.start(() => {});
  executor.runUntilIdle();
  disk.log.length = 0;
  disk.commands.length = 0;
  const queue = new RequestQueue(executor, driver);
  const memory = new RegionMemory([{ base: 0, size: 65_536 }]);
  /** Submits bios of different places and runs for ten minutes. */
  const submit = (count: number, op: BioOp = BioOp.read) => {
    const bios = Array.from({ length: count }, (_, i) =>
      makeBio(memory, { op, sector: i * 64, gpa: i * 4096 }),
    );
    for (const bio of bios) queue.submitBio(bio);
    executor.runUntil(executor.now + 600 * SECOND);
    return bios.map(({ ends, status }) => (ends === 1 ? nameOfStatus(status) : `${ends} ends`));
  };
  return { executor, medium, disk, driver, submit };
}

describe('the SATA error ladder', () => {
  it('does not reset for a queued command that fails: the log names it, and the others are sent again', () => {
    const { disk, medium, submit } = makeRig();
    medium.failReads(64, 1);
    expect(submit(3)).toEqual(['ok', 'medium', 'ok']);
    expect([disk.log, disk.commands.filter((each) => each === 0x2f)]).toEqual([[], [0x2f]]);
  });

  it.each([
    [0, ['30 soft reset']],
    [1, ['30 soft reset', '40 hard reset']],
    [2, ['30 soft reset', '40 hard reset', '50 hard reset, generation 2']],
    [
      3,
      [
        '30 soft reset',
        '40 hard reset',
        '50 hard reset, generation 2',
        '60 hard reset, generation 1',
      ],
    ],
  ])(
    'climbs to rung %i while the milder resets do not help, and all commands succeed',
    (helps, log) => {
      const { disk, driver, submit } = makeRig();
      disk.isHung = true;
      disk.helps = helps;
      expect(submit(6)).toEqual(new Array(6).fill('ok'));
      expect(SATA_RESET_TIMEOUT_NS).toBe(10 * SECOND);
      expect([disk.log, driver.isDisabled]).toEqual([log, false]);
    },
  );

  it('disables a device that no reset helps', () => {
    const { disk, driver, submit } = makeRig();
    disk.isHung = true;
    disk.helps = 4;
    expect(submit(6)).toEqual(['timeout', 'timeout', 'timeout', 'timeout', 'offline', 'offline']);
    expect([driver.isDisabled, disk.log.length]).toEqual([true, 4]);
    expect(submit(1)).toEqual(['offline']);
    expect(disk.log).toHaveLength(4);
  });

  it('does not take another disk for the one that it was', () => {
    const executor = new SimExecutor();
    const [first, other] = [2048, 999].map(
      (sectorCount) => new AtaDisk(executor, { medium: new SparseMedium({ sectorCount }) }),
    ) as [AtaDisk, AtaDisk];
    let current: AtaDisk | undefined = first;
    const driver = new SataDriver(executor, {
      connect: (receive) => {
        first.connect((fis) => current === first && receive(fis));
        other.connect((fis) => current === other && receive(fis));
      },
      issue: (...args) => current?.issue(...args),
      comreset: (limit) => current?.comreset(limit),
      linkSpeed: 3,
    });
    driver.start(() => {});
    executor.runUntilIdle();
    current = undefined;
    const request = makeRequest();
    driver.queueRq(0, request);
    current = other;
    driver.timeout(request);
    executor.runUntilIdle();
    expect([nameOfStatus(request.status), driver.isDisabled]).toEqual(['timeout', true]);
  });

  it('slows a link down that breaks transfers, and then all is well', () => {
    const { disk, driver, submit } = makeRig();
    disk.steadySpeed = 2;
    expect(submit(4)).toEqual(new Array(4).fill('ok'));
    expect(disk.log.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'hard reset, generation 2',
    ]);
    expect([disk.linkSpeed, driver.isDisabled, ATA_LINK_ERRORS]).toEqual([2, false, 10]);
  });
});

it('discards go among queued commands where the device can queue them, and alone where not', () => {
  for (const [trim, command] of [
    ['queued', 0x64],
    ['plain', 0x06],
  ] as const) {
    const executor = new SimExecutor();
    const medium = new SparseMedium({ sectorCount: 2048 });
    const disk = new HangingDisk(executor, new AtaDisk(executor, { medium, trim }));
    const driver = new SataDriver(executor, disk);
    driver.start(() => {});
    executor.runUntilIdle();
    disk.commands.length = 0;
    const queue = new RequestQueue(executor, driver);
    const memory = new RegionMemory([{ base: 0, size: 65_536 }]);
    memory.fill(0, 0x77, 4096);
    const write = makeBio(memory, { op: BioOp.write });
    queue.submitBio(write);
    executor.runUntilIdle();
    const discard = makeBio(memory, { op: BioOp.discard, sector: 2, sectorCount: 3 });
    queue.submitBio(discard);
    executor.runUntilIdle();
    expect([nameOfStatus(discard.status), disk.commands]).toEqual(['ok', [0x61, command]]);
    const filled = Array.from({ length: 8 }, (_, i) => (medium.peek(i, 1)[0] === 0 ? 0 : 1));
    expect(filled.join('')).toBe('11000111');
  }
});
