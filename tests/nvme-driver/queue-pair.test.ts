import { beforeEach, describe, expect, it } from 'vitest';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { DataPointerWriter } from '../../src/nvme-driver/data-pointer-writer.ts';
import { PrpWriter } from '../../src/nvme-driver/prp-writer.ts';
import { NO_POINTER, QueuePair, SlotState } from '../../src/nvme-driver/queue-pair.ts';
import { cqe, sqe } from '../../src/wire/nvme-entries.ts';
import { DriverWorld } from './driver-world.ts';

const SQ = 0x1000;
const CQ = 0x2000;

describe('QueuePair', () => {
  const world = new DriverWorld();
  let memory: RegionMemory;
  let view: DataView;
  let pair: QueuePair;

  beforeEach(() => {
    memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);
    const { bytes } = memory.regions[0]!;
    view = new DataView(bytes.buffer);
    const at = { sq: SQ, cq: CQ, lists: 0x3000, listBytes: 64 };
    const data = new DataPointerWriter(new PrpWriter(memory, 4096, 8), undefined, 0);
    const identity = { id: 1, depth: 3, vector: 0, sqDoorbell: 0x1008, cqDoorbell: 0x100c };
    pair = new QueuePair(memory, data, identity, at);
  });

  /** Queues a request; its cid, or -1. */
  function queue(request: NvmeHostRequest): number {
    return pair.queue(request, 0);
  }

  function post(cid: number, phase: number): void {
    const at = CQ + 16 * pair.head;
    cqe.cid.set(view, at, cid);
    cqe.phase.set(view, at, phase);
  }

  it('writes every field of an entry, and nothing of the one before', () => {
    memory.fill(SQ, 0xff, 4096);
    const slba = 2 ** 40 + 5;
    queue(world.request({ slba, nlb0: 7, control: 0x4000_0000, nsid: 9 }, 4096, 0x5000));
    expect(sqe.opc.get(view, SQ)).toBe(2);
    expect(sqe.nsid.get(view, SQ)).toBe(9);
    expect(sqe.slba.get(view, SQ)).toBe(slba);
    expect([sqe.nlb0.get(view, SQ), sqe.fua.get(view, SQ)]).toEqual([7, true]);
    expect([sqe.prp1.get(view, SQ), sqe.prp2.get(view, SQ)]).toEqual([0x5000, 0]);
    const zeroes = ['cdw2', 'cdw3', 'cdw13', 'cdw14', 'cdw15'] as const;
    expect(zeroes.map((name) => sqe[name].get(view, SQ))).toEqual([0, 0, 0, 0, 0]);
    expect(sqe.mptr.get(view, SQ)).toBe(0);
    queue(world.request({ raw: Int32Array.of(1, 2, 3, 4, 5, 6) }, 0));
    expect(sqe.slba.lo.get(view, SQ + 64)).toBe(1);
    expect(sqe.cdw15.get(view, SQ + 64)).toBe(6);
    expect(sqe.prp1.get(view, SQ + 64)).toBe(0);
  });

  it('takes one command less than it has entries, and wraps at its own size (M26)', () => {
    const tails: number[] = [];
    for (let i = 0; i < 5; i++) {
      const cid = queue(world.request());
      tails.push(pair.tail);
      pair.take(cid);
    }
    expect(tails).toEqual([1, 2, 0, 1, 2]);
    queue(world.request());
    queue(world.request());
    expect([queue(world.request()), pair.taken]).toEqual([-1, 2]);
  });

  it('sees a completion by its phase tag, pass after pass', () => {
    const words = new Int32Array(4);
    expect(pair.next(words)).toBe(false);
    const phases = [1, 1, 1, 0, 0, 0, 1];
    for (const phase of phases) {
      post(0, phase ^ 1);
      expect(pair.next(words)).toBe(false);
      post(0, phase);
      expect(pair.next(words)).toBe(true);
    }
    expect(pair.head).toBe(1);
  });

  it('gives a request back once, and nothing for an identifier that is not in flight', () => {
    const request = world.request();
    const cid = pair.queue(request, 77);
    expect(pair.sinceNs[cid]).toBe(77);
    expect([pair.take(cid), pair.take(cid), pair.take(99)]).toEqual([
      request,
      undefined,
      undefined,
    ]);
  });

  it('refuses data that PRPs cannot name, and writes nothing', () => {
    expect(pair.queue(world.request({}, 512, 0x5002), 0)).toBe(NO_POINTER);
    expect([pair.tail, pair.taken]).toEqual([0, 0]);
    const cid = pair.hold(world.request({}, 512, 0x5002), 0);
    expect(pair.send(cid, 0)).toBe(false);
    expect([pair.tail, pair.states[cid], pair.parkedCount]).toEqual([0, SlotState.parked, 1]);
  });

  it('keeps the slots of its requests over a restart, and nothing else', () => {
    const cid = queue(world.request());
    const other = queue(world.request());
    for (let i = 0; i < 4; i++) {
      post(cid, pair.phase);
      pair.next(new Int32Array(4));
    }
    expect([pair.head, pair.phase]).toEqual([1, 0]);
    pair.park(cid, 500);
    pair.restart();
    expect([pair.tail, pair.head, pair.phase, pair.rung, pair.shown]).toEqual([0, 0, 1, 0, 0]);
    expect(pair.next(new Int32Array(4))).toBe(false);
    expect([pair.states[cid], pair.states[other]]).toEqual([SlotState.parked, SlotState.queued]);
    expect([pair.sinceNs[cid], pair.parkedCount, pair.taken]).toEqual([500, 1, 2]);
    expect(pair.send(cid, 600)).toBe(true);
    expect([pair.tail, pair.parkedCount, sqe.cid.get(view, SQ)]).toEqual([1, 0, cid]);
  });
});
