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

  describe('coalescing', () => {
    it('sends at the threshold, and not before', () => {
      unit.setCoalescing(2, 5);
      unit.noteIo(1);
      unit.noteIo(1);
      executor.runUntil(1000);
      expect(sent).toEqual([]);
      unit.noteIo(1);
      executor.runUntil(1000);
      expect(sent).toEqual(['raise 1']);
    });

    it('sends fewer entries when the time since the first of them is over', () => {
      unit.setCoalescing(9, 2);
      unit.noteIo(1);
      executor.runUntil(100_000);
      unit.noteIo(2);
      unit.noteIo(1);
      executor.runUntil(199_999);
      expect(sent).toEqual([]);
      executor.runUntil(200_000);
      expect(sent.splice(0)).toEqual(['raise 1']);
      executor.runUntil(300_000);
      expect(sent).toEqual(['raise 2']);
    });

    it('leaves alone the admin queue, vectors that are told so, and a time of 0', () => {
      unit.setCoalescing(9, 2);
      unit.setDirect(3, true);
      unit.note(1);
      unit.noteIo(3);
      unit.noteIo(0);
      executor.runUntil(0);
      expect(sent.splice(0)).toEqual(['raise 1', 'raise 3', 'raise 0']);
      unit.setCoalescing(9, 0);
      unit.noteIo(2);
      executor.runUntil(0);
      expect(sent).toEqual(['raise 2']);
    });

    it('lets go of what waits when its settings change, and forgets it at a reset', () => {
      unit.setCoalescing(9, 2);
      unit.noteIo(2);
      unit.setCoalescing(0, 0);
      executor.runUntil(0);
      expect(sent.splice(0)).toEqual(['raise 2']);
      unit.setCoalescing(9, 2);
      unit.noteIo(2);
      unit.reset();
      expect(run()).toEqual([]);
    });
  });
});
