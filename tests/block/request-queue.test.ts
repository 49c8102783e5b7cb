import { describe, expect, it } from 'vitest';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { makeBio, QueueRig, settle } from './rig.ts';

describe('a bio', () => {
  it('goes to the driver at once and ends when its request does', () => {
    const rig = new QueueRig();
    const bio = rig.submit({ op: BioOp.write, sector: 8 });
    expect(rig.driver.log).toEqual(['write 8+8']);
    expect(bio.ends).toBe(0);
    rig.driver.endOne();
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.ok });
    expect(rig.events).toEqual(['Q 8+8', 'G 8+8', 'D 8+8', 'C 8+8']);
    expect(rig.queue.tagsInUse).toBe(0);
    expect(rig.queue.biosInFlight).toBe(0);
  });

  it('that is too long is cut, and ends once, with the first error of its parts', () => {
    const rig = new QueueRig({ maxSectors: 8 });
    const bio = rig.submit({ sector: 3, sectorCount: 20 });
    expect(rig.driver.log).toEqual(['read 3+8', 'read 11+8', 'read 19+4']);
    rig.driver.endOne(BlkStatus.medium, 1);
    rig.driver.endOne(BlkStatus.ioError, 1);
    expect(bio.ends).toBe(0);
    rig.driver.endOne();
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.medium });
    expect(rig.events.filter((event) => event.startsWith('X'))).toEqual(['X 3+8', 'X 11+8']);
  });

  it('waits for a tag, part by part, before those that came later', () => {
    const rig = new QueueRig({ maxSectors: 8 }, 1);
    const long = rig.submit({ sectorCount: 20 });
    const short = rig.submit({ sector: 100 });
    for (const [request, ended] of [
      ['read 0+8', 0],
      ['read 8+8', 0],
      ['read 16+4', 0],
      ['read 100+8', 1],
    ] as const) {
      expect(rig.driver.takeLog()).toEqual([request]);
      expect(long.ends).toBe(ended);
      rig.driver.endOne();
      settle(rig.executor);
    }
    expect(short.ends).toBe(1);
  });

  it('that must not wait ends with `again` when it would have to', () => {
    const rig = new QueueRig({ maxSectors: 8 }, 1);
    const first = rig.submit({ flags: BioFlag.noWait });
    const second = rig.submit({ flags: BioFlag.noWait });
    const tooLong = rig.submit({ sectorCount: 16, flags: BioFlag.noWait });
    expect(second.ends).toBe(0);
    rig.executor.runUntilIdle();
    expect([second.status, tooLong.status]).toEqual([BlkStatus.again, BlkStatus.again]);
    expect([second.ends, tooLong.ends]).toEqual([1, 1]);
    rig.driver.endAll();
    expect(first).toMatchObject({ ends: 1, status: BlkStatus.ok });
  });

  it.each([
    ['past the end', { sector: (1 << 20) - 4 }, BlkStatus.ioError],
    ['before the start', { sector: -8 }, BlkStatus.ioError],
    ['between two sectors', { sector: 0.5 }, BlkStatus.ioError],
    ['at no number', { sector: Number.NaN }, BlkStatus.ioError],
    ['with less memory than sectors', { runs: [[0, 512]] }, BlkStatus.ioError],
    ['without sectors', { sectorCount: 0 }, BlkStatus.ioError],
    ['of a flush with sectors', { op: BioOp.flush }, BlkStatus.ioError],
    ['of a raw command', { op: BioOp.driverIn }, BlkStatus.notSupported],
    ['of a discard that nobody offers', { op: BioOp.discard }, BlkStatus.notSupported],
    ['of a write zeroes that nobody offers', { op: BioOp.writeZeroes }, BlkStatus.notSupported],
  ] as const)('%s is refused on a later turn', (_, fields, status) => {
    const rig = new QueueRig();
    const bio = rig.submit(fields);
    expect(bio.ends).toBe(0);
    rig.executor.runUntilIdle();
    expect(bio).toMatchObject({ ends: 1, status });
    expect(rig.driver.log).toEqual([]);
  });

  it('off the logical block is refused', () => {
    const rig = new QueueRig({ logicalBlockSize: 4096, physicalBlockSize: 4096 });
    const bios = [rig.submit({ sector: 4 }), rig.submit({ sectorCount: 4 })];
    rig.executor.runUntilIdle();
    expect(bios.map((bio) => bio.status)).toEqual([BlkStatus.ioError, BlkStatus.ioError]);
  });

  it('of memory that cannot be cut within the limits is refused', () => {
    const rig = new QueueRig({ maxSegments: 1 });
    const bio = rig.submit({
      sectorCount: 1,
      runs: [
        [0, 256],
        [1024, 256],
      ],
    });
    rig.executor.runUntilIdle();
    expect(bio).toMatchObject({ ends: 1, status: BlkStatus.ioError });
    expect(rig.queue.biosInFlight).toBe(0);
  });

  it('may be submitted again from its own end', () => {
    const rig = new QueueRig();
    const bio = makeBio(rig.memory);
    let left = 3;
    bio.end = () => {
      left -= 1;
      if (left > 0) rig.queue.submitBio(bio);
    };
    rig.queue.submitBio(bio);
    rig.driver.endAll();
    expect(left).toBe(0);
  });
});

describe('a driver that is full', () => {
  it('of its own requests is asked again when one of them ends', () => {
    const rig = new QueueRig();
    rig.driver.answers.push(QueueRqResult.ok, QueueRqResult.deviceResource);
    rig.submit({ sector: 0 });
    const second = rig.submit({ sector: 8 });
    expect(rig.driver.takeLog()).toEqual(['read 0+8', 'full']);
    rig.executor.runUntilIdle();
    expect(rig.driver.takeLog()).toEqual([]);
    rig.driver.endOne();
    expect(rig.driver.takeLog()).toEqual(['read 8+8']);
    rig.driver.endOne();
    expect(second.ends).toBe(1);
    expect(rig.events).toContain('R 8+8');
  });

  it.each(['resource', 'deviceResource'] as const)(
    'for want of %s with nothing in flight is asked again after a while',
    (reason) => {
      const rig = new QueueRig();
      rig.driver.answers.push(QueueRqResult[reason]);
      const bio = rig.submit({});
      expect(rig.driver.takeLog()).toEqual(['full']);
      rig.executor.runUntilIdle();
      expect(rig.executor.now).toBe(3_000_000);
      rig.driver.endAll();
      expect(bio.ends).toBe(1);
    },
  );

  it('in the middle of a batch is told to start what it took', () => {
    const rig = new QueueRig();
    rig.driver.answers.push(QueueRqResult.ok, QueueRqResult.resource);
    rig.queue.plug();
    for (const sector of [0, 100, 200]) rig.submit({ sector });
    rig.queue.unplug();
    expect(rig.driver.takeLog()).toEqual(['read 200+8 more', 'full', 'commit']);
    rig.executor.runUntilIdle();
    expect(rig.driver.takeLog()).toEqual(['read 100+8 more', 'read 0+8']);
  });
});

describe('a queue', () => {
  it('spreads bios over the hardware queues of the driver', () => {
    const rig = new QueueRig({}, 1, 2);
    for (const sector of [0, 8, 16]) rig.submit({ sector });
    expect(rig.driver.takeLog()).toEqual(['read 0+8 q0', 'read 8+8 q1']);
    rig.driver.endOne();
    settle(rig.executor);
    expect(rig.driver.takeLog()).toEqual(['read 16+8 q0']);
  });

  it('charges each request its cost, one after another', () => {
    const rig = new QueueRig({}, 4, 1, { costs: { ...NO_COSTS, blockRequestNs: 500 } });
    rig.submit({ sector: 0 });
    rig.submit({ sector: 8 });
    expect(rig.driver.log).toEqual([]);
    rig.executor.runUntil(500);
    expect(rig.driver.takeLog()).toEqual(['read 0+8']);
    rig.executor.runUntil(1_000);
    expect(rig.driver.takeLog()).toEqual(['read 8+8']);
  });

  it('counts as sysfs does', () => {
    const rig = new QueueRig();
    rig.submit({});
    rig.submit({ op: BioOp.write, sector: 8, sectorCount: 1 });
    rig.executor.runUntil(1_000);
    rig.driver.endAll();
    const { stats } = rig.queue;
    expect(stats.read).toEqual({ ios: 1, merges: 0, sectors: 8, ns: 1_000 });
    expect(stats.write).toEqual({ ios: 1, merges: 0, sectors: 1, ns: 1_000 });
    expect(stats).toMatchObject({ inFlight: 0, mostInFlight: 2, busyNs: 1_000, weightedNs: 2_000 });
  });

  it('cuts discards and write zeroes by limits of their own', () => {
    const rig = new QueueRig({
      maxDiscardSectors: 20,
      discardGranularity: 4096,
      maxWriteZeroesSectors: 16,
    });
    rig.submit({ op: BioOp.discard, sector: 4, sectorCount: 40 });
    expect(rig.driver.takeLog()).toEqual(['discard 4+12', 'discard 16+16', 'discard 32+12']);
    rig.driver.endAll();
    rig.submit({ op: BioOp.writeZeroes, sector: 0, sectorCount: 24 });
    expect(rig.driver.takeLog()).toEqual(['writeZeroes 0+16', 'writeZeroes 16+8']);
  });

  it('says a driver that ends a request twice breaks the law', () => {
    const rig = new QueueRig();
    rig.submit({});
    const request = rig.driver.held[0]!;
    rig.driver.endOne();
    expect(() => request.end(request)).toThrow(InvariantError);
  });

  it('is not made of a driver without queues or tags', () => {
    expect(() => new QueueRig({}, 0)).toThrow(ConfigError);
    expect(() => new QueueRig({}, 1, 0)).toThrow(ConfigError);
    expect(() => new QueueRig({ maxSectors: 7 })).toThrow(/limits.maxSectors: 7/);
  });
});
