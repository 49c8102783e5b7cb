import { describe, expect, it } from 'vitest';
import { RdMcpBackend, statusOfTurn } from '../../src/backends/rd-mcp.ts';
import { Turn } from '../../src/backends/service-queue.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

describe('RdMcpBackend', () => {
  it('keeps bytes of memory pieces of any alignment', () => {
    const executor = new SimExecutor();
    const probe = new UnitProbe(executor, new RdMcpBackend(executor, new PageStore(1 << 16)));
    const bytes = new Uint8Array(1536).map((_, i) => (i * 7) & 255);
    probe.memory.store(4099, bytes, 0, bytes.length);
    expect(probe.do({ op: TargetOp.write, lba: 6, blockCount: 3, gpa: 4099, cut: 701 })).toBe(0);
    expect(probe.do({ op: TargetOp.read, lba: 6, blockCount: 3, gpa: 65_538, cut: 3 })).toBe(0);
    expect(probe.load(65_538, 1536)).toEqual(bytes);
    expect(probe.do({ op: TargetOp.unmap, lba: 7, blockCount: 1 })).toBe(0);
    probe.do({ op: TargetOp.read, lba: 6, blockCount: 3 });
    bytes.fill(0, 512, 1024);
    expect(probe.load(0, 1536)).toEqual(bytes);
  });

  it('takes the time that its costs say, one command after the other', () => {
    const executor = new SimExecutor();
    const costs = { ...NO_COSTS, targetCommandNs: 100, copyPageNs: 40 };
    const probe = new UnitProbe(
      executor,
      new RdMcpBackend(executor, new PageStore(1 << 16), { costs }),
    );
    probe.start({ op: TargetOp.read, blockCount: 8 });
    probe.start({ op: TargetOp.flush });
    executor.runUntilIdle();
    expect(executor.now).toBe(240);
  });

  it('answers an operation that it does not know', () => {
    const executor = new SimExecutor();
    const probe = new UnitProbe(executor, new RdMcpBackend(executor, new PageStore(1 << 16)));
    expect(probe.do({ op: 17 as TargetOp })).toBe(TargetStatus.unsupportedOpcode);
  });

  it('is a whole number of blocks and closes with nothing in flight', () => {
    const executor = new SimExecutor();
    expect(() => new RdMcpBackend(executor, new PageStore(6144), { blockBytes: 4096 })).toThrow(
      ConfigError,
    );
    const backend = new RdMcpBackend(executor, new PageStore(8192), { blockBytes: 4096 });
    const probe = new UnitProbe(executor, backend);
    probe.start({ op: TargetOp.flush });
    expect(() => backend.close()).toThrow(InvariantError);
    executor.runUntilIdle();
    backend.close();
  });
});

describe('statusOfTurn', () => {
  it('is busy for a refused command and aborted for an aborted one', () => {
    expect(statusOfTurn(Turn.refuse)).toBe(TargetStatus.busy);
    expect(statusOfTurn(Turn.abort)).toBe(TargetStatus.aborted);
  });
});
