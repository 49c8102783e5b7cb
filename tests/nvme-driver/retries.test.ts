import { describe, expect, it } from 'vitest';
import { AbortResult } from '../../src/interfaces/request.ts';
import { identifyController } from '../../src/wire/nvme-identify.ts';
import { FeatureId, IdentifyCns } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { started } from './driver-world.ts';

const BUSY = NvmeStatus.commandInterrupted;

/** Statuses for the I/O commands to come. */
function failing(world: ReturnType<typeof started>, ...statuses: number[]): { tries: number } {
  const count = { tries: 0 };
  world.test.judge = (command) => {
    if (command.queueId === 0) return undefined;
    count.tries += 1;
    return statuses.shift();
  };
  return count;
}

describe('a command that may be retried', () => {
  it('is sent again until it succeeds, and its request ends once', () => {
    const world = started();
    const count = failing(world, BUSY, BUSY, BUSY);
    const request = world.request();
    expect(world.do(request)).toBe(0);
    expect([request.ends, count.tries, world.driver.counters().retries]).toEqual([1, 4, 3]);
  });

  it('ends after five more tries', () => {
    const world = started();
    const count = failing(world, ...new Array<number>(20).fill(BUSY));
    const request = world.request();
    expect(world.do(request)).toBe(BUSY);
    expect([request.ends, count.tries]).toEqual([1, 6]);
  });

  it('is not sent again when the controller says so, nor when it is raw', () => {
    const world = started();
    const count = failing(world, BUSY | STATUS_DNR, BUSY);
    expect(world.do(world.request())).toBe(BUSY | STATUS_DNR);
    expect(world.do(world.request({ raw: new Int32Array(6) }))).toBe(BUSY);
    expect(count.tries).toBe(2);
  });

  it('keeps its slot, so that a full queue of them is full', () => {
    const world = started({ driver: { queueEntries: 3 }, test: { identify: delays } });
    failing(world, BUSY | (1 << 11), BUSY | (1 << 11));
    const requests = [world.request(), world.request()];
    for (const request of requests) expect(world.driver.queueRq(1, request)).toBe(true);
    world.driver.commitRqs(1);
    world.pass(1_000);
    expect(world.driver.queueRq(1, world.request())).toBe(false);
    world.executor.runUntilIdle();
    expect(requests.map(({ ends, status }) => [ends, status])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('waits as long as the controller asks it to (ER16)', () => {
    const world = started({ test: { identify: delays } });
    expect(world.test.featuresSet).toContainEqual([FeatureId.hostBehavior, 0, 1]);
    failing(world, BUSY | (1 << 11), BUSY | (3 << 11), BUSY | (2 << 11), BUSY);
    const from = world.executor.now;
    expect(world.do(world.request())).toBe(0);
    expect(world.executor.now - from).toBe((3 + 50 + 7) * 100_000_000);
  });

  it('waits not at all where the controller names no delay', () => {
    const world = started();
    failing(world, BUSY | (1 << 11));
    const from = world.executor.now;
    expect(world.do(world.request())).toBe(0);
    expect(world.executor.now).toBe(from);
    expect(world.test.featuresSet).toEqual([]);
  });

  it('can be taken back while it waits', () => {
    const world = started({ test: { identify: delays } });
    const count = failing(world, BUSY | (3 << 11));
    const request = world.request();
    world.driver.queueRq(1, request);
    world.driver.commitRqs(1);
    world.pass(1_000);
    expect(world.driver.abort(request)).toBe(AbortResult.aborted);
    expect(request.ends).toBe(0);
    world.executor.runUntilIdle();
    expect([request.ends, request.status, count.tries]).toEqual([1, NvmeStatus.abortRequested, 1]);
  });

  it('is not one whose submitter had it aborted', () => {
    const world = started();
    let tries = 0;
    world.test.judge = (command) => {
      if (command.queueId === 0) return undefined;
      tries += 1;
      return 'hang';
    };
    const request = world.request();
    world.do(request);
    expect(world.driver.abort(request)).toBe(AbortResult.tooLate);
    world.executor.runUntilIdle();
    expect([request.ends, request.status, tries]).toEqual([1, NvmeStatus.abortRequested, 1]);
  });
});

describe('a path error', () => {
  it('is retried on the only path, and left to a submitter that has another', () => {
    const alone = started();
    failing(alone, NvmeStatus.anaTransition);
    expect(alone.do(alone.request())).toBe(0);
    const other = started({ driver: { pathErrors: 'end' } });
    failing(other, NvmeStatus.anaTransition);
    expect(other.do(other.request())).toBe(NvmeStatus.anaTransition);
  });
});

function delays(cns: number, view: DataView): void {
  if (cns !== IdentifyCns.controller) return;
  identifyController.crdt1.set(view, 0, 3);
  identifyController.crdt2.set(view, 0, 7);
  identifyController.crdt3.set(view, 0, 50);
}
