import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { TargetOp, TargetStatus } from '../../../src/interfaces/target.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { UnitLaw } from '../../../src/testing/target/unit-laws.ts';
import {
  describe as inWords,
  statusName,
  UnitProbe,
} from '../../../src/testing/target/unit-probe.ts';

function rig() {
  const executor = new SimExecutor();
  return new UnitProbe(executor, new NullioBackend(executor, 1 << 20));
}

describe('UnitProbe', () => {
  it('cuts the data list where it is told', () => {
    const { command } = rig().make({ op: TargetOp.read, blockCount: 2, gpa: 4096, cut: 100 });
    expect([...command.data.lengths.subarray(0, 2)]).toEqual([100, 924]);
    expect([command.data.gpa(0), command.data.gpa(1)]).toEqual([4096, 4196]);
  });

  it('counts ends, and calls back inside the end', () => {
    const probe = rig();
    const probed = probe.make({ op: TargetOp.flush });
    let calls = 0;
    probed.atEnd = () => {
      calls += probed.ends;
    };
    probe.submit(probed);
    probe.finish([probed]);
    expect([probed.ends, calls]).toEqual([1, 1]);
    expect(() => probed.command.end(probed.command)).toThrow(UnitLaw.endsOnce);
  });

  it('fails when a command that must succeed does not', () => {
    const probe = rig();
    probe.unit = {
      geometry: probe.unit.geometry,
      submit: (command) => {
        command.status = TargetStatus.busy;
        probe.executor.post({
          owner: 'x',
          run: () => command.end(command),
          background: false,
          dueNs: 0,
          sequence: 0,
          slot: -1,
        });
      },
      abort: () => 2,
      reset: (done) => done(),
    };
    expect(() => probe.mustDo({ op: TargetOp.flush }, UnitLaw.reset)).toThrow(
      'flush ended with busy',
    );
  });

  it('has words for commands and statuses', () => {
    const { command } = rig().make({ op: TargetOp.write, lba: 7, blockCount: 2 });
    expect(inWords(command)).toBe('write of 2 blocks at 7');
    expect(inWords({ ...command, op: 9 as TargetOp })).toBe('operation 9 of 2 blocks at 7');
    expect(statusName(99 as TargetStatus)).toBe('status 99');
  });
});
