import { describe, expect, it } from 'vitest';
import { EventFd, MAX_EVENT_COUNT } from '../../src/sim/event-fd.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

describe('EventFd', () => {
  it('coalesces signals into one wake-up and gives the whole count', () => {
    const executor = new SimExecutor();
    const fd = new EventFd(executor, { wakeNs: 100 });
    const woken: number[] = [];
    fd.listen(() => woken.push(fd.read()));
    for (let i = 0; i < 5; i++) expect(fd.signal()).toBe(true);
    expect(woken).toEqual([]);
    executor.runUntilIdle();
    expect([woken, executor.now, fd.signals, fd.wakes]).toEqual([[5], 100, 5, 1]);
    expect(fd.read()).toBe(0);
  });

  it('wakes again for a signal that comes while the reader runs', () => {
    const executor = new SimExecutor();
    const fd = new EventFd(executor);
    let wakes = 0;
    fd.listen(() => {
      fd.read();
      wakes += 1;
      if (wakes < 3) fd.signal();
    });
    fd.signal();
    executor.runUntilIdle();
    expect(wakes).toBe(3);
  });

  it('wakes a listener that comes after the signal', () => {
    const executor = new SimExecutor();
    const fd = new EventFd(executor);
    fd.signal();
    let woken = 0;
    fd.listen(() => {
      woken += fd.read();
    });
    executor.runUntilIdle();
    expect(woken).toBe(1);
  });

  it('gives one at a time in semaphore mode', () => {
    const fd = new EventFd(new SimExecutor(), { semaphore: true, initial: 2 });
    expect([fd.read(), fd.read(), fd.read()]).toEqual([1, 1, 0]);
  });

  it('would block when the counter is full', () => {
    const fd = new EventFd(new SimExecutor(), { initial: MAX_EVENT_COUNT });
    expect(fd.signal()).toBe(false);
    expect(fd.read()).toBe(MAX_EVENT_COUNT);
    expect(fd.signal()).toBe(true);
  });

  it('stops waking when nobody listens', () => {
    const executor = new SimExecutor();
    const fd = new EventFd(executor);
    let woken = false;
    fd.listen(() => {
      woken = true;
    });
    fd.signal();
    fd.listen(undefined);
    executor.runUntilIdle();
    expect([woken, fd.read()]).toEqual([false, 1]);
  });
});
