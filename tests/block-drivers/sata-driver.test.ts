import { describe, expect, it } from 'vitest';
import { SataDriver, type SataDriverOptions } from '../../src/block-drivers/sata-driver.ts';
import { AtaDisk, type AtaDiskOptions } from '../../src/devices/ata-disk.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import type { AtaDevice } from '../../src/interfaces/ata-device.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { QueueRqResult, TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeRequest, nameOfStatus, statusOf, type TestRequest } from './statuses.ts';

/** Frames on their way to the disk, which the test may swallow or bend. */
class Link implements AtaDevice {
  readonly commands: string[] = [];
  resets = 0;
  softResets = 0;
  /** Commands that vanish. */
  swallow: (command: number) => boolean = () => false;
  /** Frames to the host, bent before they arrive. */
  bend: (fis: Uint8Array) => void = () => {};
  readonly #disk: AtaDisk;

  constructor(disk: AtaDisk) {
    this.#disk = disk;
  }

  connect(receive: (fis: Uint8Array) => void): void {
    this.#disk.connect((fis) => {
      this.bend(fis);
      receive(fis);
    });
  }

  issue(...args: Parameters<AtaDevice['issue']>): void {
    const [slot, fis] = args;
    const command = fis[2]!;
    const isControl = (fis[1]! & 0x80) === 0;
    if (isControl) this.softResets += fis[15] === 4 ? 1 : 0;
    else this.commands.push(`${command.toString(16)} slot ${slot}`);
    if (!this.swallow(command)) this.#disk.issue(...args);
  }

  comreset(speedLimit: number): void {
    this.resets += 1;
    this.#disk.comreset(speedLimit);
  }

  get linkSpeed(): number {
    return this.#disk.linkSpeed;
  }
}

/** Is the log that was asked for last the one that follows IDENTIFY? */
const isAfterReset = (link: Link): boolean => link.commands.at(-2) === 'ec slot 0';

function makeRig(
  diskOptions: Partial<AtaDiskOptions> = {},
  driverOptions: SataDriverOptions = {},
  bend?: (fis: Uint8Array) => void,
) {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 2048 });
  const latency = new FixedLatency({ readNs: 1_000, writeNs: 2_000 });
  const link = new Link(new AtaDisk(executor, { medium, latency, ...diskOptions }));
  if (bend !== undefined) link.bend = bend;
  const driver = new SataDriver(executor, link, driverOptions);
  let outcome: string | undefined = 'never ended';
  driver.start((failure) => {
    outcome = failure;
  });
  executor.runUntilIdle();
  link.commands.length = 0;
  link.resets = 0;
  /** Queues requests that read different sectors under tags 0, 1, ... */
  const readMany = (count: number): TestRequest[] =>
    Array.from({ length: count }, (_, tag) => {
      const request = makeRequest({ tag, sector: tag * 8, gpa: tag * 4096 });
      expect(driver.queueRq(0, request)).toBe(QueueRqResult.ok);
      return request;
    });
  return { executor, medium, link, driver, outcome, readMany };
}

const endings = (requests: readonly TestRequest[]): string[] =>
  requests.map(({ ends, status }) => (ends === 1 ? nameOfStatus(status) : `${ends} ends`));

describe('the start', () => {
  it('identifies the disk', () => {
    const { driver, outcome } = makeRig({ queueDepth: 16, physicalBytes: 4096 });
    expect(outcome).toBeUndefined();
    expect([driver.queueDepth, driver.capacitySectors]).toEqual([16, 2048]);
    expect(driver.limits).toMatchObject({ physicalBlockSize: 4096, writeCache: true, fua: true });
  });

  it.each([
    [{ fua: false }, {}],
    [{}, { fua: false }],
  ])('uses FUA only where the disk %j and the driver %j want it', (disk, options) => {
    expect(makeRig(disk, options).driver.limits.fua).toBe(false);
  });

  it('fails when the disk does not identify itself', () => {
    const { outcome } = makeRig({}, {}, (fis) => {
      fis[2] = 0x51;
    });
    expect(outcome).toBe('the device does not identify itself as a disk');
  });
});

describe('queued commands', () => {
  it('are in flight together', () => {
    const { executor, readMany } = makeRig();
    const requests = readMany(32);
    executor.runUntilIdle();
    expect(executor.now).toBe(1_000);
    expect(endings(requests)).toEqual(new Array(32).fill('ok'));
  });

  it('keep a flush waiting, and wait for it', () => {
    const { driver, executor, readMany } = makeRig();
    readMany(2);
    const flush = makeRequest({ op: BioOp.flush, tag: 5 });
    expect(driver.queueRq(0, flush)).toBe(QueueRqResult.deviceResource);
    executor.runUntilIdle();
    expect(driver.queueRq(0, flush)).toBe(QueueRqResult.ok);
    const read = makeRequest({ tag: 6 });
    expect(driver.queueRq(0, read)).toBe(QueueRqResult.deviceResource);
    executor.runUntilIdle();
    expect([endings([flush]), driver.queueRq(0, read)]).toEqual([['ok'], QueueRqResult.ok]);
    executor.runUntilIdle();
  });

  it('that fail do not fail the others, which are sent again', () => {
    const { executor, medium, readMany, link } = makeRig();
    medium.failReads(17, 1);
    const requests = readMany(4);
    executor.runUntilIdle();
    expect(endings(requests)).toEqual(['ok', 'ok', 'medium', 'ok']);
    // Tags 0 and 1 ended before the error; 3 was lost with it.
    expect(link.commands.slice(4)).toEqual(['2f slot 0', '60 slot 3']);
  });

  it('of several bad sectors fail one after the other', () => {
    const { executor, medium, readMany } = makeRig();
    medium.failReads(0, 24);
    const requests = readMany(4);
    executor.runUntilIdle();
    expect(endings(requests)).toEqual(['medium', 'medium', 'medium', 'ok']);
  });

  it('hold back what comes while the log is read', () => {
    const { executor, driver, medium, readMany } = makeRig();
    medium.failReads(0, 1);
    const [request] = readMany(1);
    const late = makeRequest({ tag: 9 });
    let answer: number = QueueRqResult.ok;
    request!.end = () => {
      answer = driver.queueRq(0, late);
    };
    executor.runUntilIdle();
    expect([answer, late.ends]).toEqual([QueueRqResult.ok, 1]);
  });

  it('whose log cannot be read are sent again after a reset', () => {
    const { executor, medium, readMany, link } = makeRig();
    medium.failReads(0, 1);
    let spoiled = false;
    link.bend = (fis) => {
      if (fis[0] === 0x5f && !spoiled) {
        spoiled = true;
        fis[2] = 0x51;
      }
    };
    const requests = readMany(2);
    executor.runUntilIdle();
    expect([link.softResets, endings(requests)]).toEqual([1, ['medium', 'ok']]);
  });

  it('of a disk that a reset does not help end with an error', () => {
    const { executor, medium, readMany, link } = makeRig();
    medium.failReads(0, 1);
    link.bend = (fis) => {
      // The log never comes; the answers after a reset do.
      if (fis[0] === 0x5f && link.commands.at(-1) === '2f slot 0' && !isAfterReset(link)) {
        fis[2] = 0x51;
      }
    };
    const requests = readMany(1);
    executor.runUntilIdle();
    expect([link.softResets, endings(requests)]).toEqual([6, ['ioError']]);
  });
});

describe('a disk without a queue', () => {
  it('takes one command at a time', () => {
    const { driver, executor, link } = makeRig({ queueDepth: 0 });
    expect(driver.queueDepth).toBe(1);
    const write = { op: BioOp.write, sector: 5, sectorCount: 3 };
    expect(statusOf(driver, executor, write)).toBe('ok');
    expect(statusOf(driver, executor, { ...write, flags: BioFlag.fua })).toBe('ok');
    expect(statusOf(driver, executor)).toBe('ok');
    expect(statusOf(driver, executor, { op: BioOp.flush })).toBe('ok');
    expect(link.commands).toEqual(['35 slot 0', '3d slot 0', '25 slot 0', 'ea slot 0']);
    driver.queueRq(0, makeRequest());
    expect(driver.queueRq(0, makeRequest())).toBe(QueueRqResult.deviceResource);
  });

  it('passes on its errors', () => {
    const { driver, executor, medium } = makeRig({ queueDepth: 0 });
    medium.failReads(2, 1);
    medium.failWrites(3, 1);
    expect(statusOf(driver, executor)).toBe('medium');
    expect(statusOf(driver, executor, { op: BioOp.write })).toBe('target');
    const unmapped = { op: BioOp.write, sector: 100, gpa: 2 ** 40 };
    expect(statusOf(driver, executor, unmapped)).toBe('ioError');
  });
});

describe('the driver', () => {
  it('tries a broken transfer again, five times', () => {
    const { driver, executor, link } = makeRig();
    expect(statusOf(driver, executor, { gpa: 2 ** 40 })).toBe('ioError');
    expect(link.commands.filter((command) => command.startsWith('60'))).toHaveLength(6);
  });

  it('resets the device when a command takes too long, and sends all again', () => {
    const { driver, executor, link } = makeRig();
    let isSwallowing = true;
    link.swallow = (command) => command === 0x60 && isSwallowing;
    const requests = [0, 1].map((tag) => makeRequest({ tag, sector: tag * 8 }));
    for (const request of requests) driver.queueRq(0, request);
    executor.runUntilIdle();
    isSwallowing = false;
    expect(driver.timeout(requests[0]!)).toBe(TimeoutVerdict.resetTimer);
    executor.runUntilIdle();
    expect([link.softResets, endings(requests)]).toEqual([1, ['ok', 'ok']]);
  });

  it('resets the device for a flush that hangs, and gives it up after five tries', () => {
    const { driver, executor, link } = makeRig();
    link.swallow = (command) => command === 0xea;
    const flush = makeRequest({ op: BioOp.flush });
    driver.queueRq(0, flush);
    for (let i = 0; i < 6; i++) {
      driver.timeout(flush);
      executor.runUntilIdle();
    }
    expect([link.softResets, endings([flush])]).toEqual([6, ['timeout']]);
    expect(statusOf(driver, executor)).toBe('ok');
  });

  it('passes raw frames through, and refuses what it has no command for', () => {
    const { driver, executor, link } = makeRig();
    const raw = new Uint8Array(20);
    raw.set([0x27, 0x80, 0xe7]);
    expect(statusOf(driver, executor, { op: BioOp.driverIn, raw })).toBe('ok');
    expect(link.commands).toEqual(['e7 slot 0']);
    raw[2] = 0x99;
    expect(statusOf(driver, executor, { op: BioOp.driverIn, raw })).toBe('ioError');
    expect(statusOf(driver, executor, { op: BioOp.driverIn })).toBe('notSupported');
    const zeroes = { op: BioOp.writeZeroes };
    expect(statusOf(driver, executor, zeroes)).toBe('notSupported');
  });

  it('ignores frames that answer nothing', () => {
    const executor = new SimExecutor();
    let receive: (fis: Uint8Array) => void = () => {};
    const device: AtaDevice = {
      connect: (to) => {
        receive = to;
      },
      issue: () => {},
      comreset: () => {},
      linkSpeed: 0,
    };
    const driver = new SataDriver(executor, device);
    for (const type of [0x34, 0xa1, 0x5f, 0x00]) {
      const fis = new Uint8Array(20).fill(0xff);
      fis[0] = type;
      expect(() => receive(fis)).not.toThrow();
    }
    executor.runUntilIdle();
    expect(driver.capacitySectors).toBe(0);
  });
});
