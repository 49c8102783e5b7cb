import { expect, test } from 'vitest';
import { ControlRequest } from '../../src/frontends/control-request.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { ControlOp, ControlResult, MAX_FORMAT_NSID } from '../../src/wire/index.ts';
import { makeChain, type Segments } from '../support/chain.ts';
import { MockTarget } from '../support/mock-target.ts';

const memory = new RegionMemory([{ base: 0, size: 0x4000 }]);
const target = new MockTarget(new SimExecutor());

function parse(words: readonly number[], writable: Segments = [[0x1000, 16]]) {
  for (const [i, word] of words.entries()) memory.write32(i * 4, word);
  const control = new ControlRequest();
  const hasRoom = control.parse(memory, makeChain(3, [[0, words.length * 4]], writable));
  return { control, hasRoom };
}

test('a request is read and its response written', () => {
  const { control, hasRoom } = parse([ControlOp.abort, 1, 0xffff_ffff, 3]);
  expect([hasRoom, control.op, control.a, control.b, control.c]).toEqual([
    true,
    ControlOp.abort,
    1,
    0xffff_ffff,
    3,
  ]);
  control.value = 2;
  expect(control.complete(memory, target)).toBe(16);
  expect([memory.read32(0x1000), memory.read32(0x1004)]).toEqual([ControlResult.ok, 2]);
});

test('a request that is too short or not mapped asks for nothing that is known', () => {
  expect(parse([ControlOp.reset, 0, 0]).control.op).toBe(0);
  const control = new ControlRequest();
  expect(control.parse(memory, makeChain(0, [[0x10_0000, 16]], [[0, 16]]))).toBe(true);
  expect(control.op).toBe(0);
});

test('a chain without room for a response is said to be one, and an unmapped response writes nothing', () => {
  expect(parse([1, 0, 0, 0], [[0x1000, 15]]).hasRoom).toBe(false);
  const { control } = parse([1, 0, 0, 0], [[0x10_0000, 16]]);
  expect(control.complete(memory, target)).toBe(0);
});

test('formats are listed in order, as many as there is room for, up to the largest namespace', () => {
  for (const nsid of [5, 2, MAX_FORMAT_NSID, MAX_FORMAT_NSID + 1]) {
    target.formats.set(nsid, { blockBytes: 4096, metadataBytes: nsid, extended: nsid === 2 });
  }
  const list = (after: number, room: number): number[][] => {
    const { control } = parse([ControlOp.formats, after, 0, 0], [[0x2000, 16 * (1 + room)]]);
    const length = control.complete(memory, target);
    expect(length).toBe(16 * (1 + control.value));
    return Array.from({ length: control.value }, (_, i) =>
      [0, 4, 8, 12].map((at) => memory.read32(0x2010 + 16 * i + at)),
    );
  };
  expect(list(0, 2)).toEqual([
    [1, 512, 0, 0],
    [2, 4096, 2, 1],
  ]);
  expect(list(2, 9)).toEqual([
    [5, 4096, 5, 0],
    [MAX_FORMAT_NSID, 4096, MAX_FORMAT_NSID, 0],
  ]);
  expect(list(0xffff_ffff, 9)).toEqual([]);
});

test('formats without room for one, or with a hole in the room, are a bad frame', () => {
  for (const writable of [
    [[0x2000, 31]],
    [
      [0x2000, 16],
      [0x10_0000, 16],
    ],
  ] as const) {
    const { control } = parse([ControlOp.formats, 0, 0, 0], writable);
    control.complete(memory, target);
    expect(memory.read32(0x2000)).toBe(ControlResult.badFrame);
  }
});
