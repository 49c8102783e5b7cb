import { describe, expect, it } from 'vitest';
import { FaultBackend } from '../../src/backends/fault-backend.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { FaultAction } from '../../src/interfaces/fault-plan.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { Layer } from '../../src/interfaces/tracer.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { type FaultRule, SeededFaultPlan } from '../../src/sim/seeded-fault-plan.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig(rule: Omit<FaultRule, 'layer'>) {
  const executor = new SimExecutor();
  const inner = new RdMcpBackend(executor, new PageStore(1 << 16));
  const plan = new SeededFaultPlan([{ layer: Layer.backend, ...rule }], makePrng(1));
  const backend = new FaultBackend(inner, executor, plan);
  const probe = new UnitProbe(executor, backend);
  const clean = new UnitProbe(executor, inner);
  return { executor, backend, probe, clean };
}

const { read, write } = TargetOp;

describe('FaultBackend', () => {
  it('ends a command with the status of the fault, and it never reaches the store', () => {
    const { probe, clean } = rig({
      action: FaultAction.status,
      status: TargetStatus.noSpace,
      op: write,
      nth: 2,
    });
    probe.memory.fill(0, 3, 512);
    expect(probe.do({ op: write, lba: 0, blockCount: 1 })).toBe(TargetStatus.good);
    expect(probe.do({ op: write, lba: 1, blockCount: 1 })).toBe(TargetStatus.noSpace);
    expect(probe.do({ op: write, lba: 2, blockCount: 1 })).toBe(TargetStatus.good);
    clean.do({ op: read, blockCount: 3 });
    expect([0, 1, 2].map((i) => clean.memory.read8(i * 512))).toEqual([3, 0, 3]);
  });

  it('loses a write that it drops, and says that it is done', () => {
    const { probe, clean } = rig({ action: FaultAction.drop });
    probe.memory.fill(0, 3, 512);
    expect(probe.do({ op: write, blockCount: 1 })).toBe(TargetStatus.good);
    clean.do({ op: read, blockCount: 1 });
    expect(clean.memory.read8(0)).toBe(0);
  });

  it('delays', () => {
    const { executor, backend, probe } = rig({ action: FaultAction.delay, delayNs: 700 });
    probe.do({ op: read, blockCount: 1 });
    expect(executor.now).toBe(700);
    const probed = probe.start({ op: read, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.aborted);
    probe.finish([probed]);
    expect([probed.command.status, executor.now]).toEqual([TargetStatus.aborted, 700]);
  });

  it('hangs until it is aborted or reset', () => {
    const { executor, backend, probe } = rig({ action: FaultAction.hang, times: 2 });
    const first = probe.start({ op: read, blockCount: 1 });
    const second = probe.start({ op: read, blockCount: 1 });
    executor.runUntil(1_000_000);
    expect([first.ends, second.ends]).toEqual([0, 0]);
    expect(() => backend.close()).toThrow(InvariantError);
    expect(backend.abort(first.command)).toBe(AbortResult.aborted);
    expect(backend.abort(first.command)).toBe(AbortResult.tooLate);
    let isDone = false;
    backend.reset(() => {
      isDone = second.ends === 1;
    });
    probe.finish([first, second]);
    expect(isDone).toBe(true);
    expect(second.command.status).toBe(TargetStatus.aborted);
    backend.close();
  });

  it('turns one bit of what is written, and leaves the memory of the guest alone', () => {
    const { probe, clean } = rig({ action: FaultAction.corrupt });
    probe.memory.fill(0, 8, 1024);
    expect(probe.do({ op: write, lba: 4, blockCount: 2, cut: 100 })).toBe(TargetStatus.good);
    expect(probe.memory.read8(0)).toBe(8);
    clean.do({ op: read, lba: 4, blockCount: 2 });
    expect([clean.memory.read8(0), clean.memory.read8(1)]).toEqual([9, 8]);
  });

  it('turns one bit of what is read', () => {
    const { backend, probe } = rig({ action: FaultAction.corrupt });
    expect(probe.do({ op: read, blockCount: 1 })).toBe(TargetStatus.good);
    expect([probe.memory.read8(0), probe.memory.read8(1)]).toEqual([1, 0]);
    expect(probe.do({ op: read, blockCount: 1, gpa: 2 ** 40 })).toBe(
      TargetStatus.dataTransferError,
    );
    expect(probe.do({ op: TargetOp.flush })).toBe(TargetStatus.good);
    const probed = probe.start({ op: read, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.aborted);
    probe.finish([probed]);
    expect(probed.command.status).toBe(TargetStatus.aborted);
  });
});
