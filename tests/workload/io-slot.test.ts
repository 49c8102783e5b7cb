import { describe, expect, it } from 'vitest';
import { IoKind, IoSlot } from '../../src/workload/io-slot.ts';
import { FakeTarget } from './fake-target.ts';

describe('IoSlot', () => {
  it('submits the rest of an I/O when the queue has room again, and ends with the first error', () => {
    const target = new FakeTarget({
      depth: 2,
      maxTransferBytes: 6000,
      decide: (request) => (request.slba > 8 ? 6 : 0),
    });
    const ends: boolean[] = [];
    const slot = new IoSlot(target, 1, { last: 0 }, 12_288, (ended) => ends.push(ended.isDone));
    slot.prepare(IoKind.write, 0, 8, 1);
    expect(slot.submit()).toBe(false);
    target.commitRqs(1);
    target.executor.runUntilIdle();
    expect(ends).toEqual([false, false]);
    expect(slot.submit()).toBe(true);
    target.commitRqs(1);
    target.executor.runUntilIdle();
    expect(ends).toEqual([false, false, true]);
    expect([slot.status, slot.startNs]).toEqual([6, 0]);
    // The driver moves 6000 bytes, of which one page is whole.
    expect(target.seen.map(({ slba, blocks }) => [slba, blocks])).toEqual([
      [8, 8],
      [16, 8],
      [24, 8],
    ]);
  });

  it('traces each command that it issues, that had no room, and that has ended', () => {
    const events: string[] = [];
    const tracer = {
      event: (layer: string, name: string, ioId: number, a: number, b: number) =>
        void events.push(`${layer} ${name} ${ioId} ${a} ${b}`),
    };
    const target = new FakeTarget({ depth: 1, maxTransferBytes: 4096, tracer });
    const slot = new IoSlot(target, 1, { last: 7 }, 8192, () => {});
    slot.prepare(IoKind.read, 0, 16, 0);
    slot.submit();
    target.commitRqs(1);
    target.executor.runUntilIdle();
    expect(events).toEqual([
      'workload issue 8 16 8',
      'workload issue 9 24 8',
      'workload full 9 1 0',
      'workload end 8 16 0',
    ]);
  });

  it('moves its own bytes and gives its buffer back', () => {
    const target = new FakeTarget();
    const before = target.buffers.freePages;
    const slot = new IoSlot(target, 1, { last: 0 }, 8192, () => {});
    slot.words.fill(0x0403_0201);
    slot.prepare(IoKind.write, 0, 16, 1);
    slot.submit();
    target.commitRqs(1);
    target.executor.runUntilIdle();
    expect([...target.bytes.subarray(8192, 8197)]).toEqual([1, 2, 3, 4, 1]);
    expect(target.bytes.subarray(16_384).every((byte) => byte === 0)).toBe(true);
    slot.prepare(IoKind.flush, 0, 0, 0);
    expect(slot.submit()).toBe(true);
    expect(target.seen[1]).toMatchObject({ opcode: 0, slba: 0, blocks: 0 });
    slot.release();
    expect(target.buffers.freePages).toBe(before);
  });
});
