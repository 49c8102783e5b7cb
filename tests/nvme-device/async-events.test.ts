import { describe, expect, it } from 'vitest';
import { AsyncEvents } from '../../src/nvme-device/async-events.ts';
import { AsyncEventType, LogPage } from '../../src/wire/nvme-opcodes.ts';

const { error, smart, notice, immediate } = AsyncEventType;

describe('AsyncEvents', () => {
  it('holds as many requests as its limit, oldest first, and can let go of one', () => {
    const events = new AsyncEvents(2);
    expect([events.hold(7), events.hold(8), events.hold(9)]).toEqual([true, true, false]);
    expect([events.release(7), events.release(7)]).toEqual([true, false]);
    events.add(error, 0, LogPage.errorInformation);
    expect(events.takeRequest()).toBe(8);
    expect(events.takeEvent()).toBe(0x0001_0000);
  });

  it('keeps an event that finds no request, once', () => {
    const events = new AsyncEvents(1);
    events.add(error, 1, 1);
    events.add(error, 1, 1);
    expect(events.isReady).toBe(false);
    events.hold(1);
    expect(events.isReady).toBe(true);
    events.takeRequest();
    events.takeEvent();
    events.logRead(1);
    events.hold(2);
    expect(events.isReady).toBe(false);
  });

  it('holds back a type until its log page is read, but lets another type pass', () => {
    const events = new AsyncEvents(4);
    for (const cid of [1, 2, 3, 4]) events.hold(cid);
    events.config = 0x1ff;
    events.add(error, 0, 1);
    events.takeEvent();
    events.add(error, 1, 1);
    expect(events.isReady).toBe(false);
    events.add(notice, 0, 4);
    expect(events.takeEvent()).toBe(0x0004_0002);
    events.logRead(4);
    expect(events.isReady).toBe(false);
    events.logRead(1);
    expect(events.takeEvent()).toBe(0x0001_0100);
  });

  it('masks no type of its own for an immediate event', () => {
    const events = new AsyncEvents(2);
    events.hold(1);
    events.add(immediate, 0, 0);
    events.takeEvent();
    events.add(immediate, 1, 0);
    expect(events.isReady).toBe(true);
  });

  it('leaves out what the host did not ask for', () => {
    const events = new AsyncEvents(1);
    events.hold(1);
    events.add(notice, 0, 4);
    events.add(smart, 1, 2);
    expect(events.isReady).toBe(false);
    events.config = 2;
    events.add(smart, 1, 2);
    expect(events.takeEvent()).toBe(0x0002_0101);
    events.config = 1 << 8;
    events.add(notice, 0, 4);
    expect(events.isReady).toBe(true);
  });

  it('keeps sixteen events at most, and none after a reset', () => {
    const events = new AsyncEvents(1);
    for (let info = 0; info < 40; info++) events.add(error, info, 1);
    events.hold(1);
    let kept = 0;
    for (; events.isReady; kept++) {
      events.takeEvent();
      events.logRead(1);
    }
    expect(kept).toBe(16);
    events.add(error, 0, 1);
    events.reset();
    expect(events.hold(2)).toBe(true);
    expect(events.isReady).toBe(false);
  });
});
