import { describe, expect, it } from 'vitest';
import { ManualBackend } from '../../src/backends/manual-backend.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig() {
  const executor = new SimExecutor();
  const store = new PageStore(1 << 16);
  const backend = new ManualBackend(new RdMcpBackend(executor, store), executor);
  const probe = new UnitProbe(executor, backend);
  const first = (lba: number): number => {
    const byte = new Uint8Array(1);
    store.load(lba * 512, byte, 0, 1);
    return byte[0]!;
  };
  const write = (lba: number) => probe.start({ op: TargetOp.write, lba, blockCount: 1 });
  return { executor, backend, probe, first, write };
}

describe('ManualBackend', () => {
  it('holds each command until it is let go, in any order', () => {
    const { executor, backend, probe, first, write } = rig();
    probe.memory.fill(0, 9, 512);
    const [a, b] = [write(1), write(2)];
    executor.runUntilIdle();
    expect(backend.held).toEqual([a.command, b.command]);
    expect([a.ends, b.ends, first(1)]).toEqual([0, 0, 0]);
    backend.complete(b.command);
    executor.runUntilIdle();
    expect([a.ends, b.ends, first(1), first(2)]).toEqual([0, 1, 0, 9]);
    backend.complete(a.command);
    probe.finish([a, b]);
    expect(first(1)).toBe(9);
  });

  it('fails a command with the status that it is told, and the store does not see it', () => {
    const { backend, probe, first, write } = rig();
    probe.memory.fill(0, 9, 512);
    const a = write(1);
    backend.fail(a.command, TargetStatus.mediumWriteError);
    expect(backend.abort(a.command)).toBe(AbortResult.tooLate);
    probe.finish([a]);
    expect([a.command.status, first(1)]).toEqual([TargetStatus.mediumWriteError, 0]);
  });

  it('delays one command and not the others', () => {
    const { executor, backend, probe, write } = rig();
    const [a, b] = [write(1), write(2)];
    backend.delay(a.command, 1_000);
    backend.complete(b.command);
    executor.step();
    expect([a.ends, b.ends, executor.now]).toEqual([0, 1, 0]);
    probe.finish([a, b]);
    expect(executor.now).toBe(1_000);
  });

  it('decides by a rule where one is set', () => {
    const { backend, probe } = rig();
    backend.onHeld = (command) => {
      if (command.lba === 3) backend.fail(command, TargetStatus.mediumReadError);
      else backend.complete(command);
    };
    const read = (lba: number) => probe.do({ op: TargetOp.read, lba, blockCount: 1 });
    expect([read(2), read(3)]).toEqual([TargetStatus.good, TargetStatus.mediumReadError]);
  });

  it('aborts what is held or delayed, one by one or all at once', () => {
    const { executor, backend, probe, write } = rig();
    const [a, b, c] = [write(1), write(2), write(3)];
    backend.delay(b.command, 1_000);
    expect(backend.abort(a.command)).toBe(AbortResult.aborted);
    let dones = 0;
    backend.reset(() => {
      dones += 1;
    });
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([a, b, c]);
    expect([a, b, c].map(({ command }) => command.status)).toEqual([11, 11, 11]);
    expect([dones, executor.now]).toEqual([1, 0]);
    backend.close();
  });

  it('does not let go of what it does not hold', () => {
    const { backend, probe, write } = rig();
    const a = write(1);
    backend.complete(a.command);
    expect(() => backend.complete(a.command)).toThrow(InvariantError);
    expect(() => backend.fail(a.command, TargetStatus.busy)).toThrow(InvariantError);
    probe.finish([a]);
  });
});
