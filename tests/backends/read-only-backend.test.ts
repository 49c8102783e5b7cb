import { describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { ReadOnlyBackend } from '../../src/backends/read-only-backend.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig() {
  const executor = new SimExecutor();
  const store = new PageStore(1 << 16);
  store.store(512, new Uint8Array(512).fill(7), 0, 512);
  const backend = new ReadOnlyBackend(new RdMcpBackend(executor, store), executor);
  return { store, backend, probe: new UnitProbe(executor, backend) };
}

describe('ReadOnlyBackend', () => {
  it('reads and flushes', () => {
    const { probe } = rig();
    expect(probe.do({ op: TargetOp.read, lba: 1, blockCount: 1 })).toBe(TargetStatus.good);
    expect(probe.memory.read8(0)).toBe(7);
    expect(probe.do({ op: TargetOp.flush })).toBe(TargetStatus.good);
  });

  it.each(['write', 'unmap', 'writeZeroes'] as const)('refuses %s and changes nothing', (name) => {
    const { probe, store, backend } = rig();
    const ask = { op: TargetOp[name], lba: 1, blockCount: 1 };
    expect(probe.do(ask)).toBe(TargetStatus.writeProtected);
    const bytes = new Uint8Array(512);
    store.load(512, bytes, 0, 512);
    expect(bytes).toEqual(new Uint8Array(512).fill(7));
    expect(backend.geometry).toMatchObject({ readOnly: true, unmap: false, writeZeroes: false });
  });

  it('says that a refused command is too late to abort, and is not closed before it ended', () => {
    const { probe, backend } = rig();
    const probed = probe.start({ op: TargetOp.write, lba: 1, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.tooLate);
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    backend.close();
  });
});
