import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { FaultAction } from '../../src/interfaces/fault-plan.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SeededFaultPlan } from '../../src/sim/seeded-fault-plan.ts';

describe('SeededFaultPlan', () => {
  it('strikes the nth match of its layer, operation and range', () => {
    const plan = new SeededFaultPlan(
      [
        {
          layer: 'backend',
          op: 1,
          firstLba: 10,
          lastLba: 20,
          nth: 2,
          action: FaultAction.status,
          status: 8,
        },
      ],
      makePrng(1),
    );
    const asked = [
      plan.decide('backend', 1, 10, 0).action,
      plan.decide('target', 1, 15, 0).action,
      plan.decide('backend', 0, 15, 0).action,
      plan.decide('backend', 1, 9, 0).action,
      plan.decide('backend', 1, 21, 0).action,
    ];
    expect(asked).toEqual([0, 0, 0, 0, 0]);
    expect(plan.decide('backend', 1, 20, 0)).toEqual({ action: 1, status: 8, delayNs: 0 });
    expect(plan.decide('backend', 1, 15, 0).action).toBe(FaultAction.none);
    expect(plan.strikes(0)).toBe(1);
  });

  it('strikes by chance, the same for the same seed, and at most so often', () => {
    const ask = (seed: number): number[] => {
      const plan = new SeededFaultPlan(
        [{ layer: 'device', oneIn: 4, times: 5, action: FaultAction.delay, delayNs: 9 }],
        makePrng(seed),
      );
      return Array.from({ length: 200 }, (_, lba) => plan.decide('device', 0, lba, 0).action);
    };
    expect(ask(1)).toEqual(ask(1));
    expect(ask(1)).not.toEqual(ask(2));
    expect(ask(1).filter((action) => action === FaultAction.delay)).toHaveLength(5);
  });

  it('refuses a rule that is both nth and by chance', () => {
    const rule = { layer: 'device', nth: 1, oneIn: 2, action: FaultAction.drop } as const;
    expect(() => new SeededFaultPlan([rule], makePrng(1))).toThrow(InvariantError);
  });
});
