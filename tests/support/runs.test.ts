import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { checkAsyncProperty, checkProperty, runs, seeds, tier } from './runs.ts';

const failing = fc.property(fc.nat(), (n) => n < 1_000);

class Push implements fc.Command<number[], number[]> {
  check(): boolean {
    return true;
  }
  run(model: number[], real: number[]): void {
    model.push(1);
    real.push(1);
    if (real.length > 3) throw new Error('too long');
  }
  toString(): string {
    return 'push';
  }
}

describe('runs', () => {
  it('gives the count of the tier', () => {
    expect(runs(1, 2, 3)).toBe({ test: 1, ci: 2, long: 3 }[tier]);
    expect(runs(5)).toBe({ test: 5, ci: 100, long: 2_000 }[tier]);
  });

  it('uses one fixed seed, and one more only above the default tier', () => {
    const random = process.env['LIO_SEED'];
    expect(seeds()).toHaveLength(random === undefined ? 1 : 2);
    expect(seeds()[0]).toBe(20151120);
  });
});

describe('checkProperty', () => {
  it('runs the property as often as asked for each seed', () => {
    let count = 0;
    checkProperty(
      fc.property(fc.nat(), () => {
        count += 1;
      }),
      7,
    );
    expect(count).toBe(7 * seeds().length);
  });

  it('draws the same inputs every time', () => {
    const draw = (): number[] => {
      const seen: number[] = [];
      checkProperty(
        fc.property(fc.nat(), (n) => {
          seen.push(n);
        }),
        5,
      );
      return seen;
    };
    expect(draw()).toEqual(draw());
  });

  it('names seed and path when it fails', () => {
    expect(() => checkProperty(failing, 100)).toThrow(/seed: 20151120, path: "/);
  });

  it('names the replay path of a failing sequence of commands', () => {
    const sequences = fc.property(fc.commands([fc.constant(new Push())]), (commands) => {
      fc.modelRun(() => ({ model: [], real: [] }), commands);
    });
    expect(() => checkProperty(sequences, 100)).toThrow(/replayPath="/);
  });

  it('throws the failure of an awaited property', async () => {
    const property = fc.asyncProperty(fc.nat(), async (n) => n < 1_000);
    await expect(checkAsyncProperty(property, 100)).rejects.toThrow(/seed: 20151120/);
  });

  it('fails when the budget of time allows no run at all', () => {
    const property = fc.property(fc.nat(), () => true);
    expect(() => checkProperty(property, 10, { interruptAfterTimeLimit: 0 })).toThrow(
      /interrupted after 0 tests/,
    );
  });

  it('says how many runs were made when the budget of time cut the property short', () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const slow = fc.property(fc.nat(), () => {
      const started = performance.now();
      while (performance.now() - started < 5);
    });
    try {
      checkProperty(slow, 1_000, { interruptAfterTimeLimit: 20 });
      expect(said.mock.calls[0]![0]).toMatch(
        /cut short by the budget of time: [1-5] of 1000 runs from seed 20151120/,
      );
    } finally {
      said.mockRestore();
    }
  });
});
