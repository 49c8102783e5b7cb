/** Resets, harm and removal at any moment: P2, P3, P8, P14, P17 and P20 of the driver. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import type { NvmePciFunction } from '../../src/nvme-device/index.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { PciRegister } from '../../src/wire/pci.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { type CountedRequest, DATA, DriverWorld, started, WITH_SHADOWS } from './driver-world.ts';

const MS = 1_000_000;
const BLOCKS = 64;
const SLOTS = 12;

describe('a reset', () => {
  it('sends again what was in flight and what came in the meantime, each once', () => {
    const world = started();
    world.port.held = true;
    const before = Array.from({ length: 10 }, () => world.request());
    for (const request of before) world.driver.queueRq(1, request);
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    world.port.held = false;
    world.driver.resetController();
    world.driver.resetController();
    expect(world.driver.state).toBe('resetting');
    const during = Array.from({ length: 10 }, () => world.request());
    for (const request of during) expect(world.driver.queueRq(1, request)).toBe(true);
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    const all = [...before, ...during];
    expect(all.map(({ ends, status }) => [ends, status])).toEqual(new Array(20).fill([1, 0]));
    expect(world.driver.counters()).toMatchObject({ resets: 1, retries: 10 });
  });

  it('ends raw commands that were in flight, and admin commands that come in the meantime', () => {
    const world = started();
    world.port.held = true;
    const raw = world.request({ raw: new Int32Array(6) });
    world.do(raw);
    world.port.held = false;
    world.driver.resetController();
    const admin = world.request({ raw: new Int32Array(6), opcode: 6 }, 4096);
    world.driver.queueRq(0, admin);
    expect(admin.ends).toBe(0);
    world.executor.runUntilIdle();
    const ends = [raw, admin].map((each) => [each.ends, each.status]);
    expect(ends).toEqual(new Array(2).fill([1, NvmeStatus.abortedByHost]));
  });

  it('gets along without interrupts, by looking when it has waited long enough', () => {
    const world = started({ driver: { timeoutNs: 10 * MS, adminTimeoutNs: 20 * MS } });
    world.connected = false;
    const request = world.request();
    world.driver.resetController();
    world.driver.queueRq(1, request);
    world.executor.runUntilIdle();
    world.pass(100 * MS);
    expect([request.ends, request.status, world.driver.state]).toEqual([1, 0, 'live']);
  });

  it('does nothing to a driver that is down, and gives way to a shutdown', () => {
    const world = new DriverWorld();
    world.driver.resetController();
    expect(world.driver.state).toBe('down');
    world.start();
    const free = world.pages.freePages;
    let calls = 0;
    world.driver.resetController();
    world.driver.shutdown(() => void (calls += 1));
    world.executor.runUntilIdle();
    expect([calls, world.driver.state]).toEqual([1, 'down']);
    expect(world.pages.freePages).toBeGreaterThan(free);
    expect(world.start()).toBeUndefined();
  });

  it('gives way to a shutdown that an ending request asks for', () => {
    const world = started();
    world.port.held = true;
    let calls = 0;
    const request = world.request({
      raw: new Int32Array(6),
      end: () => world.driver.shutdown(() => void (calls += 1)),
    });
    world.do(request);
    world.driver.resetController();
    world.executor.runUntilIdle();
    expect([calls, world.driver.state]).toEqual([1, 'down']);
    world.port.held = false;
    expect(world.start()).toBeUndefined();
    expect(world.do(world.request())).toBe(0);
  });

  it('sees what a reset of the function took away', () => {
    const world = started();
    world.port.held = true;
    const request = world.request();
    world.do(request);
    // Initiate Function Level Reset in Device Control of the PCI Express capability.
    let at = world.pci.configRead(PciRegister.capabilities, 1);
    while (world.pci.configRead(at, 1) !== 0x10) at = world.pci.configRead(at + 1, 1);
    world.pci.configWrite(at + 8, 2, 0x8000);
    world.executor.runUntilIdle();
    world.port.held = false;
    world.driver.resetController();
    world.executor.runUntilIdle();
    expect([request.ends, request.status, world.driver.state]).toEqual([1, 0, 'live']);
  });
});

/** What happens between two slices of time. */
type Step =
  | { kind: 'io'; isWrite: boolean; slot: number; lba: number; blocks: number; queueId: number }
  | { kind: 'run'; ns: number }
  | { kind: 'reset' | 'fatal' | 'mute' | 'unmute' }
  | { kind: 'abort'; slot: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('io' as const),
      isWrite: fc.boolean(),
      slot: fc.nat(SLOTS - 1),
      lba: fc.nat(BLOCKS - 9),
      blocks: fc.integer({ min: 1, max: 8 }),
      queueId: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      ns: fc.constantFrom(0, 10, 1_000, MS, 11 * MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { kind: 'reset' },
      { kind: 'fatal' },
      { kind: 'mute' },
      { kind: 'unmute' },
    ) as fc.Arbitrary<Step>,
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('abort' as const), slot: fc.nat(SLOTS - 1) }),
  },
);

/** A driver under load and harm; blocks are written by one request at a time, so that a model can follow. */
class Storm {
  readonly world: DriverWorld;
  /** By block: the value that it must have, or -1 when a write failed on its way. */
  readonly model = new Int16Array(BLOCKS);
  readonly #busy = new Set<number>();
  readonly #requests: (CountedRequest & { isBusy: boolean; expected: Int16Array })[];
  #value = 0;
  ended = 0;
  queued = 0;

  constructor(seed: number, queueEntries: number, shadows: boolean) {
    const chance = makePrng(seed);
    this.world = started({
      ...(shadows ? WITH_SHADOWS : {}),
      driver: { ioQueues: 2, queueEntries, timeoutNs: 10 * MS, adminTimeoutNs: 20 * MS },
      port: { namespaces: [{ blockBytes: 512, blockCount: BLOCKS }] },
      executor: { order: 'seeded', seed },
    });
    this.world.test.judge = ({ queueId }) => {
      if (queueId === 0) return undefined;
      const roll = chance.below(20);
      if (roll === 0) return 'hang';
      if (roll === 1) return NvmeStatus.commandInterrupted;
      return roll === 2 ? NvmeStatus.internalError | STATUS_DNR : undefined;
    };
    this.#requests = Array.from({ length: SLOTS }, (_, i) => ({
      ...this.world.request({}, 512, DATA + i * 8192),
      isBusy: false,
      expected: new Int16Array(8),
    }));
  }

  apply(each: Step): void {
    const { world } = this;
    switch (each.kind) {
      case 'io':
        this.#submit(each);
        return;
      case 'run':
        world.pass(each.ns);
        return;
      case 'reset':
        world.driver.resetController();
        return;
      case 'fatal':
        // An entry of a queue cannot be fetched: the controller stops with a fatal status.
        world.pci.controller.setBusMaster(false);
        world.executor.runUntil(world.executor.now);
        world.pci.controller.setBusMaster(true);
        return;
      case 'abort': {
        const request = this.#requests[each.slot]!;
        const result = world.driver.abort(request);
        expect(result === AbortResult.unknown).toBe(!request.isBusy);
        return;
      }
      default:
        world.connected = each.kind === 'unmute';
    }
  }

  /** All is well again: everything must end. */
  settle(): void {
    this.world.test.judge = () => undefined;
    this.world.connected = true;
    for (let i = 0; i < 20; i++) this.world.pass(1_000 * MS);
    expect(this.#busy.size).toBe(0);
    expect(this.ended).toBe(this.queued);
  }

  #submit({ isWrite, slot, lba, blocks, queueId }: Step & { kind: 'io' }): void {
    const request = this.#requests[slot]!;
    const range = Array.from({ length: blocks }, (_, i) => lba + i);
    if (request.isBusy || range.some((block) => this.#busy.has(block))) return;
    const gpa = DATA + slot * 8192;
    request.opcode = isWrite ? IoOpcode.write : IoOpcode.read;
    request.slba = lba;
    request.nlb0 = blocks - 1;
    request.data.clear();
    request.data.pushAddress(gpa, blocks * 512);
    this.#value = (this.#value + 1) & 0xff;
    const value = this.#value;
    this.world.memory.fill(gpa, value, blocks * 512);
    request.end = (done: NvmeHostRequest) => {
      request.ends += 1;
      request.isBusy = false;
      this.ended += 1;
      for (const block of range) this.#busy.delete(block);
      this.#check(done.status, isWrite, range, gpa, value);
    };
    if (!this.world.driver.queueRq(queueId, request)) return;
    request.isBusy = true;
    this.queued += 1;
    for (const block of range) this.#busy.add(block);
    this.world.driver.commitRqs(queueId);
  }

  #check(status: number, isWrite: boolean, range: number[], gpa: number, value: number): void {
    range.forEach((block, i) => {
      if (isWrite) {
        // A write that failed may have been carried out all the same.
        this.model[block] = status === 0 ? value : -1;
      } else if (status === 0 && this.model[block]! >= 0) {
        expect(this.world.memory.read8(gpa + 512 * i)).toBe(this.model[block]);
      }
    });
  }
}

describe('under load, with harm and resets at any event', () => {
  it('every request ends once, and the medium equals the model (P2, P14, P17, M16)', () => {
    checkProperty(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 2, max: 6 }),
        fc.boolean(),
        fc.nat(),
        (steps, queueEntries, shadows, seed) => {
          const storm = new Storm(seed, queueEntries, shadows);
          for (const each of steps) storm.apply(each);
          storm.settle();
          const { world } = storm;
          expect(world.driver.state).toBe('live');
          for (let block = 0; block < BLOCKS; block++) {
            const expected = storm.model[block]!;
            if (expected < 0) continue;
            expect(world.do(world.request({ slba: block }))).toBe(0);
            expect(world.memory.read8(DATA)).toBe(expected);
          }
        },
      ),
      runs(30, 200),
    );
  });

  it('nothing is left of a driver that was shut down or lost its function (P20)', () => {
    checkProperty(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom('normal', 'abrupt', 'gone'),
        fc.nat(),
        (steps, how, seed) => {
          let isGone = false;
          const storm = new Storm(seed, 4, false);
          const { world } = storm;
          const { pci } = world;
          for (const each of steps) storm.apply(each);
          if (how === 'gone') {
            isGone = true;
            pci.mmioRead = () => 0xffff_ffff;
            pci.configRead = () => 0xffff_ffff;
            pci.mmioWrite = () => undefined;
            pci.configWrite = () => undefined;
          }
          let calls = 0;
          world.driver.shutdown(() => void (calls += 1), how === 'gone' ? 'abrupt' : how);
          world.executor.runUntilIdle();
          expect([calls, world.driver.state, isGone]).toEqual([1, 'down', how === 'gone']);
          expect(storm.ended).toBe(storm.queued);
          expect(world.pages.freePages).toBe(1024);
        },
      ),
      runs(20, 120),
    );
  });

  it('a restarted driver hears nothing of the life before (P17)', () => {
    checkProperty(
      fc.property(fc.nat(200), fc.nat(), (events, seed) => {
        const world = started({ executor: { order: 'seeded', seed }, driver: { ioQueues: 2 } });
        const requests = Array.from({ length: 8 }, () => world.request());
        requests.forEach((request, i) => {
          world.driver.queueRq(1 + (i % 2), request);
          world.driver.commitRqs(1 + (i % 2));
        });
        for (let i = 0; i < events; i++) if (!world.executor.step()) break;
        world.driver.resetController();
        for (let i = 0; i < events; i++) if (!world.executor.step()) break;
        world.driver.resetController();
        world.executor.runUntilIdle();
        expect(requests.map(({ ends, status }) => [ends, status])).toEqual(
          new Array(8).fill([1, 0]),
        );
        expect(world.do(world.request())).toBe(0);
      }),
      runs(30, 200),
    );
  });
});

describe('a function that answers anything', () => {
  it('makes the driver neither throw nor hang, and every request ends once (P18)', () => {
    checkProperty(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, oddity) => {
        const chance = makePrng(seed);
        let isOdd = false;
        const lie = (): boolean => isOdd && chance.below(oddity) === 0;
        const wrap = (pci: NvmePciFunction): PciFunction =>
          new Proxy(pci, {
            get(target, key) {
              const member = Reflect.get(target, key, target);
              if (typeof member !== 'function') return member;
              if (key !== 'mmioRead') return member.bind(target);
              return (at: number, size: 1 | 2 | 4) => {
                const value = target.mmioRead(at, size);
                if (!lie()) return value;
                return at === NvmeRegister.csts ? chance.below(4) : chance.below(2 ** 31) * 2;
              };
            },
          });
        const world = new DriverWorld({
          wrap,
          driver: { timeoutNs: 10 * MS, adminTimeoutNs: 20 * MS, ioQueues: 2 },
        });
        const { driver, memory, executor } = world;
        isOdd = chance.below(4) === 0;
        world.start();
        isOdd = true;
        const requests = Array.from({ length: 30 }, () => world.request());
        requests.forEach((request, i) => {
          if (!driver.queueRq(1 + (i % 2), request)) request.ends = 1;
          driver.commitRqs(1 + (i % 2));
          // The driver's own pages, completion queues among them, are written to.
          for (let k = 0; k < 4; k++) {
            memory.write32(0x1000 + 4 * chance.below(64 * 1024), chance.below(2 ** 31) * 2);
          }
          driver.interrupt(chance.below(4));
          executor.runUntil(executor.now + chance.below(3 * MS));
        });
        for (let i = 0; i < 10; i++) world.pass(1_000 * MS);
        driver.shutdown(() => undefined);
        executor.runUntilIdle();
        expect(driver.state).toBe('down');
        expect(requests.map(({ ends }) => ends)).toEqual(new Array<number>(30).fill(1));
        expect(world.pages.freePages).toBe(1024);
      }),
      runs(20, 120),
    );
  });
});
