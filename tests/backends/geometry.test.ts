import { describe, expect, it } from 'vitest';
import {
  blockCountOf,
  checkBlockBytes,
  copyCostNs,
  transferCostNs,
} from '../../src/backends/geometry.ts';
import { NullioBackend } from '../../src/backends/nullio.ts';
import { ConfigError } from '../../src/base/assert.ts';
import { TargetOp } from '../../src/interfaces/target.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

describe('sizes', () => {
  it('are 512 unless they say 4096, and nothing else', () => {
    expect(checkBlockBytes()).toBe(512);
    expect(checkBlockBytes(4096)).toBe(4096);
    for (const bad of [0, 511, 1024, 8192, Number.NaN]) {
      expect(() => checkBlockBytes(bad)).toThrow(ConfigError);
    }
  });

  it('are a whole number of blocks, one at least', () => {
    expect(blockCountOf(4096, 512)).toBe(8);
    expect(blockCountOf(4096, 4096)).toBe(1);
    for (const bad of [0, 100, 4608, 2 ** 60, Number.NaN]) {
      expect(() => blockCountOf(bad, 4096)).toThrow(ConfigError);
    }
  });
});

describe('costs', () => {
  const costs = { ...NO_COSTS, targetCommandNs: 10, copyPageNs: 100 };

  it('charge whole nanoseconds by the byte', () => {
    expect(copyCostNs(costs, 4096)).toBe(100);
    expect(copyCostNs(costs, 512)).toBe(13);
    expect(copyCostNs(NO_COSTS, 1 << 20)).toBe(0);
  });

  it('charge data for read and write alone', () => {
    const executor = new SimExecutor();
    const probe = new UnitProbe(executor, new NullioBackend(executor, 1 << 20));
    const cost = (op: TargetOp) =>
      transferCostNs(costs, probe.make({ op, blockCount: 8 }).command, 512);
    expect(cost(TargetOp.read)).toBe(110);
    expect(cost(TargetOp.write)).toBe(110);
    expect(cost(TargetOp.flush)).toBe(10);
    expect(cost(TargetOp.unmap)).toBe(10);
    expect(cost(TargetOp.writeZeroes)).toBe(10);
  });
});
