import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import type { Backend } from '../../../src/interfaces/backend.ts';
import type { NvmeCommand } from '../../../src/interfaces/nvme-command-port.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
import type { TargetCommand } from '../../../src/interfaces/target.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import type { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';
import { NvmeTargetController } from '../../../src/target/nvme/nvme-target-controller.ts';
import { WriteGate } from '../../../src/target/nvme/write-gate.ts';
import { IoOpcode } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../../support/runs.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const capabilities = { fusedCompareWrite: true };

/** A unit whose commands reach it in any order. */
function reordering(executor: SimExecutor, seed: number): Backend {
  const inner = new RdMcpBackend(executor, new PageStore(1 << 20));
  const prng = makePrng(seed);
  return {
    geometry: inner.geometry,
    submit: (command: TargetCommand) => {
      executor.schedule(
        makeTask('late', () => inner.submit(command)),
        executor.now + prng.below(50),
      );
    },
    abort: () => AbortResult.unknown,
    reset: (done) => inner.reset(done),
    close: () => inner.close(),
  };
}

describe('WriteGate', () => {
  it('lets writers in together, a pair alone, and keeps their order', () => {
    const gate = new WriteGate();
    const told: string[] = [];
    const enter = (name: string, isPair = false) =>
      gate.enter({ isPair, resume: () => told.push(name) });
    expect([enter('a'), enter('b'), enter('pair', true), enter('c')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    gate.leave();
    expect(told).toEqual([]);
    gate.leave();
    expect(told).toEqual(['pair']);
    expect(enter('d')).toBe(false);
    gate.leave();
    expect(told).toEqual(['pair', 'c', 'd']);
    expect(enter('e', true)).toBe(false);
  });
});

describe('Compare and Write', () => {
  const at = (i: number) => BUFFER + 4096 * i;

  function pairOf(rig: NvmeRig, i: number, lba = 5): [NvmeCommand, NvmeCommand] {
    const fields = { cdw10: lba, bytes: 512 };
    return [
      rig.command({ ...fields, opc: IoOpcode.compare, cid: 2 * i, gpa: at(2 * i) }),
      rig.command({ ...fields, opc: IoOpcode.write, cid: 2 * i + 1, gpa: at(2 * i + 1) }),
    ];
  }

  const codes = (pair: readonly NvmeCommand[]) => pair.map(({ status }) => status & 0x7ff);

  it('writes what compares equal, and nothing otherwise', () => {
    const rig = new NvmeRig({ capabilities });
    rig.memory.fill(at(1), 7, 512);
    const [first, again] = [pairOf(rig, 0), pairOf(rig, 0)];
    rig.controller.submitFused(...first);
    rig.executor.runUntilIdle();
    expect(codes(first)).toEqual([0, 0]);
    rig.controller.submitFused(...again);
    rig.executor.runUntilIdle();
    expect(codes(again)).toEqual([NvmeStatus.compareFailure, NvmeStatus.abortedFailedFused]);
    expect(rig.ended).toBe(4);
  });

  it('is not begun when either half is wrong', () => {
    const rig = new NvmeRig({ capabilities });
    const pair = pairOf(rig, 0, 2048);
    pair[1] = rig.command({ opc: IoOpcode.write, cdw10: 3, bytes: 512 });
    rig.controller.submitFused(...pair);
    expect(rig.ended).toBe(0);
    rig.executor.runUntilIdle();
    expect(codes(pair)).toEqual([NvmeStatus.lbaOutOfRange, NvmeStatus.abortedFailedFused]);
  });

  it('needs two slots', () => {
    const rig = new NvmeRig({ capabilities, maxInFlight: 1 });
    const pair = pairOf(rig, 0);
    rig.controller.submitFused(...pair);
    rig.executor.runUntilIdle();
    expect(codes(pair)).toEqual([NvmeStatus.commandInterrupted, NvmeStatus.abortedFailedFused]);
  });

  it('counts right, whoever else counts and writes, in any order below', () => {
    const property = fc.property(fc.nat(), fc.integer({ min: 2, max: 6 }), (seed, agents) => {
      const rig = new NvmeRig({ capabilities, maxInFlight: 32 }, (executor) => [
        reordering(executor, seed),
      ]);
      const other = new NvmeTargetController(rig.executor, rig.subsystem, { capabilities });
      let successes = 0;
      const expected = new Array<number>(agents).fill(0);
      for (let round = 0; round < 6; round++) {
        const pairs = Array.from({ length: agents }, (_, i) => pairOf(rig, i));
        for (const [i, pair] of pairs.entries()) {
          rig.memory.fill(at(2 * i), 0, 512);
          rig.memory.fill(at(2 * i + 1), 0, 512);
          rig.memory.write32(at(2 * i), expected[i]!);
          rig.memory.write32(at(2 * i + 1), expected[i]! + 1);
          (i % 2 === 0 ? rig.controller : other).submitFused(...pair);
          const bystander = { opc: IoOpcode.write, cdw10: 9, bytes: 512, gpa: at(30) };
          rig.controller.submit(rig.command(bystander));
        }
        rig.executor.runUntilIdle();
        for (const pair of pairs) if (codes(pair)[1] === 0) successes += 1;
        expect(successes).toBe(round + 1);
        expected.fill(successes);
      }
      expect(rig.ended).toBe(6 * agents * 3);
    });
    checkProperty(property, runs(20, 200));
  });

  it('ends both halves once when it is aborted or reset, where it waits or where it runs', () => {
    const property = fc.property(fc.nat(), fc.nat(7), fc.nat(40), (seed, which, when) => {
      const rig = new NvmeRig({ capabilities }, (executor) => [reordering(executor, seed)]);
      const pairs = [pairOf(rig, 0), pairOf(rig, 1)];
      const write = rig.command({ opc: IoOpcode.write, cdw10: 5, bytes: 512, gpa: at(9) });
      rig.controller.submitFused(...pairs[0]!);
      rig.controller.submit(write);
      rig.controller.submitFused(...pairs[1]!);
      rig.executor.runUntil(when);
      const all = [...pairs.flat(), write];
      let isReset = which < 5;
      if (which < 5) {
        const victim = all[which]!;
        const didStop = rig.controller.abort(victim) === AbortResult.aborted;
        rig.executor.runUntilIdle();
        if (didStop) expect(victim.status & 0x7ff).toBe(NvmeStatus.abortRequested);
      } else {
        rig.controller.reset(() => {
          isReset = true;
        });
      }
      rig.executor.runUntilIdle();
      expect([rig.ended, isReset]).toEqual([5, true]);
      const after = rig.do({ opc: IoOpcode.write, cdw10: 5, bytes: 512 });
      expect(after.code).toBe(0);
    });
    checkProperty(property, runs(60, 600));
  });
});
