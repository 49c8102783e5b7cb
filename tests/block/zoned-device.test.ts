import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { ZonedDevice } from '../../src/block/zoned-device.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { type ZoneOptions, ZoneTable } from '../../src/block-drivers/zone-table.ts';
import {
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
  type QueueLimits,
} from '../../src/interfaces/bio.ts';
import { QueueRqResult, type Request } from '../../src/interfaces/blk-mq.ts';
import type { Prng } from '../../src/interfaces/prng.ts';
import { ZoneCondition } from '../../src/interfaces/zoned.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { makeMedium } from '../block-drivers/worlds.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { type BioFields, HeldDriver, makeBio, makeMemory, type TestBio } from './rig.ts';

const memory = makeMemory();
const { ok, ioError, again, notSupported } = BlkStatus;
const { read, write, zoneAppend, zoneReset, zoneFinish, zoneOpen } = BioOp;

/** A null_blk of four zones of 64 sectors with a medium. */
function rig(zoned: Partial<ZoneOptions> = {}, limits: Partial<QueueLimits> = {}) {
  const executor = new SimExecutor();
  const medium = makeMedium({ sectorCount: 256 });
  const options = { medium, completionNs: 1_000, limits, zoned: { zoneSectors: 64, ...zoned } };
  const driver = new NullBlkDriver(executor, options);
  const queue = new RequestQueue(executor, driver);
  const device = new ZonedDevice(executor, queue, driver.zones!);
  const submit = (fields: BioFields): TestBio => {
    const bio = makeBio(memory, fields);
    // An append and its kind bring memory as a write does.
    if (fields.op === zoneAppend) bio.data.pushAddress(fields.gpa ?? 0, bio.sectorCount * 512);
    device.submitBio(bio);
    return bio;
  };
  const run = (fields: BioFields): TestBio => {
    const bio = submit(fields);
    expect(bio.ends).toBe(0);
    executor.runUntilIdle();
    expect(bio.ends).toBe(1);
    return bio;
  };
  return { executor, queue, device, submit, run };
}

describe('a zoned device', () => {
  it('takes writes that were sent at once, each to the write pointer, where the queue alone would mix them', () => {
    const { executor, device, submit } = rig();
    const bios = Array.from({ length: 8 }, (_, i) => submit({ op: write, sector: i * 8 }));
    executor.runUntilIdle();
    expect(bios.map(({ status }) => status)).toEqual(new Array(8).fill(ok));
    expect(device.reportZones()[0]).toMatchObject({
      writePointer: 64,
      condition: ZoneCondition.full,
    });
    expect(device.biosInFlight).toBe(0);
  });

  it('ends a write elsewhere with an I/O error', () => {
    const { run, device } = rig();
    expect(run({ op: write, sector: 8 }).status).toBe(ioError);
    expect(run({ op: write, sector: 0 }).status).toBe(ok);
    expect(run({ op: write, sector: 0 }).status).toBe(ioError);
    expect(device.reportZones()[0]!.writePointer).toBe(8);
  });

  it('cuts a write at the borders of zones', () => {
    const { run, device } = rig();
    expect(run({ op: write, sector: 0, sectorCount: 150 }).status).toBe(ok);
    expect(device.reportZones().map(({ writePointer }) => writePointer)).toEqual([
      64, 128, 150, 192,
    ]);
  });

  it('lets appends choose their place, and says which it was', () => {
    const { executor, submit } = rig();
    const bios = [8, 16, 8, 24].map((sectorCount) =>
      submit({ op: zoneAppend, sector: 64, sectorCount }),
    );
    executor.runUntilIdle();
    expect(bios.map(({ status, sector }) => [status, sector])).toEqual([
      [ok, 64],
      [ok, 72],
      [ok, 88],
      [ok, 96],
    ]);
    const beyond = submit({ op: zoneAppend, sector: 64, sectorCount: 16 });
    const last = submit({ op: zoneAppend, sector: 64, sectorCount: 8 });
    executor.runUntilIdle();
    expect([beyond.status, beyond.sector, last.status, last.sector]).toEqual([
      ioError,
      64,
      ok,
      120,
    ]);
  });

  it.each<[string, BioFields, BlkStatus]>([
    ['an append off the start of a zone', { op: zoneAppend, sector: 8, sectorCount: 8 }, ioError],
    ['an append of nothing', { op: zoneAppend, sector: 0, sectorCount: 0 }, ioError],
    ['an append to a conventional zone', { op: zoneAppend, sector: 192, sectorCount: 8 }, ioError],
    ['half a zone', { op: zoneReset, sector: 0, sectorCount: 32 }, ioError],
    ['zones beyond the device', { op: zoneReset, sector: 192, sectorCount: 128 }, ioError],
    ['a reset of nothing', { op: zoneReset, sector: 0, sectorCount: 0 }, ioError],
    [
      'an operation that there is not',
      { op: 14 as BioOp, sector: 0, sectorCount: 64 },
      notSupported,
    ],
    ['a discard', { op: BioOp.discard, sector: 0, sectorCount: 64 }, notSupported],
    ['a write beyond the device', { op: write, sector: 250, sectorCount: 8 }, ioError],
  ])('refuses %s', (what, fields, status) => {
    const isLast = what.includes('conventional');
    const { run } = rig(isLast ? { conventionalZones: 4 } : {});
    expect(run(fields).status).toBe(status);
  });

  it('does zone operations over a range, in line with writes, and a reset zone reads as zeroes', () => {
    const { executor, device, submit, run } = rig();
    memory.fill(0, 0x5a, 4096);
    const order: string[] = [];
    const named = (name: string, fields: BioFields) => {
      const bio = submit(fields);
      const { end } = bio;
      bio.end = (ended) => {
        order.push(name);
        end(ended);
      };
      return bio;
    };
    const bios = [
      named('write', { op: write, sector: 0 }),
      named('reset', { op: zoneReset, sector: 0, sectorCount: 64 }),
      named('again', { op: write, sector: 0, sectorCount: 4 }),
      named('finish', { op: zoneFinish, sector: 0, sectorCount: 128 }),
    ];
    executor.runUntilIdle();
    expect(order).toEqual(['write', 'reset', 'again', 'finish']);
    expect(bios.map(({ status }) => status)).toEqual([ok, ok, ok, ok]);
    const { full, empty, explicitOpen } = ZoneCondition;
    const conditions = () => device.reportZones().map(({ condition }) => condition);
    expect(conditions()).toEqual([full, full, empty, empty]);
    expect(run({ op: zoneOpen, sector: 128, sectorCount: 64 }).status).toBe(ok);
    expect(conditions()).toEqual([full, full, explicitOpen, empty]);
    run({ op: read, sector: 0, gpa: 8192 });
    expect([memory.read8(8192 + 2047), memory.read8(8192 + 2048)]).toEqual([0x5a, 0]);
    run({ op: zoneReset, sector: 0, sectorCount: 256 });
    expect(conditions()).toEqual([empty, empty, empty, empty]);
    run({ op: read, sector: 0, gpa: 8192 });
    expect(memory.read8(8192)).toBe(0);
  });

  it('finds the write pointer again after an error', () => {
    const { executor, submit } = rig();
    const bios = [
      submit({ op: write, sector: 0 }),
      submit({ op: write, sector: 32 }),
      submit({ op: zoneAppend, sector: 0, sectorCount: 8 }),
    ];
    executor.runUntilIdle();
    expect(bios.map(({ status, sector }) => [status, sector])).toEqual([
      [ok, 0],
      [ioError, 32],
      [ok, 8],
    ]);
  });

  it('answers again where a bio may not wait', () => {
    const { executor, submit } = rig();
    const flags = BioFlag.noWait;
    const bios = [
      submit({ op: write, sector: 0, flags }),
      submit({ op: write, sector: 8, flags }),
      submit({ op: zoneAppend, sector: 0, sectorCount: 8, flags }),
      submit({ op: write, sector: 64, sectorCount: 70, flags }),
    ];
    executor.runUntilIdle();
    expect(bios.map(({ status }) => status)).toEqual([ok, again, again, again]);
  });

  it('is refused over a queue whose requests may cross zones', () => {
    const executor = new SimExecutor();
    const queue = new RequestQueue(executor, new NullBlkDriver(executor));
    const zones = new ZoneTable(256, { zoneSectors: 64 });
    expect(() => new ZonedDevice(executor, queue, zones)).toThrow('limits.chunkSectors');
  });
});

/** A driver that does what it holds in any order, refuses now and then, and judges each write by its zones. */
class MixingDriver extends HeldDriver {
  readonly zones = new ZoneTable(256, { zoneSectors: 64, conventionalZones: 1 });
  /** Most writes that any sequential zone ever had here at once. */
  mostInZone = 0;
  readonly #executor: SimExecutor;
  readonly #chance: Prng;
  readonly #task = makeTask('mixing', () => this.#doSome());

  constructor(executor: SimExecutor, chance: Prng, queues: number) {
    super({ chunkSectors: 64, maxSectors: 16 }, 8, queues);
    this.#executor = executor;
    this.#chance = chance;
  }

  override queueRq(queue: number, request: Request, last: boolean): QueueRqResult {
    if (this.held.length > 0 && this.#chance.oneIn(4)) return QueueRqResult.deviceResource;
    super.queueRq(queue, request, last);
    const zone = (each: Request) => Math.floor(each.sector / 64);
    const same = this.held.filter((each) => each.op !== read && zone(each) === zone(request));
    if (zone(request) > 0) this.mostInZone = Math.max(this.mostInZone, same.length);
    this.#executor.schedule(this.#task, this.#executor.now + this.#chance.below(1000));
    return QueueRqResult.ok;
  }

  #doSome(): void {
    const index = this.#chance.below(this.held.length);
    const { op, sector, sectorCount } = this.held[index]!;
    const status =
      op === read
        ? ok
        : op === write
          ? this.zones.write(sector, sectorCount)
          : this.zones.manage(op, sector);
    if (this.held.length > 1) this.#executor.schedule(this.#task, this.#executor.now + 10);
    this.endOne(status, index);
  }
}

type Step = readonly [zone: number, sectors: number, kind: number];

/** Writes and appends, each where its zone will stand then; all at once. The statuses that they end with. */
function mixed(seed: number, queues: number, steps: readonly Step[], isLocked: boolean) {
  const executor = new SimExecutor();
  const driver = new MixingDriver(executor, makePrng(seed), queues);
  const queue = new RequestQueue(executor, driver);
  const zoned = new ZonedDevice(executor, queue, driver.zones);
  const device: BlockDevice = isLocked ? zoned : queue;
  const pointers = [0, 64, 128, 192];
  const bios: TestBio[] = [];
  for (const [zone, sectors, kind] of steps) {
    const sectorCount = Math.min(sectors, (zone + 1) * 64 - pointers[zone]!);
    if (sectorCount === 0) {
      pointers[zone] = zone * 64;
      if (zone > 0)
        bios.push(makeBio(memory, { op: zoneReset, sector: zone * 64, sectorCount: 64 }));
      continue;
    }
    const isAppend = isLocked && kind === 1 && zone > 0 && sectorCount <= 16;
    const op = kind === 2 ? read : write;
    const bio = makeBio(memory, { op, sector: pointers[zone]!, sectorCount });
    if (isAppend) Object.assign(bio, { op: zoneAppend, sector: zone * 64 });
    if (op === write) pointers[zone]! += sectorCount;
    bios.push(bio);
  }
  if (seed % 2 === 0) device.plug();
  for (const bio of bios) device.submitBio(bio);
  if (seed % 2 === 0) device.unplug();
  executor.runUntilIdle();
  return { bios, driver, zoned, pointers };
}

const steps = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 40 }), fc.nat(2)), {
  minLength: 1,
  maxLength: 40,
});

it('keeps the order of write pointers, and one write in each zone, under any schedule', () => {
  checkProperty(
    fc.property(fc.nat(1000), fc.constantFrom(1, 3), steps, (seed, queues, list) => {
      const { bios, driver, zoned, pointers } = mixed(seed, queues, list, true);
      for (const bio of bios) expect([bio.ends, bio.status]).toEqual([1, ok]);
      expect(driver.mostInZone).toBeLessThanOrEqual(1);
      expect(zoned.biosInFlight).toBe(0);
      const reported = zoned.reportZones().map(({ writePointer }) => writePointer);
      expect(reported.slice(1)).toEqual(pointers.slice(1));
    }),
    runs(100, 2_000),
  );
});

it('is needed: the same writes fail on the queue alone', () => {
  const list = Array.from({ length: 12 }, (): Step => [1, 5, 0]);
  const { bios, driver } = mixed(1, 3, list, false);
  expect(bios.some(({ status }) => status === ioError)).toBe(true);
  expect(driver.mostInZone).toBeGreaterThan(1);
});
