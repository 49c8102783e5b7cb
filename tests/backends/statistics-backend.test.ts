import { describe, expect, it } from 'vitest';
import { DelayBackend } from '../../src/backends/delay-backend.ts';
import { FaultBackend } from '../../src/backends/fault-backend.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { StatisticsBackend } from '../../src/backends/statistics-backend.ts';
import { FaultAction } from '../../src/interfaces/fault-plan.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { Layer } from '../../src/interfaces/tracer.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SeededFaultPlan } from '../../src/sim/seeded-fault-plan.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig() {
  const executor = new SimExecutor();
  const store = new RdMcpBackend(executor, new PageStore(1 << 16));
  const plan = new SeededFaultPlan(
    [
      {
        layer: Layer.backend,
        action: FaultAction.status,
        status: TargetStatus.noSpace,
        op: 1,
        nth: 2,
      },
    ],
    makePrng(1),
  );
  const slow = new DelayBackend(new FaultBackend(store, executor, plan), executor, 300);
  const backend = new StatisticsBackend(slow, executor);
  return { executor, backend, probe: new UnitProbe(executor, backend) };
}

const none = { commands: 0, failed: 0, bytes: 0, totalNs: 0, longestNs: 0 };

describe('StatisticsBackend', () => {
  it('counts commands, failures, bytes and virtual time by operation', () => {
    const { probe, backend } = rig();
    expect(probe.do({ op: TargetOp.write, blockCount: 2 })).toBe(TargetStatus.good);
    expect(probe.do({ op: TargetOp.write, blockCount: 4 })).toBe(TargetStatus.noSpace);
    probe.do({ op: TargetOp.flush });
    const { ops, inFlight, mostInFlight } = backend.statistics();
    expect([inFlight, mostInFlight]).toEqual([0, 1]);
    expect(ops.write).toEqual({
      commands: 2,
      failed: 1,
      bytes: 1024,
      totalNs: 600,
      longestNs: 300,
    });
    expect(ops.flush).toEqual({ ...none, commands: 1, totalNs: 300, longestNs: 300 });
    expect(ops.read).toEqual(none);
  });

  it('knows how many are in flight, and begins anew when it is cleared', () => {
    const { probe, backend } = rig();
    const all = [0, 1, 2].map((lba) => probe.start({ op: TargetOp.read, lba, blockCount: 1 }));
    expect(backend.statistics()).toMatchObject({ inFlight: 3, mostInFlight: 3 });
    probe.finish(all);
    backend.clear();
    expect(backend.statistics()).toMatchObject({ inFlight: 0, mostInFlight: 0 });
    expect(backend.statistics().ops.read).toEqual(none);
  });

  it('aborts below', () => {
    const { probe, backend } = rig();
    const probed = probe.start({ op: TargetOp.read, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.aborted);
    probe.finish([probed]);
    expect(probed.command.status).toBe(TargetStatus.aborted);
    expect(backend.abort(probed.command)).toBe(AbortResult.unknown);
    expect(backend.statistics().ops.read.failed).toBe(1);
    backend.close();
  });
});
