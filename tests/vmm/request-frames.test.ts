import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/index.ts';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { FRAME_BYTES, RequestFrames } from '../../src/vmm/request-frames.ts';
import { NvmeStatus } from '../../src/wire/index.ts';
import { makeChain } from '../support/chain.ts';
import { makeCommand } from '../support/nvme-road.ts';
import { PlainRing } from '../support/plain-ring.ts';

function makeWorld(isRecorded: boolean) {
  const inner = new RegionMemory([{ base: 0, size: 0x3000 }]);
  const memory = isRecorded ? new RecordingMemory(inner) : inner;
  const ring = new PlainRing(16, false, () => true);
  return { memory, ring, frames: new RequestFrames(memory, 0x1000, 4) };
}

test.each([false, true])(
  'a command becomes a chain: header, data, completion (recorded: %s)',
  (isRecorded) => {
    const { memory, ring, frames } = makeWorld(isRecorded);
    const command = makeCommand(memory, 0x8001, 0xfffe, { 0: 1, 1: -1, 15: 7 }, 1, [
      [0x10, 100],
      [0x200, 0],
      [0x800, 28],
    ]);
    command.metadata.pushAddress(0x900, 8);
    expect(frames.add(ring.driver, 2, command)).toBe(0);
    const chain = makeChain(0, [], []);
    ring.device.pop(chain);
    const frame = 0x1000 + 2 * FRAME_BYTES;
    // An empty segment would break a ring: it is left out.
    expect(Array.from({ length: chain.readable.count }, (_, i) => chain.readable.gpa(i))).toEqual([
      frame,
      0x10,
      0x800,
      0x900,
    ]);
    expect([chain.writable.count, chain.writable.gpa(0), chain.writable.byteLength]).toEqual([
      1,
      frame + 96,
      16,
    ]);
    const words = [0, 4, 60, 64, 68, 72, 76].map((at) => memory.read32(frame + at));
    expect(words).toEqual([0xfffe_0001, 0xffff_ffff, 7, 0x0001_8001, 128, 8, 0]);
  },
);

test('a completion is taken when it is whole and names the command', () => {
  const { memory, frames } = makeWorld(false);
  const command = makeCommand(memory, 1, 5, { 0: 2 }, 2, [[0x10, 512]]);
  memory.write32(0x1000 + 96, 0x8000_0001);
  memory.write32(0x1000 + 100, 3);
  memory.write32(0x1000 + 108, (0x4002 << 17) | 5);
  frames.take(0, command, 528);
  expect([command.status, command.dw0, command.dw1]).toEqual([0x4002, 0x8000_0001 | 0, 3]);
  frames.take(0, command, 0);
  expect(command.status).toBe(NvmeStatus.internalError);
  memory.write32(0x1000 + 108, 6);
  frames.take(0, command, 528);
  expect(command.status).toBe(NvmeStatus.internalError);
});

test('frames lie in memory', () => {
  const memory = new RegionMemory([{ base: 0, size: 0x1000 }]);
  expect(() => new RequestFrames(memory, 0xf80, 2)).toThrow(InvariantError);
});
