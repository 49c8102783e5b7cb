import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../src/backends/nullio.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

describe('NullioBackend', () => {
  it('answers good and leaves memory alone, mapped or not', () => {
    const executor = new SimExecutor();
    const probe = new UnitProbe(executor, new NullioBackend(executor, 2 ** 40));
    probe.memory.fill(0, 9, 512);
    expect(probe.do({ op: TargetOp.read, lba: 2 ** 31 - 2, blockCount: 1 })).toBe(0);
    expect(probe.load(0, 512)).toEqual(new Uint8Array(512).fill(9));
    expect(probe.do({ op: TargetOp.write, lba: 5, blockCount: 1, gpa: 2 ** 50 })).toBe(0);
  });

  it('charges the command and no copy', () => {
    const executor = new SimExecutor();
    const costs = { ...NO_COSTS, targetCommandNs: 7, copyPageNs: 1_000 };
    const probe = new UnitProbe(executor, new NullioBackend(executor, 1 << 20, { costs }));
    expect(probe.do({ op: TargetOp.write, blockCount: 64 })).toBe(TargetStatus.good);
    expect(executor.now).toBe(7);
  });

  it('aborts what waits', () => {
    const executor = new SimExecutor();
    const backend = new NullioBackend(executor, 1 << 20);
    const probe = new UnitProbe(executor, backend);
    const probed = probe.start({ op: TargetOp.flush });
    expect(backend.abort(probed.command)).toBe(AbortResult.aborted);
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    expect(probed.command.status).toBe(TargetStatus.aborted);
    backend.close();
  });

  it('has a size of whole blocks', () => {
    expect(() => new NullioBackend(new SimExecutor(), 1000)).toThrow(ConfigError);
  });
});
