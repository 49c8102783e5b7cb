import { describe, expect, it } from 'vitest';
import { IntegrityDevice } from '../../src/block/integrity-device.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { PiFault, type Protection } from '../../src/block/t10-pi.ts';
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkBlockDevice } from '../../src/testing/block/check-block-device.ts';
import { makeDriver, makeMedium } from '../block-drivers/worlds.ts';
import { runs } from '../support/runs.ts';
import { HeldDevice } from './held-device.ts';
import { type BioFields, makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();
const { ok, ioError, protection, again } = BlkStatus;
const { read, write, discard, writeZeroes } = BioOp;
const TYPE_1: Protection = { type: 1, applicationTag: 7, applicationTagMask: 0xffff };

/** A protected null_blk, and the way around the protection. */
function rig(how: Protection = TYPE_1, sectorBytes = 512) {
  const executor = new SimExecutor();
  const medium = makeMedium({ sectorBytes });
  const queue = new RequestQueue(
    executor,
    new NullBlkDriver(executor, { medium, completionNs: 10 }),
  );
  const device = new IntegrityDevice(executor, queue, how);
  const on = (where: { submitBio: typeof device.submitBio }, fields: BioFields) => {
    const bio = makeBio(memory, fields);
    where.submitBio(bio);
    expect(bio.ends).toBe(0);
    executor.runUntilIdle();
    expect(bio.ends).toBe(1);
    return bio.status;
  };
  return {
    device,
    run: (fields: BioFields) => on(device, fields),
    around: (fields: BioFields) => on(queue, fields),
  };
}

function fill(value: number, gpa = 0): void {
  memory.fill(gpa, value, 4096);
}

describe('an integrity device', () => {
  it.each([512, 4096])(
    'reads what was written through it, in blocks of %i bytes',
    (sectorBytes) => {
      const { run, device } = rig(TYPE_1, sectorBytes);
      fill(0x42);
      expect(run({ op: write, sector: 16 })).toBe(ok);
      expect(run({ op: read, sector: 8, sectorCount: 24, gpa: 8192 })).toBe(ok);
      expect(memory.read8(8192 + 4096)).toBe(0x42);
      expect(device.faults).toEqual([0, 0, 0, 0]);
    },
  );

  it('takes data from any address, in any pieces', () => {
    const { run, device } = rig();
    for (let i = 0; i < 8192; i++) memory.write8(i, i * 7);
    const pieces = [
      [1, 1003],
      [2048, 4],
      [4097, 3089],
    ] as const;
    expect(run({ op: write, sector: 0, runs: pieces })).toBe(ok);
    expect(run({ op: read, sector: 0, gpa: 16_384 })).toBe(ok);
    expect(memory.read8(16_384 + 1006)).toBe(memory.read8(2051));
    expect(run({ op: read, sector: 0, runs: [[9, 4096]] })).toBe(ok);
    expect(device.faults).toEqual([0, 0, 0, 0]);
  });

  it('tells data that changed behind its back, and counts each block', () => {
    const { run, around, device } = rig();
    fill(1);
    run({ op: write, sector: 0 });
    fill(2);
    around({ op: write, sector: 2, sectorCount: 2 });
    expect(run({ op: read, sector: 0, gpa: 8192 })).toBe(protection);
    expect(device.faults[PiFault.guard]).toBe(2);
    expect(run({ op: read, sector: 4, sectorCount: 4, gpa: 8192 })).toBe(ok);
  });

  it('tells a write that went elsewhere by the reference tag in type 1, and not in type 3', () => {
    for (const [how, status] of [
      [TYPE_1, protection],
      [{ ...TYPE_1, type: 3 } as Protection, ok],
    ] as const) {
      const { run, around, device } = rig(how);
      fill(3);
      run({ op: write, sector: 0 });
      const tuples = new Uint8Array(64);
      device.tuples.read(0, 8, tuples);
      device.tuples.write(64, 8, tuples);
      around({ op: write, sector: 64 });
      expect(run({ op: read, sector: 64, gpa: 8192 })).toBe(status);
      expect(device.faults[PiFault.referenceTag]).toBe(status === ok ? 0 : 8);
    }
  });

  it('tells an owner by the application tag', () => {
    const { run, device } = rig();
    fill(4);
    run({ op: write, sector: 0, sectorCount: 1 });
    const tuple = new Uint8Array(8);
    device.tuples.read(0, 1, tuple);
    tuple[3]! ^= 1;
    device.tuples.write(0, 1, tuple);
    expect(run({ op: read, sector: 0, sectorCount: 1, gpa: 8192 })).toBe(protection);
    expect(device.faults).toEqual([0, 0, 1, 0]);
  });

  it.each([discard, writeZeroes])('does not check what operation %i took away', (op) => {
    const { run } = rig();
    fill(5);
    run({ op: write, sector: 0 });
    expect(run({ op, sector: 0 })).toBe(ok);
    expect(run({ op: read, sector: 0, gpa: 8192 })).toBe(ok);
    expect(memory.read8(8192)).toBe(0);
  });

  it('checks nothing after a write that failed, until the next one', () => {
    const executor = new SimExecutor();
    const lower = new HeldDevice();
    const device = new IntegrityDevice(executor, lower, TYPE_1);
    const tuples = () => {
      const bytes = new Uint8Array(8);
      device.tuples.read(0, 1, bytes);
      return bytes[0];
    };
    const bio = makeBio(memory, { op: write, sector: 0 });
    device.submitBio(bio);
    lower.endOne();
    expect(tuples()).not.toBe(0xff);
    device.submitBio(bio);
    lower.endOne(BlkStatus.medium);
    expect([bio.status, tuples()]).toEqual([BlkStatus.medium, 0xff]);
  });

  it('lets bios of the same blocks follow one another, and others pass', () => {
    const executor = new SimExecutor();
    const lower = new HeldDevice();
    const device = new IntegrityDevice(executor, lower, TYPE_1);
    const submit = (fields: BioFields) => {
      const bio = makeBio(memory, fields);
      device.submitBio(bio);
      return bio;
    };
    submit({ op: read, sector: 0 });
    submit({ op: read, sector: 4 });
    submit({ op: write, sector: 8 });
    submit({ op: read, sector: 14, sectorCount: 4 });
    submit({ op: write, sector: 16, sectorCount: 4 });
    submit({ op: write, sector: 32 });
    const hurried = submit({ op: read, sector: 16, flags: BioFlag.noWait });
    expect(lower.takeLog()).toEqual(['read 0+8', 'read 4+8', 'write 32+8']);
    lower.endOne(ok, 1);
    expect(lower.takeLog()).toEqual(['write 8+8']);
    lower.endOne(ok, 2);
    expect(lower.takeLog()).toEqual(['read 14+4']);
    lower.endOne(ok, 2);
    expect(lower.takeLog()).toEqual(['write 16+4']);
    executor.runUntilIdle();
    expect([hurried.ends, hurried.status]).toEqual([1, again]);
  });

  it('passes flushes and plugs, and refuses what leaves it or has no memory', () => {
    const executor = new SimExecutor();
    const lower = new HeldDevice({ writeCache: true }, 64);
    const device = new IntegrityDevice(executor, lower, TYPE_1);
    device.plug();
    device.submitBio(makeBio(memory, { op: BioOp.flush, sectorCount: 0 }));
    device.unplug();
    expect(lower.takeLog()).toEqual(['plug', 'flush 0+0', 'unplug']);
    const outside = makeBio(memory, { op: write, sector: 60 });
    const nowhere = makeBio(memory, { op: write, sector: 0, gpa: 2 ** 40 });
    device.submitBio(outside);
    device.submitBio(nowhere);
    expect([outside.ends, nowhere.ends]).toEqual([0, 0]);
    executor.runUntilIdle();
    expect([outside.status, nowhere.status]).toEqual([ioError, ioError]);
    expect(lower.takeLog()).toEqual([]);
  });
});

it.each(['scsi', 'sata'] as const)('keeps the laws of a block device over %s', (name) => {
  checkBlockDevice(
    (executor, bios, watch) => {
      const driver = makeDriver(name, executor, makeMedium(), bios);
      const queue = new RequestQueue(executor, watch(driver));
      return {
        device: new IntegrityDevice(executor, queue, TYPE_1),
        tagsInUse: () => queue.tagsInUse,
      };
    },
    { rounds: runs(10, 150) },
  );
});
