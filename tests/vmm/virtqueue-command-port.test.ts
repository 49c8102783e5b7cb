import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/index.ts';
import { AbortResult, type GuestMemory, VhostErrno } from '../../src/interfaces/index.ts';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { NvmeStatus } from '../../src/wire/index.ts';
import { MockTarget } from '../support/mock-target.ts';
import {
  bringUp,
  GUEST_BYTES,
  makeCommand,
  makeIo,
  makeRoad,
  type Road,
  type RoadOptions,
  type TestCommand,
} from '../support/nvme-road.ts';
import { checkProperty, runs } from '../support/runs.ts';

function roadUp(options: RoadOptions = {}): Road {
  const road = makeRoad(options);
  bringUp(road);
  return road;
}

/** Reads of block 0 on queue 1, each into a page of its own, submitted. */
function submitReads(road: Road, count: number, queueId = 1): TestCommand[] {
  return Array.from({ length: count }, (_, i) => {
    const read = makeIo(road.memory, queueId, i, true, 0, 1, 0x1000 * (i + 1));
    road.port.submit(read);
    return read;
  });
}

const results = (commands: readonly TestCommand[]): string[] =>
  commands.map(({ ends, status }) => `${ends}:${status}`);

test('a write and a read travel down to the target and their completions up', () => {
  const road = roadUp();
  const { memory, port, executor, target } = road;
  memory.fill(0x1000, 0xa5, 1024);
  const write = makeIo(memory, 1, 7, false, 3, 2, 0x1000);
  port.submit(write);
  expect(write.ends).toBe(0);
  executor.runUntilIdle();
  expect([write.ends, write.status, write.dw0, write.dw1]).toEqual([1, 0, 3, ~3]);
  expect(target.blocks.subarray(3 * 512, 5 * 512).every((byte) => byte === 0xa5)).toBe(true);

  const read = makeIo(memory, 2, 8, true, 3, 2, 0x2000);
  port.submit(read);
  executor.runUntilIdle();
  expect([read.ends, read.status]).toEqual([1, 0]);
  expect(memory.read32(0x2000 + 1020)).toBe(0xa5a5_a5a5);
  expect([port.inFlight, road.frontend.inFlight]).toEqual([0, 0]);
});

test('the host learns of the enable before any command, and formats are known before the guest runs', () => {
  const { memory, port, executor, target } = makeRoad();
  let isReady = false;
  port.start(() => {
    isReady = true;
  });
  executor.runUntilIdle();
  expect(isReady).toBe(true);
  expect(port.namespaceFormat(1)?.blockBytes).toBe(512);
  expect(port.namespaceFormat(2)).toBeUndefined();
  const identify = makeCommand(memory, 0, 1, { 0: 6 }, 2, [[0x3000, 4096]]);
  port.submit(identify);
  executor.runUntilIdle();
  expect(identify.ends).toBe(0);
  port.enable({ cc: 0x46_0001 });
  executor.runUntilIdle();
  expect(target.log).toEqual(['enable 460001']);
  expect(results([identify])).toEqual(['1:0']);
  expect(memory.read8(0x3001)).toBe(7);
});

test('a batch of commands costs one kick and one call a queue', () => {
  const road = roadUp({ requestQueues: 2 });
  const before = road.transport.kicks.map((kick) => kick.signals);
  const callsBefore = road.transport.calls.map((call) => call.signals);
  const reads = [...submitReads(road, 20, 0x100), ...submitReads(road, 20, 0x101)];
  road.executor.runUntilIdle();
  expect(reads.every(({ ends }) => ends === 1)).toBe(true);
  expect(road.transport.kicks.map((kick, i) => kick.signals - before[i]!)).toEqual([0, 0, 1, 1]);
  expect(road.transport.calls.map((call, i) => call.signals - callsBefore[i]!)).toEqual([
    0, 0, 1, 1,
  ]);
});

test('commands that find no room in the ring wait in order', () => {
  const road = roadUp({ ringSize: 4, indirect: false, maxInFlight: 16 });
  road.target.holds = true;
  const reads = submitReads(road, 10);
  road.executor.runUntilIdle();
  const arrived: number[] = [];
  while (road.target.held.length > 0) {
    for (const { ioId } of road.target.held) arrived.push(ioId & 0xffff);
    expect(road.target.held.length).toBeLessThanOrEqual(1);
    road.target.release();
    road.executor.runUntilIdle();
  }
  expect(arrived).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(reads.every(({ ends }) => ends === 1)).toBe(true);
});

test('in flight is bounded: one command more ends with Command Interrupted', () => {
  const road = roadUp({ maxInFlight: 3 });
  road.target.holds = true;
  const reads = submitReads(road, 4);
  expect(reads[3]!.ends).toBe(0);
  road.executor.runUntilIdle();
  expect(results(reads)).toEqual(['0:-1', '0:-1', '0:-1', `1:${NvmeStatus.commandInterrupted}`]);
  road.target.release();
  road.executor.runUntilIdle();
  expect(results(reads.slice(0, 3))).toEqual(['1:0', '1:0', '1:0']);
});

test('a target with fewer commands in flight than the road leaves the rest in the ring', () => {
  const road = roadUp({ targetInFlight: 2, requestQueues: 1 });
  road.target.holds = true;
  const reads = submitReads(road, 9);
  road.executor.runUntilIdle();
  let most = 0;
  for (let left = 9; left > 0; left--) {
    most = Math.max(most, road.target.held.length);
    road.target.release(1);
    road.executor.runUntilIdle();
  }
  expect(most).toBe(2);
  expect(reads.every(({ ends, status }) => ends === 1 && status === 0)).toBe(true);
});

test('a command that no empty ring can hold ends with Internal Error and the next goes on', () => {
  const road = roadUp({ ringSize: 4, indirect: false });
  const { memory, port, executor } = road;
  const scattered = makeIo(memory, 1, 1, true, 0, 1, 0x1000);
  scattered.data.clear();
  for (let i = 0; i < 3; i++) scattered.data.pushAddress(0x1000 * (i + 1), 512);
  const read = makeIo(memory, 1, 2, true, 0, 1, 0x8000);
  port.submit(scattered);
  port.submit(read);
  executor.runUntilIdle();
  expect(results([scattered, read])).toEqual([`1:${NvmeStatus.internalError}`, '1:0']);
});

test('errors that the controller answered reach the error log of the target', () => {
  const road = roadUp();
  road.port.reportError(1, 9, 0x101);
  road.executor.runUntilIdle();
  expect(road.target.log).toContain('error 1 9 257');
});

test('shutdown calls back after the target did', () => {
  const road = roadUp();
  let isDone = false;
  road.port.shutdown(() => {
    isDone = true;
  });
  expect(isDone).toBe(false);
  road.executor.runUntilIdle();
  expect([isDone, road.target.log.at(-1)]).toEqual([true, 'shutdown']);
});

test('a changed namespace is heard of when its new format is here', () => {
  const road = roadUp();
  const { target, port, executor, seen } = road;
  target.formats.set(3, { blockBytes: 4096, metadataBytes: 8, extended: true });
  target.events!.namespaceChanged(3);
  target.events!.asyncEvent(2, 1, 4);
  expect(port.namespaceFormat(3)).toBeUndefined();
  executor.runUntilIdle();
  expect(port.namespaceFormat(3)).toEqual({ blockBytes: 4096, metadataBytes: 8, extended: true });
  expect([...seen].sort()).toEqual(['async 2 1 4', 'namespace 3']);
});

test('more events than buffers all arrive, each once', () => {
  const road = roadUp();
  for (let info = 0; info < 50; info++) road.target.events!.asyncEvent(1, info, 2);
  road.executor.runUntilIdle();
  expect(road.seen).toEqual(Array.from({ length: 50 }, (_, info) => `async 1 ${info} 2`));
});

test('more namespaces than one answer holds are all known', () => {
  const road = makeRoad();
  for (let nsid = 1; nsid <= 600; nsid++) {
    road.target.formats.set(nsid, { blockBytes: 512, metadataBytes: 0, extended: false });
  }
  bringUp(road);
  expect([1, 255, 256, 600].map((nsid) => road.port.namespaceFormat(nsid)?.blockBytes)).toEqual([
    512, 512, 512, 512,
  ]);
  expect(road.port.namespaceFormat(601)).toBeUndefined();
});

describe('abort', () => {
  test('a command that waits in the port never reaches the host', () => {
    const road = roadUp({ ringSize: 4, indirect: false });
    road.target.holds = true;
    const reads = submitReads(road, 3);
    road.executor.runUntilIdle();
    expect(road.port.abort(reads[1]!)).toBe(AbortResult.aborted);
    expect(reads[1]!.ends).toBe(0);
    road.executor.runUntilIdle();
    road.target.holds = false;
    road.target.release();
    road.executor.runUntilIdle();
    expect(results(reads)).toEqual(['1:0', `1:${NvmeStatus.abortRequested}`, '1:0']);
    expect(road.frontend.counters.submitted).toBe(2);
  });

  test('a command that the host holds ends with the promised status', () => {
    const road = roadUp();
    road.target.holds = true;
    const reads = submitReads(road, 2);
    road.executor.runUntilIdle();
    expect(road.port.abort(reads[0]!)).toBe(AbortResult.aborted);
    road.executor.runUntilIdle();
    expect(results(reads)).toEqual([`1:${NvmeStatus.abortRequested}`, '0:-1']);
    road.target.release();
    road.executor.runUntilIdle();
    expect(road.port.abort(reads[1]!)).toBe(AbortResult.unknown);
  });

  test('a command that the host finished before it heard of the abort keeps the promise too', () => {
    const road = roadUp();
    const reads = submitReads(road, 1);
    expect(road.port.abort(reads[0]!)).toBe(AbortResult.aborted);
    road.executor.runUntilIdle();
    expect(results(reads)).toEqual([`1:${NvmeStatus.abortRequested}`]);
  });
});

describe('reset', () => {
  test.each([0, 1, 2, 3, 5, 8, 13, 21, 34, 55])(
    'after %i steps each command ended once, none late, and the host holds nothing',
    (steps) => {
      for (const costs of [{}, { workerCommandNs: 300, eventfdWakeNs: 1_000, weight: 2 }]) {
        const road = roadUp({ ringSize: 16, targetInFlight: 4, ...costs });
        road.target.holds = true;
        const reads = submitReads(road, 30);
        for (let i = 0; i < steps; i++) road.executor.step();
        road.target.release(2);
        let endsAtDone = -1;
        road.port.reset(() => {
          endsAtDone = reads.reduce((sum, { ends }) => sum + ends, 0);
          expect([road.port.inFlight, road.frontend.inFlight]).toEqual([0, 0]);
        });
        expect(endsAtDone).toBe(-1);
        road.executor.runUntilIdle();
        expect(endsAtDone).toBe(30);
        expect(road.seen).toEqual([]);
        expect(reads.every(({ ends }) => ends === 1)).toBe(true);

        road.target.holds = false;
        road.port.enable({ cc: 1 });
        const after = submitReads(road, 3);
        road.executor.runUntilIdle();
        expect(results(after)).toEqual(['1:0', '1:0', '1:0']);
      }
    },
  );

  test('a command that arrives during a reset is aborted', () => {
    const road = roadUp();
    let isDone = false;
    road.port.reset(() => {
      isDone = true;
    });
    const reads = submitReads(road, 1);
    road.executor.runUntilIdle();
    expect([isDone, ...results(reads)]).toEqual([true, `1:${NvmeStatus.abortRequested}`]);
  });

  test('it waits for a target that takes its time', () => {
    const road = roadUp();
    road.target.holdsReset = true;
    let isDone = false;
    road.port.reset(() => {
      isDone = true;
    });
    road.executor.runUntilIdle();
    expect(isDone).toBe(false);
    road.target.releaseReset();
    road.executor.runUntilIdle();
    expect(isDone).toBe(true);
  });
});

describe('a broken queue', () => {
  test.each([0, 1, 2, 3])(
    'queue %i: everything in flight ends, the controller is told, and a reset recovers',
    (queue) => {
      const road = roadUp();
      road.target.holds = true;
      const reads = [...submitReads(road, 3, 0x100), ...submitReads(road, 3, 0x101)];
      road.executor.runUntilIdle();
      road.rings[queue]!.breaksAtPop = 'a test says so';
      road.port.reportError(0, 0, 1);
      if (queue === 1) road.target.events!.asyncEvent(1, 1, 1);
      submitReads(road, 1, 0x100 + (queue & 1));
      road.executor.runUntilIdle();
      expect(reads.every(({ ends }) => ends === 1)).toBe(true);
      expect(road.seen).toEqual(['async 0 3 1']);
      expect(road.port.inFlight).toBe(0);
      const late = submitReads(road, 1);
      road.executor.runUntilIdle();
      expect(results(late)).toEqual([`1:${NvmeStatus.internalError}`]);

      let isDone = false;
      road.port.reset(() => {
        isDone = true;
      });
      road.executor.runUntilIdle();
      expect(isDone).toBe(true);
      road.target.holds = false;
      road.port.enable({ cc: 1 });
      const after = submitReads(road, 2);
      road.executor.runUntilIdle();
      expect(results(after)).toEqual(['1:0', '1:0']);
    },
  );

  test('a reset, a shutdown and an abort that are under way when it breaks still call back', () => {
    const road = roadUp();
    road.target.holds = true;
    road.target.holdsReset = true;
    const reads = submitReads(road, 2);
    road.executor.runUntilIdle();
    road.port.abort(reads[0]!);
    const log: string[] = [];
    road.port.shutdown(() => log.push('shutdown'));
    road.port.reset(() => log.push('reset'));
    road.rings[0]!.driver.isBroken = true;
    road.transport.calls[0]!.signal();
    road.executor.runUntilIdle();
    road.target.releaseReset();
    road.executor.runUntilIdle();
    expect(log.sort()).toEqual(['reset', 'shutdown']);
    expect(reads.every(({ ends }) => ends === 1)).toBe(true);
    expect(reads[0]!.status).toBe(NvmeStatus.abortRequested);
  });

  test('without a start nothing hangs', () => {
    const road = makeRoad();
    const log: string[] = [];
    road.port.enable({ cc: 1 });
    const reads = submitReads(road, 1);
    road.port.shutdown(() => log.push('shutdown'));
    road.port.reset(() => log.push('reset'));
    road.executor.runUntilIdle();
    expect([log, results(reads)]).toEqual([
      ['shutdown', 'reset'],
      [`1:${NvmeStatus.internalError}`],
    ]);
  });
});

test('a start that vhost refuses says why', () => {
  const road = makeRoad();
  road.vhost.setOwner();
  expect(road.port.start(() => {})).toBe(VhostErrno.busy);
});

test('limits that cannot be are refused', () => {
  expect(() => makeRoad({ maxInFlight: 0 })).toThrow(ConfigError);
  expect(() => makeRoad({ maxInFlight: 65_536 })).toThrow(ConfigError);
  expect(() => makeRoad({ maxInFlight: 65_535 })).toThrow('pages');
});

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('read', 'write', 'flush', 'bad', 'unmapped', 'identify'),
      queue: fc.integer({ min: 0, max: 3 }),
      lba: fc.integer({ min: 0, max: 70 }),
      blocks: fc.integer({ min: 1, max: 8 }),
      cut: fc.integer({ min: 1, max: 511 }),
      nsid: fc.constantFrom(1, 1, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('run'), steps: fc.nat(40) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const shape = fc.record({
  rings: fc.constantFrom('plain' as const, 'split' as const, 'split' as const),
  eventIdx: fc.boolean(),
  ringSize: fc.constantFrom(2, 4, 8, 64),
  indirect: fc.boolean(),
  requestQueues: fc.integer({ min: 1, max: 3 }),
  workerCommandNs: fc.constantFrom(0, 70),
  eventfdWakeNs: fc.constantFrom(0, 500),
  weight: fc.constantFrom(1, 3, 256),
  isRecorded: fc.boolean(),
  targetInFlight: fc.constantFrom(1, 3, 256),
});

/** Blocks from one queue's first to the next one's; the last queue reaches past the namespace's end. */
const QUEUE_BLOCKS = 80;

/** The command of a step: each has a buffer of its own and each queue its own blocks, so that order between queues does not matter. */
function commandOf(memory: RegionMemory, entry: Step, index: number): TestCommand | undefined {
  if (!('queue' in entry)) return undefined;
  const { kind, queue, lba, blocks, cut, nsid } = entry;
  const gpa = 0x2000 * (index + 1);
  if (kind === 'identify') {
    return makeCommand(memory, 0, index, { 0: 6 }, 2, [
      [gpa, cut * 4],
      [gpa + cut * 4, 4096 - cut * 4],
    ]);
  }
  const queueId = queue + 1;
  if (kind === 'flush') return makeCommand(memory, queueId, index, { 0: 0, 1: nsid });
  if (kind === 'bad') return makeCommand(memory, queueId, index, { 0: 0x7f, 1: nsid });
  const isRead = kind !== 'write';
  const words = { 0: isRead ? 2 : 1, 1: 1, 10: queue * QUEUE_BLOCKS + lba, 12: blocks - 1 };
  const bytes = blocks * 512;
  const away = kind === 'unmapped' ? 0x1000_0000 : 0;
  for (let i = 0; i < bytes; i += 4) memory.write32(gpa + i, index * 0x1_0001 + i);
  return makeCommand(memory, queueId, index, words, isRead ? 2 : 1, [
    [gpa + away, cut],
    [gpa + cut, bytes - cut],
  ]);
}

test('any sequence of commands gives through the road what it gives on the target itself, for any ring', () => {
  checkProperty(
    fc.property(shape, fc.array(step, { maxLength: 40 }), (options, steps) => {
      // Two descriptors cannot hold header, data and completion unless they stand in a table of their own.
      const indirect = options.indirect || options.ringSize < 4;
      const { isRecorded, ...rest } = options;
      const wrapShared = (memory: GuestMemory) =>
        isRecorded ? new RecordingMemory(memory) : memory;
      const road = roadUp({ ...rest, indirect, maxInFlight: 40, wrapShared });
      const executor = new SimExecutor();
      const memory = new RegionMemory([{ base: 0, size: GUEST_BYTES }]);
      const direct = new MockTarget(executor);
      const pairs: [TestCommand, TestCommand][] = [];
      for (const [index, entry] of steps.entries()) {
        const command = commandOf(road.memory, entry, index);
        if (command === undefined) {
          if ('steps' in entry) for (let i = 0; i < entry.steps; i++) road.executor.step();
          continue;
        }
        const twin = commandOf(memory, entry, index)!;
        pairs.push([command, twin]);
        road.port.submit(command);
        direct.submit(twin);
      }
      road.executor.runUntilIdle();
      executor.runUntilIdle();
      for (const [command, twin] of pairs) {
        expect(`${command.ends} ${command.status} ${command.dw0} ${command.dw1}`).toBe(
          `1 ${twin.status} ${twin.dw0} ${twin.dw1}`,
        );
      }
      expect(Buffer.compare(road.target.blocks, direct.blocks)).toBe(0);
      expect(Buffer.compare(guestBytes(road.memory), guestBytes(memory))).toBe(0);
      expect(road.frontend.counters.malformed).toBe(0);
    }),
    runs(60),
  );
});

function guestBytes(memory: RegionMemory): Uint8Array {
  return memory.view(0, GUEST_BYTES)!;
}
