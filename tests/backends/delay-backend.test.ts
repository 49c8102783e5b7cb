import { describe, expect, it } from 'vitest';
import { DelayBackend } from '../../src/backends/delay-backend.ts';
import { NullioBackend } from '../../src/backends/nullio.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig(delayNs: number) {
  const executor = new SimExecutor();
  const costs = { ...NO_COSTS, targetCommandNs: 10 };
  const inner = new NullioBackend(executor, 1 << 20, { costs });
  const backend = new DelayBackend(inner, executor, delayNs);
  return { executor, backend, probe: new UnitProbe(executor, backend) };
}

describe('DelayBackend', () => {
  it('delays every command by the same time, and commands do not wait for one another', () => {
    const { executor, probe } = rig(1_000);
    const first = probe.start({ op: TargetOp.read, blockCount: 1 });
    executor.runUntil(500);
    const second = probe.start({ op: TargetOp.read, blockCount: 1 });
    executor.runUntil(1_009);
    expect(first.ends).toBe(0);
    executor.runUntil(1_010);
    expect(first.ends).toBe(1);
    executor.runUntil(1_510);
    expect(second.ends).toBe(1);
  });

  it('aborts before the delay is over, and asks the inner backend after it', () => {
    const { executor, backend, probe } = rig(100);
    const early = probe.start({ op: TargetOp.read, blockCount: 1 });
    expect(backend.abort(early.command)).toBe(AbortResult.aborted);
    const late = probe.start({ op: TargetOp.read, blockCount: 1 });
    executor.runUntil(105);
    expect(backend.abort(late.command)).toBe(AbortResult.aborted);
    probe.finish([early, late]);
    expect(early.command.status).toBe(TargetStatus.aborted);
    expect(late.command.status).toBe(TargetStatus.aborted);
    expect(backend.abort(late.command)).toBe(AbortResult.unknown);
  });

  it('refuses a delay that is no whole number, and to close while commands wait', () => {
    expect(() => rig(-1)).toThrow(InvariantError);
    expect(() => rig(0.5)).toThrow(InvariantError);
    const { backend, probe } = rig(5);
    const probed = probe.start({ op: TargetOp.flush });
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    backend.close();
  });
});
