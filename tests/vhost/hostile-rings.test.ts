import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordingMemory } from '../../src/memory/index.ts';
import {
  bringUp,
  GUEST_BYTES,
  HIDDEN_BASE,
  HIDDEN_BYTES,
  makeIo,
  makeRoad,
  type TestCommand,
  VMM_BASE,
  VMM_BYTES,
} from '../support/nvme-road.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { queueBytes } from '../support/split-rings.ts';

const RING_SIZE = 8;
const QUEUES = 4;

const word = fc.oneof(
  fc.nat(12),
  fc.constantFrom(0xffff, 0xffff_ffff, 0x8000_0000, VMM_BASE, HIDDEN_BASE, HIDDEN_BASE + 4000),
  fc.nat(0xffff_ffff),
);

/** Where to scribble: most often into the first bytes of a ring, where descriptors and indices are, or into a frame. */
const place = fc.oneof(
  fc
    .tuple(fc.nat(QUEUES - 1), fc.nat(260))
    .map(([queue, at]) => queue * queueBytes(RING_SIZE) + at),
  fc
    .tuple(fc.nat(40), fc.nat(127))
    .map(([slot, at]) => QUEUES * queueBytes(RING_SIZE) + slot * 128 + at),
);

const step = fc.record({
  at: place,
  value: word,
  commands: fc.nat(4),
  steps: fc.nat(25),
  isNudged: fc.boolean(),
});

test('whatever is written into rings and frames: no throw, no hang, no byte outside the table, each command ends once, and a reset recovers', () => {
  checkProperty(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(step, { maxLength: 20 }),
      (indirect, eventIdx, steps) => {
        let recorder: RecordingMemory | undefined;
        const road = makeRoad({
          rings: 'split',
          ringSize: RING_SIZE,
          indirect,
          eventIdx,
          maxInFlight: 80,
          wrapShared: (memory) => {
            recorder = new RecordingMemory(memory);
            return recorder;
          },
        });
        bringUp(road);
        road.memory.fill(HIDDEN_BASE, 0xee, HIDDEN_BYTES);
        const commands: TestCommand[] = [];
        for (const { at, value, commands: count, steps: turns, isNudged } of steps) {
          for (let i = 0; i < count; i++) {
            const cid = commands.length;
            const isRead = (cid & 1) === 0;
            const command = makeIo(road.memory, cid & 3, cid, isRead, cid, 1, 0x1000 * (cid + 1));
            commands.push(command);
            road.port.submit(command);
          }
          for (let i = 0; i < turns; i++) road.executor.step();
          road.memory.write32(VMM_BASE + at - (at & 3), value);
          if (isNudged)
            for (const fd of [...road.transport.kicks, ...road.transport.calls]) fd.signal();
          for (const { gpa, length } of recorder!.accesses.splice(0)) {
            const isGuest = gpa >= 0 && gpa + length <= GUEST_BYTES;
            const isVmm = gpa >= VMM_BASE && gpa + length <= VMM_BASE + VMM_BYTES;
            expect(isGuest || isVmm).toBe(true);
          }
        }
        road.executor.runUntilIdle();
        let isReset = false;
        road.port.reset(() => {
          isReset = true;
        });
        // The words of the reset itself may be scribbled over unseen; then whoever waits declares the queue broken.
        road.executor.runUntilIdle();
        if (!isReset) road.transport.onError(0);
        road.executor.runUntilIdle();
        expect(isReset).toBe(true);
        expect(commands.every(({ ends }) => ends === 1)).toBe(true);
        expect([road.port.inFlight, road.frontend.inFlight]).toEqual([0, 0]);
        const hidden = road.memory.view(HIDDEN_BASE, HIDDEN_BYTES)!;
        expect(hidden.every((byte) => byte === 0xee)).toBe(true);

        road.port.enable({ cc: 1 });
        const after = makeIo(road.memory, 1, 1, true, 0, 1, 0x1000);
        road.port.submit(after);
        road.executor.runUntilIdle();
        expect([after.ends, after.status]).toEqual([1, 0]);
      },
    ),
    runs(150),
  );
});
