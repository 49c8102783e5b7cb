import { describe, expect, it } from 'vitest';
import { deviceNumber } from '../../src/block/blktrace-writer.ts';
import { RemapDevice } from '../../src/block/remap-device.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { LinearMap, StripedMap } from '../../src/block/sector-map.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { BlockAction, type BlockObserver } from '../../src/interfaces/block-observer.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkBlockDevice } from '../../src/testing/block/check-block-device.ts';
import { makeDriver, makeMedium } from '../block-drivers/worlds.ts';
import { allocatedPerOp } from '../support/heap.ts';
import { runs } from '../support/runs.ts';
import { HeldDevice } from './held-device.ts';
import { makeBio, makeMemory, type TestBio } from './rig.ts';

const memory = makeMemory();
const CACHED = { writeCache: true };

/** Two devices of 64 sectors below one of chunks of 8. */
function striped(limits = {}, options = {}) {
  const executor = new SimExecutor();
  const lowers = [new HeldDevice(limits, 64), new HeldDevice(limits, 64)] as const;
  const ranges = lowers.map((device) => ({ device, startSector: 0, sectorCount: 64 }));
  const device = new RemapDevice(executor, new StripedMap(ranges, 8), options);
  return { executor, lowers, device };
}

describe('a striped device', () => {
  it('cuts a bio at each chunk, memory and all, and ends it once with the first error', () => {
    const { lowers, device } = striped();
    const bio = makeBio(memory, { op: BioOp.write, sector: 4, sectorCount: 16, gpa: 0x1000 });
    device.submitBio(bio);
    expect(lowers.map((lower) => lower.takeLog())).toEqual([
      ['write 4+4', 'write 8+4'],
      ['write 0+8'],
    ]);
    const parts = [lowers[0].held[0]!, lowers[1].held[0]!, lowers[0].held[1]!];
    expect(parts.map(({ data }) => [data.gpa(0), data.byteLength])).toEqual([
      [0x1000, 2048],
      [0x1800, 4096],
      [0x2800, 2048],
    ]);
    lowers[0].endOne(BlkStatus.ok, 1);
    lowers[1].endOne(BlkStatus.medium);
    expect(bio.ends).toBe(0);
    lowers[0].endOne(BlkStatus.transport);
    expect([bio.ends, bio.status, device.biosInFlight]).toEqual([1, BlkStatus.medium, 0]);
  });

  it('flushes all devices before the data, and keeps FUA with the data', () => {
    const { lowers, device } = striped(CACHED);
    const flags = BioFlag.preflush | BioFlag.fua;
    device.submitBio(makeBio(memory, { op: BioOp.write, sector: 8, flags }));
    expect(lowers.map((lower) => lower.takeLog())).toEqual([
      ['write 0+0 preflush'],
      ['write 0+0 preflush'],
    ]);
    lowers[0].endOne();
    expect(lowers[1].takeLog()).toEqual([]);
    lowers[1].endOne();
    expect(lowers[1].takeLog()).toEqual(['write 0+8 fua']);
  });

  it('writes nothing after a flush that failed', () => {
    const { lowers, device } = striped(CACHED);
    const bio = makeBio(memory, { op: BioOp.write, flags: BioFlag.preflush });
    device.submitBio(bio);
    lowers[0].endOne(BlkStatus.ioError);
    lowers[1].endOne();
    expect([bio.ends, bio.status]).toEqual([1, BlkStatus.ioError]);
    expect(lowers.map(({ held }) => held.length)).toEqual([0, 0]);
  });

  it('ends a flush at once where nothing has a cache, and strips the flags of data', () => {
    const { executor, lowers, device } = striped();
    const flush = makeBio(memory, { op: BioOp.flush, sectorCount: 0 });
    device.submitBio(flush);
    expect(flush.ends).toBe(0);
    executor.runUntilIdle();
    expect(flush.ends).toBe(1);
    const flags = BioFlag.preflush | BioFlag.fua;
    device.submitBio(makeBio(memory, { op: BioOp.write, sector: 0, flags }));
    expect(lowers[0].takeLog()).toEqual(['write 0+8']);
  });

  it('passes its plug to each device once', () => {
    const executor = new SimExecutor();
    const device = new HeldDevice({}, 64);
    const range = (startSector: number) => ({ device, startSector, sectorCount: 32 });
    const linear = new RemapDevice(executor, new LinearMap([range(32), range(0)]));
    linear.plug();
    linear.unplug();
    expect(device.takeLog()).toEqual(['plug', 'unplug']);
  });

  it('refuses what leaves it, on a later turn', () => {
    const { executor, lowers, device } = striped();
    const bio = makeBio(memory, { sector: 124, sectorCount: 8 });
    device.submitBio(bio);
    expect(bio.ends).toBe(0);
    executor.runUntilIdle();
    expect([bio.ends, bio.status]).toEqual([1, BlkStatus.ioError]);
    expect(lowers.map(({ held }) => held.length)).toEqual([0, 0]);
  });
});

describe('a partition', () => {
  it('moves bios by its start and leaves their flags, flushes too', () => {
    const executor = new SimExecutor();
    const disk = new HeldDevice(CACHED);
    const map = new LinearMap([{ device: disk, startSector: 2048, sectorCount: 100 }]);
    const partition = new RemapDevice(executor, map, { isPartition: true });
    const flags = BioFlag.preflush | BioFlag.fua;
    partition.submitBio(makeBio(memory, { op: BioOp.write, sector: 92, flags }));
    partition.submitBio(makeBio(memory, { op: BioOp.flush, sector: 10 ** 9, sectorCount: 0 }));
    partition.submitBio(makeBio(memory, { op: BioOp.write, sector: 93 }));
    expect(disk.takeLog()).toEqual(['write 2140+8 preflush fua', 'flush 0+0']);
    expect(partition.limits).toBe(disk.limits);
  });
});

/** Notes A and Q as the recordings have them. */
class Notes implements BlockObserver {
  readonly lines: string[] = [];

  event(action: BlockAction, _id: number, _op: number, _flags: number, at: number, n: number) {
    if (action === BlockAction.queued) this.lines.push(`Q ${at}+${n}`);
  }

  remapped(
    _id: number,
    _op: number,
    _flags: number,
    at: number,
    n: number,
    dev: number,
    from: number,
  ) {
    this.lines.push(`A ${at}+${n} ${dev >>> 20},${dev & 0xfffff} ${from}`);
  }
}

it('tells each step of a stripe on two partitions, as a real stack of these did', () => {
  const executor = new SimExecutor();
  const observer = new Notes();
  const disk = new RequestQueue(executor, new NullBlkDriver(executor), { observer });
  const partition = (startSector: number, minor: number) =>
    new RemapDevice(executor, new LinearMap([{ device: disk, startSector, sectorCount: 16_384 }]), {
      isPartition: true,
      observer,
      device: deviceNumber(259, minor),
    });
  const ranges = [partition(2048, 3), partition(22_528, 4)].map((device) => ({
    device,
    startSector: 0,
    sectorCount: 16_384,
  }));
  const stripe = new RemapDevice(executor, new StripedMap(ranges, 32), {
    observer,
    device: deviceNumber(253, 0),
  });
  stripe.submitBio(makeBio(memory, { op: BioOp.write, sector: 16, sectorCount: 128 }));
  stripe.submitBio(makeBio(memory, { sector: 32, sectorCount: 32 }));
  executor.runUntilIdle();
  expect(observer.lines).toEqual([
    ...['A 16+16 253,0 16', 'A 2064+16 259,3 16', 'Q 2064+16'],
    ...['A 0+32 253,0 32', 'A 22528+32 259,4 0', 'Q 22528+32'],
    ...['A 32+32 253,0 64', 'A 2080+32 259,3 32', 'Q 2080+32'],
    ...['A 32+32 253,0 96', 'A 22560+32 259,4 32', 'Q 22560+32'],
    ...['A 64+16 253,0 128', 'A 2112+16 259,3 64', 'Q 2112+16'],
    ...['A 0+32 253,0 32', 'A 22528+32 259,4 0', 'Q 22528+32'],
  ]);
});

it.each([
  ['linear', true],
  ['striped', true],
  ['striped', false],
  ['a partition', true],
] as const)('keeps the laws of a block device: %s, with write cache %s', (kind, writeCache) => {
  checkBlockDevice(
    (executor, bios) => {
      const media = [makeMedium({ writeCache }), makeMedium({ writeCache })] as const;
      const make = (on: SimExecutor) => {
        const ranges = media.map((medium, index) => {
          const driver = makeDriver(index === 0 ? 'scsi' : 'null_blk', on, medium, bios, {
            fua: index === 0,
          });
          return { device: new RequestQueue(on, driver), startSector: 8, sectorCount: 240 };
        });
        if (kind === 'striped') return new RemapDevice(on, new StripedMap(ranges, 24));
        const isPartition = kind === 'a partition';
        return new RemapDevice(on, new LinearMap(isPartition ? ranges.slice(1) : ranges), {
          isPartition,
        });
      };
      return {
        device: make(executor),
        powerCut: (chance, next) => {
          for (const medium of media) medium.powerCut(chance);
          return make(next);
        },
      };
    },
    { rounds: runs(6, 100) },
  );
});

it('allocates nothing per bio', () => {
  const executor = new SimExecutor();
  const disk = new RequestQueue(executor, new NullBlkDriver(executor, { completionNs: 10 }));
  const ranges = [0, 4096].map((startSector) => ({ device: disk, startSector, sectorCount: 4096 }));
  const device = new RemapDevice(executor, new StripedMap(ranges, 16));
  let left = 0;
  const next = (bio: TestBio): void => {
    if (left === 0) return;
    left -= 1;
    bio.sector = (left & 0x3f) * 24;
    device.submitBio(bio);
  };
  const bios = Array.from({ length: 16 }, (_, i) => {
    const bio = makeBio(memory, { gpa: i * 16_384, sectorCount: 24 });
    bio.end = () => next(bio);
    return bio;
  });
  const batch = (count: number): void => {
    left = count;
    for (const bio of bios) next(bio);
    executor.runUntilIdle();
  };
  expect(allocatedPerOp(batch, 3_000)).toBeLessThan(8);
});
