import { describe, expect, it } from 'vitest';
import { MediumBackend } from '../../src/backends/medium-backend.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { MediumStatus } from '../../src/interfaces/medium.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';
import { FakeMedium } from './fake-medium.ts';

const latency = {
  accessNs: (_now: number, write: boolean, lba: number, byteCount: number) =>
    (write ? 1_000 : 100) + lba + byteCount / 512,
  flushNs: () => 5_000,
};

function rig(options: { queueDepth?: number } = {}, isSlow = true) {
  const executor = new SimExecutor();
  const medium = new FakeMedium(1024);
  const backend = new MediumBackend(executor, medium, isSlow ? { latency, ...options } : options);
  return { executor, medium, backend, probe: new UnitProbe(executor, backend) };
}

describe('MediumBackend', () => {
  it('takes the time of the latency profile, each command its own', () => {
    const { executor, medium, probe } = rig();
    const write = probe.start({ op: TargetOp.write, lba: 0, blockCount: 8 });
    const read = probe.start({ op: TargetOp.read, lba: 50, blockCount: 1 });
    executor.runUntil(150);
    expect([read.ends, write.ends]).toEqual([0, 0]);
    executor.runUntil(151);
    expect([read.ends, write.ends]).toEqual([1, 0]);
    executor.runUntil(1_008);
    expect(write.ends).toBe(1);
    probe.do({ op: TargetOp.flush });
    expect(executor.now).toBe(6_008);
    expect(medium.calls).toEqual(['read', 'write', 'flush']);
  });

  it('takes no time without one', () => {
    const { executor, probe } = rig({}, false);
    probe.do({ op: TargetOp.write, blockCount: 8 });
    expect(executor.now).toBe(0);
  });

  it('asks the medium for FUA where the command does', () => {
    const { medium, probe } = rig();
    const flags = TargetFlag.fua;
    probe.do({ op: TargetOp.write, blockCount: 1, flags });
    probe.do({ op: TargetOp.writeZeroes, blockCount: 1, flags });
    probe.do({ op: TargetOp.unmap, blockCount: 1 });
    probe.do({ op: TargetOp.read, blockCount: 1, flags });
    expect(medium.calls).toEqual(['write fua', 'zero fua', 'zero', 'read']);
  });

  it('says what the medium says', () => {
    const { medium, probe } = rig();
    medium.fails = MediumStatus.readError;
    expect(probe.do({ op: TargetOp.read, blockCount: 1 })).toBe(TargetStatus.mediumReadError);
    medium.fails = MediumStatus.writeError;
    expect(probe.do({ op: TargetOp.flush })).toBe(TargetStatus.mediumWriteError);
  });

  it('aborts at once what still waits', () => {
    const { executor, medium, backend, probe } = rig();
    const probed = probe.start({ op: TargetOp.write, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.aborted);
    expect(backend.abort(probed.command)).toBe(AbortResult.tooLate);
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    expect([probed.command.status, executor.now]).toEqual([TargetStatus.aborted, 0]);
    expect(backend.abort(probed.command)).toBe(AbortResult.unknown);
    expect(medium.calls).toEqual([]);
    backend.close();
  });

  it('is busy beyond its depth, at once', () => {
    const { executor, backend, probe } = rig({ queueDepth: 2 });
    const all = [0, 1, 2].map((lba) => probe.start({ op: TargetOp.read, lba, blockCount: 1 }));
    executor.step();
    expect(all[2]!.ends).toBe(1);
    expect(backend.abort(all[2]!.command)).toBe(AbortResult.unknown);
    probe.finish(all);
    expect(all.map(({ command }) => command.status)).toEqual([0, 0, TargetStatus.busy]);
  });

  it('takes sectors of 512 and 4096 bytes', () => {
    const executor = new SimExecutor();
    const big = new MediumBackend(executor, new FakeMedium(64, 4096));
    expect(big.geometry).toMatchObject({ blockBytes: 4096, blockCount: 64, writeCache: true });
    expect(() => new MediumBackend(executor, new FakeMedium(64, 1024))).toThrow(ConfigError);
  });
});
