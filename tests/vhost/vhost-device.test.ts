import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/index.ts';
import {
  type VhostBackend,
  VhostErrno,
  type VhostHost,
  type VirtqueueChain,
  type VringStart,
} from '../../src/interfaces/index.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import { EventFd, SimExecutor } from '../../src/sim/index.ts';
import { MAX_VRING_NUM, MAX_VRINGS, VhostDevice } from '../../src/vhost/index.ts';
import { listOf } from '../support/chain.ts';
import { PlainRing } from '../support/plain-ring.ts';

const EVENT_IDX = 1 << 29;
const INDIRECT = 1 << 28;

/** A backend that returns each chain at once, or keeps it. */
class Echo implements VhostBackend {
  host: VhostHost | undefined = undefined;
  readonly kept: VirtqueueChain[] = [];
  accepts = true;
  keeps = false;
  seen = 0;

  attach(host: VhostHost): void {
    this.host = host;
  }

  handleChain(ring: number, chain: VirtqueueChain): boolean {
    if (!this.accepts) return false;
    this.seen += 1;
    if (this.keeps) this.kept.push({ ...chain });
    else this.host!.addUsed(ring, chain.id, chain.descriptorCount, 8);
    return true;
  }
}

function makeWorld(options: { weight?: number; workerCommandNs?: number } = {}) {
  const executor = new SimExecutor({ livelockLimit: 10_000 });
  const memory = new RegionMemory([{ base: 0, size: 0x1_0000 }]);
  const backend = new Echo();
  const starts: VringStart[] = [];
  const kicks = [new EventFd(executor), new EventFd(executor)];
  const calls = [new EventFd(executor), new EventFd(executor)];
  const errs = [new EventFd(executor), new EventFd(executor)];
  const rings = kicks.map((kick) => new PlainRing(16, false, () => kick.signal()));
  const device = new VhostDevice(
    executor,
    memory,
    backend,
    (_, start) => {
      starts.push(start);
      return start.desc === 0xf000 ? undefined : rings[start.desc / 0x1000]!.device;
    },
    { ringCount: 2, ...options },
  );
  const setUp = (): void => {
    expect(device.setOwner()).toBe(0);
    expect(device.setFeatures(EVENT_IDX, 1)).toBe(0);
    expect(device.setMemTable([{ guestAddress: 0, size: 0x1_0000, userAddress: 0 }])).toBe(0);
    for (const ring of [0, 1]) {
      expect(device.setVringNum(ring, 16)).toBe(0);
      expect(device.setVringBase(ring, 0)).toBe(0);
      const desc = ring * 0x1000;
      expect(device.setVringAddr(ring, { desc, avail: desc + 2, used: desc + 4 })).toBe(0);
      expect(device.setVringKick(ring, kicks[ring])).toBe(0);
      expect(device.setVringCall(ring, calls[ring])).toBe(0);
      expect(device.setVringErr(ring, errs[ring])).toBe(0);
      rings[ring]!.driver.enableCb();
    }
  };
  const add = (ring: number, count: number): void => {
    const { driver } = rings[ring]!;
    for (let i = 0; i < count; i++) driver.addSgs(listOf([]), listOf([[0x100, 8]]), i);
    driver.kick();
  };
  return { executor, backend, device, kicks, calls, errs, rings, starts, setUp, add };
}

describe('ioctls', () => {
  test('nothing but the features is told to somebody who is not the owner', () => {
    const { device, kicks } = makeWorld();
    const refusals = [
      device.setFeatures(0, 1),
      device.setMemTable([]),
      device.setVringNum(0, 16),
      device.setVringBase(0, 0),
      device.getVringBase(0),
      device.setVringAddr(0, { desc: 0, avail: 0, used: 0 }),
      device.setVringKick(0, kicks[0]),
      device.setVringCall(0, kicks[0]),
      device.setVringErr(0, kicks[0]),
      device.startRings(),
    ];
    expect(new Set(refusals)).toEqual(new Set([VhostErrno.notOwner]));
    expect([device.featuresLo, device.featuresHi]).toEqual([EVENT_IDX | INDIRECT, 1]);
  });

  test('there is one owner', () => {
    const { device } = makeWorld();
    expect([device.setOwner(), device.setOwner()]).toEqual([0, VhostErrno.busy]);
  });

  test('a feature that was not offered is refused, and so is a legacy driver', () => {
    const { device } = makeWorld();
    device.setOwner();
    expect(device.setFeatures(1 << 24, 1)).toBe(VhostErrno.notSupported);
    expect(device.setFeatures(0, 1 | 4)).toBe(VhostErrno.notSupported);
    expect(device.setFeatures(EVENT_IDX, 0)).toBe(VhostErrno.invalid);
    expect(device.setFeatures(EVENT_IDX | INDIRECT, 1)).toBe(0);
  });

  test.each([0, 3, -16, 1.5, MAX_VRING_NUM * 2, Number.NaN])(
    'a ring of %d descriptors is refused',
    (num) => {
      const { device } = makeWorld();
      device.setOwner();
      expect(device.setVringNum(0, num)).toBe(VhostErrno.invalid);
      expect(device.setVringNum(0, MAX_VRING_NUM)).toBe(0);
    },
  );

  test('a base is 16 bits, and comes back', () => {
    const { device } = makeWorld();
    device.setOwner();
    expect(device.setVringBase(0, 0x1_0000)).toBe(VhostErrno.invalid);
    expect(device.setVringBase(0, -1)).toBe(VhostErrno.invalid);
    expect([device.setVringBase(0, 0xffff), device.getVringBase(0)]).toEqual([0, 0xffff]);
  });

  test('a ring that is not there is refused', () => {
    const { device } = makeWorld();
    device.setOwner();
    for (const ring of [-1, 2, 0.5]) {
      expect(device.setVringNum(ring, 16)).toBe(VhostErrno.noRing);
      expect(device.getVringBase(ring)).toBe(VhostErrno.noRing);
      expect(device.setVringCall(ring, undefined)).toBe(VhostErrno.noRing);
    }
  });

  test.each([
    [{ desc: 8, avail: 0, used: 0 }, VhostErrno.invalid],
    [{ desc: 0, avail: 1, used: 0 }, VhostErrno.invalid],
    [{ desc: 0, avail: 0, used: 2 }, VhostErrno.invalid],
    [{ desc: -16, avail: 0, used: 0 }, VhostErrno.fault],
    [{ desc: 2 ** 53, avail: 0, used: 0 }, VhostErrno.fault],
    [{ desc: 2 ** 40 + 16, avail: 2 ** 40 + 2, used: 2 ** 40 + 4 }, VhostErrno.ok],
  ])('ring addresses %j give %i', (addresses, errno) => {
    const { device } = makeWorld();
    device.setOwner();
    expect(device.setVringAddr(0, addresses)).toBe(errno);
  });

  test('rings start only when all of them are set up and lie in the table', () => {
    const { device, backend } = makeWorld();
    expect(device.setOwner()).toBe(0);
    expect(device.startRings()).toBe(VhostErrno.fault);
    device.setMemTable([{ guestAddress: 0, size: 0x1000, userAddress: 0 }]);
    expect(backend.host!.startRings()).toBe(VhostErrno.fault);
    const other = makeWorld();
    other.setUp();
    other.device.setVringAddr(1, { desc: 0xf000, avail: 0, used: 0 });
    expect(other.device.startRings()).toBe(VhostErrno.fault);
    other.device.setVringAddr(1, { desc: 0x1000, avail: 0, used: 0 });
    expect(other.device.startRings()).toBe(0);
  });

  test('while rings run, settings are refused and notifiers are not', () => {
    const { device, setUp, kicks } = makeWorld();
    setUp();
    device.startRings();
    const refusals = [
      device.setFeatures(0, 1),
      device.setMemTable([]),
      device.setVringNum(0, 8),
      device.setVringBase(0, 1),
      device.setVringAddr(0, { desc: 0, avail: 0, used: 0 }),
      device.startRings(),
    ];
    expect(new Set(refusals)).toEqual(new Set([VhostErrno.busy]));
    expect(device.setVringKick(0, kicks[1])).toBe(0);
    device.stopRings();
    expect(device.setVringNum(0, 8)).toBe(0);
  });

  test('a ring starts with what it was told', () => {
    const { device, setUp, starts } = makeWorld();
    setUp();
    device.setVringBase(1, 77);
    device.startRings();
    expect(starts[1]).toEqual({
      desc: 0x1000,
      avail: 0x1002,
      used: 0x1004,
      num: 16,
      base: 77,
      featuresLo: EVENT_IDX,
      featuresHi: 1,
    });
  });

  test('a device has 1 to 256 rings', () => {
    const make = (ringCount: number, weight = 1) =>
      new VhostDevice(
        new SimExecutor(),
        new RegionMemory([{ base: 0, size: 16 }]),
        new Echo(),
        () => undefined,
        { ringCount, weight },
      );
    expect(() => make(0)).toThrow(ConfigError);
    expect(() => make(MAX_VRINGS + 1)).toThrow(ConfigError);
    expect(() => make(1, 0)).toThrow(ConfigError);
    expect(make(MAX_VRINGS).ringCount).toBe(MAX_VRINGS);
  });
});

describe('rings', () => {
  test('what is available before the start is served without a kick', () => {
    const { device, setUp, add, kicks, backend, executor } = makeWorld();
    setUp();
    add(0, 3);
    kicks[0]!.read();
    device.startRings();
    executor.runUntilIdle();
    expect(backend.seen).toBe(3);
    expect(device.getVringBase(0)).toBe(3);
  });

  test('one kick serves a batch and one call announces it', () => {
    const { device, setUp, add, kicks, calls, backend, executor } = makeWorld();
    setUp();
    device.startRings();
    executor.runUntilIdle();
    add(1, 10);
    executor.runUntilIdle();
    expect([backend.seen, kicks[1]!.signals, calls[1]!.signals]).toEqual([10, 1, 1]);
  });

  test('a driver that wants no calls gets none', () => {
    const { device, setUp, add, rings, calls, executor } = makeWorld();
    setUp();
    device.startRings();
    rings[0]!.driver.disableCb();
    add(0, 2);
    executor.runUntilIdle();
    expect(calls[0]!.signals).toBe(0);
  });

  test.each([
    { workerCommandNs: 0, weight: 1 },
    { workerCommandNs: 0, weight: 3 },
    { workerCommandNs: 40, weight: 1 },
    { workerCommandNs: 40, weight: 3 },
  ])('a posted buffer is eventually called for, also at the limit of the weight: %j', (options) => {
    const { device, setUp, add, rings, calls, backend, executor } = makeWorld(options);
    setUp();
    device.startRings();
    executor.runUntilIdle();
    for (const count of [1, 2, 3, 4, 6, 9]) {
      add(0, count);
      const before = calls[0]!.signals;
      executor.runUntilIdle();
      expect(calls[0]!.signals).toBeGreaterThan(before);
      for (let i = 0; i < count; i++) expect(rings[0]!.driver.getBuf()).toBe(i);
    }
    expect(backend.seen).toBe(25);
  });

  test('a chain that arrives while the worker is about to sleep is not lost', () => {
    const { device, setUp, add, rings, backend, executor } = makeWorld();
    setUp();
    device.startRings();
    executor.runUntilIdle();
    // The driver adds between the last look and the wish for kicks: it sees that none is wanted and does not kick.
    const { enableNotify } = rings[0]!.device;
    let added = 0;
    rings[0]!.device.enableNotify = () => {
      if (added++ === 0) add(0, 1);
      return enableNotify.call(rings[0]!.device);
    };
    add(0, 1);
    executor.runUntilIdle();
    expect(backend.seen).toBe(2);
    add(0, 1);
    executor.runUntilIdle();
    expect(backend.seen).toBe(3);
  });

  test('a refused chain goes back and comes again when the pause ends', () => {
    const { device, setUp, add, backend, executor } = makeWorld();
    setUp();
    device.startRings();
    backend.accepts = false;
    add(0, 2);
    executor.runUntilIdle();
    expect([backend.seen, device.getVringBase(0)]).toEqual([0, 0]);
    backend.accepts = true;
    add(0, 1);
    executor.runUntilIdle();
    expect(backend.seen).toBe(0);
    backend.host!.pause(0, false);
    executor.runUntilIdle();
    expect([backend.seen, device.getVringBase(0)]).toEqual([3, 3]);
  });

  test('a drain takes all that is there, the chain that the worker holds included', () => {
    const { device, setUp, add, backend, executor } = makeWorld({ workerCommandNs: 100 });
    setUp();
    device.startRings();
    executor.runUntilIdle();
    add(0, 4);
    executor.runUntil(executor.now + 150);
    expect(backend.seen).toBe(1);
    backend.host!.drain(0);
    expect(backend.seen).toBe(4);
    executor.runUntilIdle();
    expect([backend.seen, device.getVringBase(0)]).toEqual([4, 4]);
  });

  test('a ring that breaks is reported once and served no more', () => {
    const { device, setUp, add, rings, errs, backend, executor } = makeWorld();
    setUp();
    device.startRings();
    rings[0]!.breaksAtPop = 'loop';
    add(0, 1);
    executor.runUntilIdle();
    add(0, 1);
    backend.host!.pause(0, false);
    executor.runUntilIdle();
    expect([errs[0]!.signals, backend.seen, device.brokenReason(0)]).toEqual([1, 0, 'loop']);
    add(1, 1);
    executor.runUntilIdle();
    expect(backend.seen).toBe(1);
  });

  test('after a stop nothing is taken, nothing written, and a chain that was taken is put back', () => {
    const { device, setUp, add, rings, backend, executor } = makeWorld({ workerCommandNs: 100 });
    setUp();
    device.startRings();
    executor.runUntilIdle();
    backend.keeps = true;
    add(0, 3);
    executor.runUntil(executor.now + 150);
    expect(backend.kept).toHaveLength(1);
    device.stopRings();
    const [chain] = backend.kept;
    backend.host!.addUsed(0, chain!.id, chain!.descriptorCount, 8);
    add(0, 1);
    executor.runUntilIdle();
    expect(backend.seen).toBe(1);
    expect(rings[0]!.driver.getBuf()).toBe(-1);
    expect(device.getVringBase(0)).toBe(1);
  });

  test('calls that are due go out before a stop', () => {
    const { device, setUp, add, calls, executor } = makeWorld({ workerCommandNs: 100, weight: 8 });
    setUp();
    device.startRings();
    executor.runUntilIdle();
    add(0, 3);
    executor.runUntil(executor.now + 150);
    expect(calls[0]!.signals).toBe(0);
    device.stopRings();
    expect(calls[0]!.signals).toBe(1);
  });

  test('a kick eventfd may be exchanged while the ring runs', () => {
    const { device, setUp, add, kicks, backend, executor } = makeWorld();
    setUp();
    device.startRings();
    executor.runUntilIdle();
    const other = new EventFd(executor);
    device.setVringKick(0, other);
    add(0, 1);
    executor.runUntilIdle();
    expect([backend.seen, kicks[0]!.wakes]).toEqual([0, 0]);
    other.signal();
    executor.runUntilIdle();
    expect(backend.seen).toBe(1);
  });

  test('flush waits for what is queued', () => {
    const { device, setUp, add, backend, executor } = makeWorld({ workerCommandNs: 10 });
    setUp();
    add(0, 5);
    device.startRings();
    let seenAtFlush = -1;
    device.flush(() => {
      seenAtFlush = backend.seen;
    });
    executor.runUntilIdle();
    expect(seenAtFlush).toBe(5);
  });
});
