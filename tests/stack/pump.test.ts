import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { Pump, SLICE_TASKS } from '../../src/stack/pump.ts';

describe('Pump', () => {
  it('admits all calls of one turn before it moves virtual time', async () => {
    const executor = new SimExecutor();
    const pump = new Pump(executor);
    const started: number[] = [];
    const call = (delay: number): Promise<number> =>
      pump.call((settle) => {
        started.push(executor.now);
        const task = makeTask('work', () => settle.resolve(executor.now));
        executor.schedule(task, executor.now + delay);
      });
    expect(await Promise.all([call(30), call(10)])).toEqual([30, 10]);
    expect(started).toEqual([0, 0]);
    expect(executor.now).toBe(30);
  });

  it('leaves virtual time alone between pumps', async () => {
    const executor = new SimExecutor();
    const pump = new Pump(executor);
    executor.schedule(
      makeTask('timer', () => {}, true),
      1_000,
    );
    await pump.call<void>((settle) => settle.resolve());
    expect(executor.now).toBe(0);
  });

  it('lets background timers fall due while a call waits for them', async () => {
    const executor = new SimExecutor();
    const pump = new Pump(executor);
    const at = await pump.call<number>((settle) => {
      executor.schedule(
        makeTask('timeout', () => settle.resolve(executor.now), true),
        30_000,
      );
    });
    expect(at).toBe(30_000);
  });

  it('rejects a call that nothing will ever answer', async () => {
    const pump = new Pump(new SimExecutor());
    await expect(pump.call(() => {})).rejects.toThrow(InvariantError);
  });

  it('rejects all calls when a task throws, and works again afterwards', async () => {
    const executor = new SimExecutor();
    const pump = new Pump(executor);
    const broken = makeTask('broken', () => {
      throw new Error('defect');
    });
    const first = pump.call(() => executor.post(broken));
    const second = pump.call(() => {});
    await expect(first).rejects.toThrow('defect');
    await expect(second).rejects.toThrow('defect');
    await expect(pump.call<number>((settle) => settle.resolve(5))).resolves.toBe(5);
  });

  it('gives the host a turn between slices of a long run', async () => {
    const executor = new SimExecutor();
    let turns = 0;
    const pump = new Pump(executor, async () => {
      turns += 1;
    });
    let left = 2 * SLICE_TASKS + 10;
    await pump.call<void>((settle) => {
      const task = makeTask('long', () => {
        left -= 1;
        if (left > 0) executor.post(task);
        else settle.resolve();
      });
      executor.post(task);
    });
    expect(turns).toBe(2);
  });

  it('admits calls that come while it yields', async () => {
    const executor = new SimExecutor();
    const pump = new Pump(executor);
    const one = await pump.call<number>((settle) => settle.resolve(1));
    const two = await pump.call<number>((settle) => settle.resolve(one + 1));
    expect(two).toBe(2);
  });
});
