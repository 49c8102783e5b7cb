import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/index.ts';
import { MAX_CONTROL_REQUESTS, VhostNvme } from '../../src/frontends/index.ts';
import {
  AbortResult,
  VhostErrno,
  type VhostHost,
  type VhostWork,
  type VirtqueueChain,
} from '../../src/interfaces/index.ts';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { VhostWorker } from '../../src/vhost/index.ts';
import { ControlOp, ControlResult, NvmeStatus } from '../../src/wire/index.ts';
import { makeChain, type Segments } from '../support/chain.ts';
import { MockTarget } from '../support/mock-target.ts';
import { checkProperty, runs } from '../support/runs.ts';

const RINGS = 4;

/** A vhost device whose rings are arrays of chains. */
class FakeHost implements VhostHost {
  readonly ringCount = RINGS;
  readonly memory = new RecordingMemory(new RegionMemory([{ base: 0, size: 0x10_0000 }]));
  readonly used: { ring: number; id: number; written: number }[] = [];
  readonly rings: VirtqueueChain[][] = Array.from({ length: RINGS }, () => []);
  readonly paused = new Array<boolean>(RINGS).fill(false);
  refusal: VhostErrno = VhostErrno.ok;
  isRunning = false;
  readonly worker: VhostWorker;

  readonly frontend: VhostNvme;

  constructor(executor: SimExecutor, frontend: VhostNvme, unitNs: number) {
    this.frontend = frontend;
    this.worker = new VhostWorker(executor, () => {}, { unitNs });
    frontend.attach(this);
  }

  startRings(): VhostErrno {
    this.isRunning = this.refusal === VhostErrno.ok;
    return this.refusal;
  }

  stopRings(): void {
    this.worker.stop();
    this.isRunning = false;
  }

  pause(ring: number, paused: boolean): void {
    this.paused[ring] = paused;
    if (!paused) this.drain(ring);
  }

  drain(ring: number): void {
    const chains = this.rings[ring]!;
    while (!this.paused[ring] && chains.length > 0) {
      if (this.frontend.handleChain(ring, chains[0]!)) chains.shift();
      else this.paused[ring] = true;
    }
  }

  addUsed(ring: number, id: number, _descriptorCount: number, written: number): void {
    expect(this.isRunning).toBe(true);
    this.used.push({ ring, id, written });
  }

  queueWork(work: VhostWork): void {
    this.worker.queue(work);
  }

  offer(ring: number, chain: VirtqueueChain): void {
    this.rings[ring]!.push(chain);
    this.drain(ring);
  }
}

function makeWorld(targetInFlight = 256, unitNs = 0) {
  const executor = new SimExecutor({ livelockLimit: 100_000 });
  const frontend = new VhostNvme(executor);
  const host = new FakeHost(executor, frontend, unitNs);
  const target = new MockTarget(executor, targetInFlight);
  return { executor, frontend, host, target };
}

type World = ReturnType<typeof makeWorld>;

/** Offers a read of block 0 into a page of its own; its completion lies at the end of the page. */
function offerRead({ host }: World, cid: number, ring = 2): void {
  const page = 0x1000 * (cid + 1);
  const words = [2 | (cid << 16), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 | (2 << 16), 512];
  for (const [i, word] of [...words, 0, 0].entries()) host.memory.write32(page + 4 * i, word);
  const chain = makeChain(
    cid,
    [[page, 80]],
    [
      [page + 0x800, 512],
      [page + 0xff0, 16],
    ],
  );
  host.offer(ring, chain);
}

/** Offers a control request; its response lies in the page at 0x80000 and up. */
function offerControl({ host }: World, id: number, words: readonly number[]): void {
  const page = 0x8_0000 + id * 0x100;
  for (const [i, word] of words.entries()) host.memory.write32(page + 4 * i, word);
  host.offer(0, makeChain(id, [[page, 16]], [[page + 16, 16]]));
}

const response = ({ host }: World, id: number): number[] =>
  [16, 20].map((at) => host.memory.read32(0x8_0000 + id * 0x100 + at));

const statusOf = ({ host }: World, cid: number): number =>
  host.memory.read32(0x1000 * (cid + 1) + 0xffc) >>> 17;

describe('endpoint', () => {
  test('nothing is taken before one is set, and there is one at a time', () => {
    const world = makeWorld();
    const { frontend, host, target } = world;
    offerRead(world, 0);
    expect(host.rings[2]).toHaveLength(1);
    expect(frontend.setEndpoint(target)).toBe(0);
    expect(frontend.setEndpoint(target)).toBe(VhostErrno.exists);
  });

  test('rings that do not start refuse it, and it can be tried again', () => {
    const { frontend, host, target } = makeWorld();
    host.refusal = VhostErrno.fault;
    expect(frontend.setEndpoint(target)).toBe(VhostErrno.fault);
    host.refusal = VhostErrno.ok;
    expect(frontend.setEndpoint(target)).toBe(0);
  });

  test('clearing what is not set, or being cleared, is refused', () => {
    const { frontend, executor, target } = makeWorld();
    let calls = 0;
    const done = (): void => {
      calls += 1;
    };
    expect(frontend.clearEndpoint(done)).toBe(VhostErrno.noDevice);
    frontend.setEndpoint(target);
    expect(frontend.clearEndpoint(done)).toBe(0);
    expect(frontend.clearEndpoint(done)).toBe(VhostErrno.busy);
    expect(calls).toBe(0);
    executor.runUntilIdle();
    expect(calls).toBe(1);
    expect(frontend.clearEndpoint(done)).toBe(VhostErrno.noDevice);
  });

  const moments = [0, 1, 2, 3, 4, 5, 6].flatMap((steps) => [
    { steps, unitNs: 0 },
    { steps, unitNs: 50 },
  ]);

  test.each(moments)(
    'cleared at any moment, each request comes back once, then nothing is touched: %j',
    ({ steps, unitNs }) => {
      const world = makeWorld(256, unitNs);
      const { frontend, host, target, executor } = world;
      frontend.setEndpoint(target);
      target.holds = true;
      for (let cid = 0; cid < 6; cid++) offerRead(world, cid, 2 + (cid & 1));
      offerControl(world, 0, [ControlOp.shutdown, 0, 0, 0]);
      target.release(2);
      for (let i = 0; i < steps; i++) executor.step();
      let isCleared = false;
      frontend.clearEndpoint(() => {
        isCleared = true;
      });
      offerRead(world, 9);
      executor.runUntilIdle();
      expect(isCleared).toBe(true);
      const ids = host.used.filter(({ ring }) => ring >= 2).map(({ id }) => id);
      expect(ids.sort()).toEqual([0, 1, 2, 3, 4, 5]);
      expect([frontend.inFlight, host.isRunning]).toEqual([0, false]);

      host.memory.accesses.length = 0;
      const usedBefore = host.used.length;
      target.events!.asyncEvent(0, 0, 0);
      target.events!.namespaceChanged(1);
      target.release();
      host.pause(2, false);
      executor.runUntilIdle();
      expect([host.memory.accesses.length, host.used.length]).toEqual([0, usedBefore]);
    },
  );

  test('another target may follow; what the first one still says is not heard', () => {
    const world = makeWorld();
    const { frontend, host, target, executor } = world;
    frontend.setEndpoint(target);
    frontend.clearEndpoint(() => {});
    executor.runUntilIdle();
    target.events!.namespaceChanged(1);
    const second = new MockTarget(executor, 3);
    second.blocks.fill(0x5a);
    expect(frontend.setEndpoint(second)).toBe(0);
    for (let ring = 0; ring < RINGS; ring++) host.pause(ring, false);
    target.events!.asyncEvent(1, 1, 1);
    host.offer(1, makeChain(0, [], [[0x100, 16]]));
    offerRead(world, 3);
    executor.runUntilIdle();
    expect(host.memory.read8(0x4800)).toBe(0x5a);
    expect(host.used.map(({ ring }) => ring)).toEqual([2]);
  });
});

describe('requests', () => {
  test('a read comes back with data and completion', () => {
    const world = makeWorld();
    const { frontend, host, target, executor } = world;
    target.blocks.fill(0x77);
    frontend.setEndpoint(target);
    offerRead(world, 4);
    expect(host.used).toEqual([]);
    executor.runUntilIdle();
    expect(host.used).toEqual([{ ring: 2, id: 4, written: 528 }]);
    expect([host.memory.read8(0x5800), statusOf(world, 4)]).toEqual([0x77, 0]);
    expect(frontend.counters).toEqual({ submitted: 1, completed: 1, malformed: 0 });
  });

  test('a target never has more than it takes; the rest stays in its ring, in order', () => {
    const world = makeWorld(2);
    const { frontend, host, target, executor } = world;
    frontend.setEndpoint(target);
    target.holds = true;
    for (let cid = 0; cid < 6; cid++) offerRead(world, cid);
    for (let left = 6; left > 0; left -= 2) {
      expect(target.held.length).toBe(2);
      target.release();
      executor.runUntilIdle();
    }
    expect(host.used.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a chain without room for a completion goes back with nothing written', () => {
    const { frontend, host, target, executor } = makeWorld();
    frontend.setEndpoint(target);
    host.offer(2, makeChain(7, [[0, 80]], [[0x100, 15]]));
    executor.runUntilIdle();
    expect(host.used).toEqual([{ ring: 2, id: 7, written: 0 }]);
    expect([frontend.counters.malformed, frontend.inFlight]).toEqual([1, 0]);
  });

  test('a completion whose memory is not there is counted and the chain goes back', () => {
    const { frontend, host, target, executor } = makeWorld();
    frontend.setEndpoint(target);
    host.offer(3, makeChain(1, [[0, 80]], [[0x20_0000, 16]]));
    executor.runUntilIdle();
    expect(host.used).toEqual([{ ring: 3, id: 1, written: 0 }]);
    expect(frontend.counters.malformed).toBeGreaterThan(0);
  });
});

describe('control', () => {
  test('each operation reaches the target and is answered', () => {
    const world = makeWorld();
    const { frontend, host, target, executor } = world;
    frontend.setEndpoint(target);
    offerControl(world, 0, [ControlOp.enable, 0x46_0001, 0, 0]);
    offerControl(world, 1, [ControlOp.shutdown, 0, 0, 0]);
    offerControl(world, 2, [ControlOp.reportError, 3, 0x1_0004, 0xffff_8002]);
    executor.runUntilIdle();
    expect(target.log).toEqual(['enable 460001', 'shutdown', 'error 3 4 2']);
    for (const id of [0, 1, 2]) expect(response(world, id)).toEqual([ControlResult.ok, 0]);
    expect(host.used.map(({ written }) => written)).toEqual([16, 16, 16]);
  });

  test('an abort finds its request, and says when there is none', () => {
    const world = makeWorld();
    const { frontend, target, executor } = world;
    frontend.setEndpoint(target);
    target.holds = true;
    offerRead(world, 5);
    offerControl(world, 0, [ControlOp.abort, 1, 6, 0]);
    offerControl(world, 1, [ControlOp.abort, 1, 5, 0]);
    executor.runUntilIdle();
    expect(response(world, 0)).toEqual([ControlResult.ok, AbortResult.unknown]);
    expect(response(world, 1)).toEqual([ControlResult.ok, AbortResult.aborted]);
    expect(statusOf(world, 5)).toBe(NvmeStatus.abortRequested);
  });

  test('an unknown operation is answered as one', () => {
    const world = makeWorld();
    world.frontend.setEndpoint(world.target);
    offerControl(world, 0, [99, 0, 0, 0]);
    world.executor.runUntilIdle();
    expect(response(world, 0)).toEqual([ControlResult.unknownOp, 0]);
    expect(world.frontend.counters.malformed).toBe(1);
  });

  test('a reset is answered after the last request, those that wait in the rings included', () => {
    const world = makeWorld(2);
    const { frontend, host, target, executor } = world;
    frontend.setEndpoint(target);
    target.holds = true;
    for (let cid = 0; cid < 7; cid++) offerRead(world, cid);
    offerControl(world, 0, [ControlOp.reset, 0, 0, 0]);
    offerControl(world, 1, [ControlOp.reset, 0, 0, 0]);
    offerRead(world, 7);
    executor.runUntilIdle();
    expect(host.used.slice(0, 8).every(({ ring }) => ring === 2)).toBe(true);
    expect(host.used.slice(8).map(({ ring }) => ring)).toEqual([0, 0]);
    for (let cid = 0; cid < 8; cid++) expect(statusOf(world, cid)).toBe(NvmeStatus.abortRequested);
    target.holds = false;
    offerRead(world, 8);
    executor.runUntilIdle();
    expect(statusOf(world, 8)).toBe(0);
  });

  test('a reset and a clear at once both come to an end', () => {
    const world = makeWorld();
    const { frontend, target, executor, host } = world;
    frontend.setEndpoint(target);
    target.holds = true;
    offerRead(world, 0);
    offerControl(world, 0, [ControlOp.reset, 0, 0, 0]);
    let isCleared = false;
    frontend.clearEndpoint(() => {
      isCleared = true;
    });
    executor.runUntilIdle();
    expect([isCleared, host.used.length]).toEqual([true, 2]);
  });

  test('control requests at the limit are taken, one more waits in the ring', () => {
    const world = makeWorld();
    const { frontend, host, target, executor } = world;
    frontend.setEndpoint(target);
    for (let id = 0; id <= MAX_CONTROL_REQUESTS; id++) {
      offerControl(world, id, [ControlOp.shutdown, 0, 0, 0]);
    }
    expect(host.rings[0]).toHaveLength(1);
    executor.runUntilIdle();
    expect(host.used).toHaveLength(MAX_CONTROL_REQUESTS + 1);
  });
});

describe('events', () => {
  test('an event takes one posted buffer, and waits for one', () => {
    const { frontend, host, target, executor } = makeWorld();
    frontend.setEndpoint(target);
    host.offer(1, makeChain(0, [], [[0x100, 16]]));
    host.offer(1, makeChain(1, [], [[0x200, 16]]));
    expect(host.used).toEqual([]);
    target.events!.asyncEvent(2, 1, 4);
    executor.runUntilIdle();
    expect(host.used).toEqual([{ ring: 1, id: 0, written: 16 }]);
    target.events!.namespaceChanged(3);
    target.events!.namespaceChanged(4);
    executor.runUntilIdle();
    expect(host.used).toHaveLength(2);
    host.offer(1, makeChain(2, [], [[0x300, 16]]));
    host.pause(1, false);
    expect(host.memory.read32(0x304)).toBe(4);
  });

  test('a buffer that is too small goes back and the event takes the next', () => {
    const { frontend, host, target } = makeWorld();
    frontend.setEndpoint(target);
    host.offer(1, makeChain(0, [], [[0x100, 8]]));
    host.offer(1, makeChain(1, [], [[0x200, 16]]));
    target.events!.namespaceChanged(3);
    expect(host.used).toEqual([
      { ring: 1, id: 0, written: 0 },
      { ring: 1, id: 1, written: 16 },
    ]);
  });
});

const segments: fc.Arbitrary<Segments> = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 0x11_0000 }), fc.constantFrom(0, 4, 16, 80, 512, 4096)),
  { maxLength: 4 },
);

const hostile = fc.record({
  ring: fc.integer({ min: 0, max: RINGS - 1 }),
  readable: segments,
  writable: segments,
  words: fc.array(fc.oneof(fc.nat(9), fc.nat(0xffff_ffff)), { maxLength: 20 }),
  next: fc.constantFrom('run', 'hold', 'release', 'event', 'nothing', 'clear', 'set'),
});

test('whatever chains come, each goes back once and nothing throws or hangs', () => {
  checkProperty(
    fc.property(fc.array(hostile, { maxLength: 30 }), (steps) => {
      const { frontend, host, target, executor } = makeWorld(4);
      frontend.setEndpoint(target);
      for (const [id, { ring, readable, writable, words, next }] of steps.entries()) {
        const [first] = readable;
        for (const [i, word] of words.entries()) {
          if (first !== undefined) host.memory.write32(first[0] + 4 * i, word);
        }
        host.offer(ring, makeChain(id, readable, writable));
        if (next === 'run') executor.runUntilIdle();
        else if (next === 'release') target.release();
        else if (next === 'event') target.events!.namespaceChanged(id);
        else if (next === 'clear') frontend.clearEndpoint(() => {});
        else if (next === 'set') frontend.setEndpoint(target);
        else target.holds = next === 'hold';
      }
      target.holds = false;
      target.release();
      executor.runUntilIdle();
      const waiting = host.rings.flat().map(({ id }) => id);
      const ids = [...host.used.map(({ id }) => id), ...waiting].sort((a, b) => a - b);
      expect(ids).toEqual(steps.map((_, id) => id));
      expect(frontend.inFlight).toBe(0);
    }),
    runs(200),
  );
});

test('a backend belongs to one device, which has a request queue', () => {
  const { frontend, executor, host } = makeWorld();
  expect(() => new FakeHost(executor, frontend, 0)).toThrow(InvariantError);
  const poor = Object.create(host, { ringCount: { value: 2 } }) as VhostHost;
  expect(() => new VhostNvme(executor).attach(poor)).toThrow(InvariantError);
});
