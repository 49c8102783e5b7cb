import { describe, expect, it } from 'vitest';
import { TimeoutVerdict } from '../../src/interfaces/blk-mq.ts';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import type { NvmePciFunction } from '../../src/nvme-device/index.ts';
import {
  ABORTED_BY_HOST,
  ADMIN_TIMEOUT_NS,
  COMMAND_TIMEOUT_NS,
} from '../../src/nvme-driver/index.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { TraceRecorder } from '../../src/sim/trace-recorder.ts';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { type DriverWorld, started, type WorldOptions } from './driver-world.ts';

const MS = 1_000_000;
const TIMEOUT = { timeoutNs: 10 * MS, adminTimeoutNs: 20 * MS };

/** The first `count` I/O commands hang. */
function hanging(world: DriverWorld, count = Number.POSITIVE_INFINITY): void {
  let left = count;
  world.test.judge = ({ queueId }) => (queueId > 0 && left-- > 0 ? 'hang' : undefined);
}

/** A function of which reads of CSTS can be changed. */
function withStatus(): { options: WorldOptions; set: (change: (csts: number) => number) => void } {
  let change = (csts: number): number => csts;
  const wrap = (pci: NvmePciFunction): PciFunction =>
    new Proxy(pci, {
      get(target, key) {
        const member = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        if (key !== 'mmioRead') return member.bind(target);
        return (at: number, size: 1 | 2 | 4) => {
          const value = target.mmioRead(at, size);
          return at === NvmeRegister.csts
            ? change(value)
            : change(0) >>> 0 === 0xffff_ffff
              ? 0xffff_ffff
              : value;
        };
      },
    });
  return { options: { wrap }, set: (next) => void (change = next) };
}

describe('the ladder (ER38)', () => {
  it('has rungs at 30 s for I/O and 60 s for admin commands', () => {
    expect([COMMAND_TIMEOUT_NS, ADMIN_TIMEOUT_NS]).toEqual([30e9, 60e9]);
  });

  it('first looks for a completion whose interrupt was lost', () => {
    const world = started({ driver: TIMEOUT });
    world.connected = false;
    const request = world.request();
    world.do(request);
    world.pass(10 * MS - 1);
    expect(request.ends).toBe(0);
    world.pass(1);
    expect([request.ends, request.status]).toEqual([1, 0]);
    expect(world.driver.counters()).toMatchObject({ aborts: 0, resets: 0 });
  });

  it('then aborts, and the aborted command is sent again', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world, 1);
    const request = world.request();
    world.do(request);
    world.pass(10 * MS - 1);
    expect(world.driver.counters().aborts).toBe(0);
    world.pass(1);
    expect([request.ends, request.status]).toEqual([1, 0]);
    expect(world.driver.counters()).toMatchObject({
      aborts: 1,
      aborted: 1,
      retries: 1,
      resets: 0,
    });
  });

  it('then resets, for an Abort that ends does not mean that its command was aborted (M27)', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world, 1);
    world.test.abortable = false;
    const request = world.request();
    world.do(request);
    world.pass(20 * MS - 1);
    expect(world.driver.counters()).toMatchObject({ aborts: 1, aborted: 0, resets: 0 });
    expect([request.ends, world.driver.state]).toEqual([0, 'live']);
    world.pass(1 * MS);
    expect(world.driver.counters()).toMatchObject({ resets: 1, retries: 1 });
    expect([request.ends, request.status, world.driver.state]).toEqual([1, 0, 'live']);
  });

  it('gives the command up that takes part in one reset after the other', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world);
    world.test.abortable = false;
    const request = world.request();
    world.do(request);
    world.pass(1_000 * MS);
    expect([request.ends, request.status]).toEqual([1, NvmeStatus.abortedByHost]);
    expect(world.driver.counters()).toMatchObject({ resets: 6, retries: 5 });
    world.test.judge = () => undefined;
    expect(world.do(world.request())).toBe(0);
  });

  it('resets at once for a late admin command', () => {
    const world = started({ driver: TIMEOUT });
    world.test.judge = ({ queueId }) => (queueId === 0 ? 'hang' : undefined);
    const raw = new Int32Array(6);
    const request = world.request({ opcode: AdminOpcode.identify, raw }, 4096);
    world.do(request, 0);
    world.pass(20 * MS - 1);
    expect([request.ends, world.driver.state]).toEqual([0, 'live']);
    world.test.judge = () => undefined;
    world.pass(1 * MS);
    expect([request.ends, request.status]).toEqual([1, NvmeStatus.abortedByHost]);
    expect(world.driver.counters()).toMatchObject({ resets: 1, aborts: 0 });
    expect(world.do(world.request())).toBe(0);
  });

  it('gives the controller up when it does not come back, and ends everything once', () => {
    const { options, set } = withStatus();
    const world = started({ ...options, driver: TIMEOUT });
    const free = world.pages.freePages;
    hanging(world);
    world.test.abortable = false;
    const requests = [world.request(), world.request()];
    for (const request of requests) world.do(request);
    set((csts) => csts & ~Csts.rdy);
    world.pass(20 * MS);
    expect(world.driver.state).toBe('resetting');
    const late = world.request();
    world.driver.queueRq(1, late);
    expect(late.ends).toBe(0);
    world.pass(20_000 * MS);
    expect(world.driver.state).toBe('down');
    const ends = [...requests, late].map(({ ends, status }) => [ends, status]);
    expect(ends).toEqual(new Array(3).fill([1, ABORTED_BY_HOST]));
    expect(world.pages.freePages).toBeGreaterThan(free);
    set((csts) => csts);
    world.test.judge = () => undefined;
    expect(world.start()).toBeUndefined();
    expect(world.do(world.request())).toBe(0);
  });

  it('is not set off by Asynchronous Event Requests, which stay for ever', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world, 1);
    world.do(world.request());
    world.pass(200 * MS);
    expect(world.driver.counters().resets).toBe(0);
  });

  it('has patience while completions wait for their turn', () => {
    const costs = { ...NO_COSTS, guestCompleteNs: 6 * MS };
    const world = started({ driver: { timeoutNs: 10 * MS, costs } });
    const requests = Array.from({ length: 8 }, () => world.request());
    for (const request of requests) world.driver.queueRq(1, request);
    world.driver.commitRqs(1);
    world.pass(100 * MS);
    expect(requests.every(({ ends, status }) => ends === 1 && status === 0)).toBe(true);
    expect(world.driver.counters()).toMatchObject({ aborts: 0, resets: 0 });
  });
});

describe('a controller', () => {
  it('with a fatal status is reset, and its commands are sent again (ER5)', () => {
    const world = started();
    world.port.held = true;
    const request = world.request();
    world.do(request);
    // The completion cannot be written.
    world.pci.controller.setBusMaster(false);
    world.port.release();
    world.executor.runUntilIdle();
    expect(world.pci.mmioRead(NvmeRegister.csts, 4) & Csts.cfs).toBe(Csts.cfs);
    world.port.held = false;
    world.pass(COMMAND_TIMEOUT_NS / 4 + MS);
    expect([request.ends, request.status, world.driver.state]).toEqual([1, 0, 'live']);
    expect(world.driver.counters()).toMatchObject({ resets: 1, aborts: 0 });
  });

  it('that somebody else reset is reset and used again', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world, 1);
    const request = world.request();
    world.do(request);
    world.pci.mmioWrite(NvmeRegister.cc, 4, 0);
    world.executor.runUntilIdle();
    world.pass(20 * MS);
    expect([request.ends, request.status, world.driver.counters().resets]).toEqual([1, 0, 1]);
  });

  it('that reads as all ones is gone: every request ends once, and nothing more is waited for', () => {
    const { options, set } = withStatus();
    const lines: string[] = [];
    const tracer = new TraceRecorder(new SimExecutor(), (line) => void lines.push(line));
    const world = started({ ...options, driver: { ...TIMEOUT, tracer } });
    hanging(world);
    const requests = Array.from({ length: 20 }, () => world.request());
    for (const request of requests) world.do(request);
    set(() => 0xffff_ffff);
    world.pass(3 * MS);
    expect(world.driver.state).toBe('down');
    expect(requests.every(({ ends, status }) => ends === 1 && status === ABORTED_BY_HOST)).toBe(
      true,
    );
    expect(lines.join('\n')).toContain('"gone"');
    expect(world.do(world.request())).toBe(ABORTED_BY_HOST);
  });

  it('that is gone can be shut down under load', () => {
    const { options, set } = withStatus();
    const world = started({ ...options, driver: TIMEOUT });
    hanging(world);
    const requests = Array.from({ length: 20 }, () => world.request());
    for (const request of requests) world.do(request);
    set(() => 0xffff_ffff);
    const from = world.executor.now;
    let calls = 0;
    world.driver.shutdown(() => void (calls += 1));
    world.executor.runUntilIdle();
    expect([calls, world.executor.now - from]).toEqual([1, 0]);
    expect(requests.every(({ ends }) => ends === 1)).toBe(true);
  });
});

describe('a request with a timer of its own', () => {
  it('climbs when its submitter asks, and not by itself', () => {
    const world = started({ driver: TIMEOUT });
    hanging(world, 1);
    const request = world.request({ hasTimer: true });
    world.do(request);
    world.pass(100 * MS);
    expect(world.driver.counters()).toMatchObject({ aborts: 0, resets: 0 });
    expect(world.driver.timeout(request)).toBe(TimeoutVerdict.resetTimer);
    expect(world.driver.counters().aborts).toBe(1);
    world.executor.runUntilIdle();
    expect([request.ends, request.status]).toEqual([1, 0]);
    expect(world.driver.timeout(request)).toBe(TimeoutVerdict.done);
  });

  it('is done when its completion was there, and waits while the controller is reset', () => {
    const world = started({ driver: TIMEOUT });
    world.connected = false;
    const request = world.request({ hasTimer: true });
    world.do(request);
    expect(world.driver.timeout(request)).toBe(TimeoutVerdict.done);
    expect(request.ends).toBe(1);
    world.connected = true;
    world.driver.resetController();
    const parked = world.request({ hasTimer: true });
    world.driver.queueRq(1, parked);
    expect(world.driver.timeout(parked)).toBe(TimeoutVerdict.resetTimer);
    world.executor.runUntilIdle();
    expect([parked.ends, parked.status, world.driver.counters().resets]).toEqual([1, 0, 1]);
  });

  it('still has its controller looked at', () => {
    const { options, set } = withStatus();
    const world = started({ ...options, driver: TIMEOUT });
    hanging(world);
    const request = world.request({ hasTimer: true });
    world.do(request);
    set(() => 0xffff_ffff);
    world.pass(3 * MS);
    expect([request.ends, request.status]).toEqual([1, ABORTED_BY_HOST]);
  });
});
