import { beforeEach, describe, expect, it } from 'vitest';
import { InterruptUnit } from '../../src/nvme-device/interrupt-unit.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

describe('InterruptUnit', () => {
  let executor: SimExecutor;
  let unit: InterruptUnit;
  let sent: string[];
  let unread: Set<number>;

  beforeEach(() => {
    executor = new SimExecutor();
    sent = [];
    unread = new Set();
    const raise = (vector: number) => void sent.push(`raise ${vector}`);
    const lower = (vector: number) => void sent.push(`lower ${vector}`);
    unit = new InterruptUnit(executor, { raise, lower }, 4);
    unit.isUnread = (vector) => unread.has(vector);
  });

  const run = () => {
    executor.runUntilIdle();
    return sent.splice(0);
  };

  it('sends one message for any news of one instant, from a task', () => {
    unit.note(2);
    unit.note(0);
    unit.note(2);
    expect(sent).toEqual([]);
    expect(run()).toEqual(['raise 2', 'raise 0']);
    unit.consumed(2);
    expect(run()).toEqual([]);
    unit.note(2);
    expect(run()).toEqual(['raise 2']);
  });

  it('sends the message even when the host has seen the entries already', () => {
    unit.note(1);
    unread.clear();
    expect(run()).toEqual(['raise 1']);
  });

  it('with levels, raises on unread entries and lowers when they are consumed, once each', () => {
    unit.setMode(4, true);
    expect(unit.vectorCount).toBe(1);
    expect(run()).toEqual([]);
    unread.add(0);
    unit.note(0);
    expect(run()).toEqual(['raise 0']);
    unit.note(0);
    expect(run()).toEqual([]);
    unread.delete(0);
    unit.consumed(0);
    expect(run()).toEqual(['lower 0']);
  });

  it('hides a level behind INTMS and shows it again after INTMC', () => {
    unit.setMode(4, true);
    unread.add(0);
    unit.note(0);
    run();
    unit.setMask(1);
    expect(run()).toEqual(['lower 0']);
    unit.setMask(0);
    expect(run()).toEqual(['raise 0']);
  });

  it('lets INTMS alone with messages', () => {
    unit.setMask(1);
    unit.note(0);
    expect(run()).toEqual(['raise 0']);
  });

  it('forgets news and lowers what is raised at a reset', () => {
    unit.note(3);
    unit.reset();
    expect(run()).toEqual([]);
    unit.setMode(4, true);
    unread.add(0);
    unit.note(0);
    run();
    unread.clear();
    unit.setMask(5);
    unit.reset();
    expect(unit.mask).toBe(0);
    expect(run()).toEqual(['lower 0']);
  });
});
