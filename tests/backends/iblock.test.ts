import { describe, expect, it } from 'vitest';
import { IBLOCK_MAX_BIOS, IblockBackend } from '../../src/backends/iblock.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { BioFlag, BioOp, BlkStatus, type QueueLimits } from '../../src/interfaces/bio.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkBackend } from '../../src/testing/target/index.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';
import { runs } from '../support/runs.ts';
import { FakeBlockDevice } from './fake-block-device.ts';

const { sync, fua, preflush } = BioFlag;

function rig(limits: Partial<QueueLimits> = {}, blockBytes?: 512 | 4096) {
  const executor = new SimExecutor();
  const device = new FakeBlockDevice(executor, 4096, limits);
  const backend = new IblockBackend(
    executor,
    device,
    blockBytes === undefined ? {} : { blockBytes },
  );
  return { executor, device, backend, probe: new UnitProbe(executor, backend) };
}

describe('IblockBackend', () => {
  it('sends a command as bios of what the device takes, under a plug', () => {
    const { device, probe } = rig();
    expect(probe.do({ op: TargetOp.write, lba: 10, blockCount: 150, cut: 1000 })).toBe(0);
    expect(device.seen).toEqual([
      { op: BioOp.write, sector: 10, sectorCount: 64, flags: sync, plugDepth: 1 },
      { op: BioOp.write, sector: 74, sectorCount: 64, flags: sync, plugDepth: 1 },
      { op: BioOp.write, sector: 138, sectorCount: 22, flags: sync, plugDepth: 1 },
    ]);
  });

  it('sends at most 32 bios at once, and the rest after them', () => {
    const { device, executor, probe } = rig({ maxSectors: 8 });
    const probed = probe.start({ op: TargetOp.read, blockCount: 8 * 40 });
    expect(device.seen).toHaveLength(IBLOCK_MAX_BIOS);
    while (probed.ends === 0) executor.step();
    expect(device.seen.map(({ sectorCount }) => sectorCount)).toEqual(new Array(40).fill(8));
    expect(device.seen.at(-1)!.sector).toBe(39 * 8);
  });

  it('counts in sectors of 512 bytes, whatever the block', () => {
    const { device, probe } = rig({ logicalBlockSize: 4096, maxSectors: 20 });
    expect(probe.unit.geometry).toMatchObject({ blockBytes: 4096, blockCount: 512 });
    probe.do({ op: TargetOp.read, lba: 3, blockCount: 3 });
    expect(device.seen.map(({ sector, sectorCount }) => [sector, sectorCount])).toEqual([
      [24, 16],
      [40, 8],
    ]);
  });

  it.each([
    ['write', TargetOp.write, 0, [sync]],
    ['write FUA', TargetOp.write, TargetFlag.fua, [sync | fua]],
    ['read FUA', TargetOp.read, TargetFlag.fua, [sync]],
    ['write zeroes', TargetOp.writeZeroes, 0, [sync]],
    ['write zeroes FUA', TargetOp.writeZeroes, TargetFlag.fua, [sync, sync | preflush]],
    ['unmap FUA', TargetOp.unmap, TargetFlag.fua, [sync, sync | preflush]],
    ['flush', TargetOp.flush, 0, [sync | preflush]],
  ])('marks the bios of a %s', (_name, op, flags, expected) => {
    const { device, probe } = rig();
    const blockCount = op === TargetOp.flush ? 0 : 4;
    expect(probe.do({ op, blockCount, flags })).toBe(TargetStatus.good);
    expect(device.seen.map((bio) => bio.flags)).toEqual(expected);
  });

  it('flushes nothing after zeroes on a device without a cache', () => {
    const { device, probe } = rig({ writeCache: false });
    probe.do({ op: TargetOp.writeZeroes, blockCount: 4, flags: TargetFlag.fua });
    expect(device.seen).toHaveLength(1);
  });

  it('fails a command for one bad bio, with the first error, when all have ended', () => {
    const { device, probe } = rig();
    device.bad.set(64, BlkStatus.medium);
    device.bad.set(128, BlkStatus.noSpace);
    expect(probe.do({ op: TargetOp.write, blockCount: 256 })).toBe(TargetStatus.mediumWriteError);
    expect(device.seen).toHaveLength(4);
    device.bad.clear();
    expect(probe.do({ op: TargetOp.write, blockCount: 256 })).toBe(TargetStatus.good);
  });

  it('sends nothing more of a command after a batch that failed', () => {
    const { device, probe } = rig({ maxSectors: 8 });
    device.bad.set(0, BlkStatus.ioError);
    const status = probe.do({ op: TargetOp.read, blockCount: 8 * 40 });
    expect(status).toBe(TargetStatus.communicationFailure);
    expect(device.seen).toHaveLength(IBLOCK_MAX_BIOS);
  });

  it('says what the device can', () => {
    expect(rig().backend.geometry).toMatchObject({
      writeCache: true,
      unmap: true,
      writeZeroes: true,
    });
    const bare = rig({ maxDiscardSectors: 0, maxWriteZeroesSectors: 0, writeCache: false });
    expect(bare.backend.geometry).toMatchObject({
      writeCache: false,
      unmap: false,
      writeZeroes: false,
    });
  });

  it('knows that a bio cannot be called back', () => {
    const { backend, probe } = rig();
    const probed = probe.start({ op: TargetOp.read, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.tooLate);
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    expect(backend.abort(probed.command)).toBe(AbortResult.unknown);
    backend.close();
  });

  it('refuses a block smaller than that of the device, and a device without one', () => {
    expect(() => rig({ logicalBlockSize: 4096 }, 512)).toThrow(ConfigError);
    const executor = new SimExecutor();
    const tiny = new FakeBlockDevice(executor, 7);
    expect(() => new IblockBackend(executor, tiny, { blockBytes: 4096 })).toThrow(ConfigError);
    expect(new IblockBackend(executor, tiny, { readOnly: true }).geometry.readOnly).toBe(true);
  });

  it('keeps every law on a device without a cache, with blocks of either size', () => {
    for (const blockBytes of [512, 4096] as const) {
      checkBackend(
        (executor) => {
          const device = new FakeBlockDevice(executor, 512, { writeCache: false, fua: false });
          const open = () => new IblockBackend(executor, device, { blockBytes });
          return { unit: open() };
        },
        { rounds: runs(20) },
      );
    }
  });

  it('loses nothing that was flushed or written with FUA when the power of the device is cut', () => {
    const { device, probe, backend } = rig();
    probe.memory.fill(0, 1, 512 * 8);
    probe.do({ op: TargetOp.write, lba: 0, blockCount: 4 });
    probe.do({ op: TargetOp.flush });
    probe.do({ op: TargetOp.writeZeroes, lba: 2, blockCount: 1, flags: TargetFlag.fua });
    probe.do({ op: TargetOp.write, lba: 9, blockCount: 1, flags: TargetFlag.fua });
    device.loseAll();
    probe.unit = backend;
    probe.do({ op: TargetOp.read, lba: 0, blockCount: 10, gpa: 8192 });
    const bytes = probe.load(8192, 5120);
    const stamps = [...Array(10).keys()].map((i) => bytes[i * 512]);
    expect(stamps).toEqual([1, 1, 0, 1, 0, 0, 0, 0, 0, 1]);
  });
});
