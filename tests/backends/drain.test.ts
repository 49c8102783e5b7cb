import { describe, expect, it } from 'vitest';
import { Drain, whenBoth } from '../../src/backends/drain.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

describe('Drain', () => {
  it('is done when those before the reset have left, and does not wait for later ones', () => {
    const executor = new SimExecutor();
    const drain = new Drain(executor, 'test');
    const dones: string[] = [];
    const first = drain.enter();
    const second = drain.enter();
    drain.reset(() => dones.push('a'));
    const later = drain.enter();
    expect(drain.isOlder(first)).toBe(true);
    expect(drain.isOlder(later)).toBe(false);
    drain.leave(second);
    executor.runUntilIdle();
    expect(dones).toEqual([]);
    drain.leave(first);
    expect(dones).toEqual([]);
    executor.runUntilIdle();
    expect(dones).toEqual(['a']);
    expect(drain.count).toBe(1);
  });

  it('is done on a later turn when nothing is in flight', () => {
    const executor = new SimExecutor();
    const drain = new Drain(executor, 'test');
    let dones = 0;
    drain.reset(() => {
      dones += 1;
    });
    expect(dones).toBe(0);
    executor.runUntilIdle();
    expect(dones).toBe(1);
  });

  it('takes a second reset while the first waits', () => {
    const executor = new SimExecutor();
    const drain = new Drain(executor, 'test');
    const dones: string[] = [];
    const first = drain.enter();
    drain.reset(() => dones.push('a'));
    const second = drain.enter();
    drain.reset(() => dones.push('b'));
    drain.leave(first);
    executor.runUntilIdle();
    expect(dones).toEqual([]);
    drain.leave(second);
    executor.runUntilIdle();
    expect(dones).toEqual(['a', 'b']);
  });
});

describe('whenBoth', () => {
  it('calls once, at the second call', () => {
    let calls = 0;
    const done = whenBoth(() => {
      calls += 1;
    });
    done();
    expect(calls).toBe(0);
    done();
    expect(calls).toBe(1);
  });
});
