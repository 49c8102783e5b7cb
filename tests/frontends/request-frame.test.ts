import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_COMPLETION, RequestFrame } from '../../src/frontends/request-frame.ts';
import { RecordingMemory, RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { NvmeStatus } from '../../src/wire/index.ts';
import { makeChain, type Segments } from '../support/chain.ts';
import { MockTarget } from '../support/mock-target.ts';
import { checkProperty, runs } from '../support/runs.ts';

const target = new MockTarget(new SimExecutor());
target.formats.set(2, { blockBytes: 512, metadataBytes: 8, extended: false });
const words = new Int32Array(4);
const bytes = new Uint8Array(words.buffer);

interface Header {
  opcode?: number;
  cid?: number;
  nsid?: number;
  blocks?: number;
  queueId?: number;
  direction?: number;
  dataBytes?: number;
  metadataBytes?: number;
}

const HEADER = 0x1000;
const DATA = 0x2000;
const COMPLETION = 0x5000;

function makeWorld(header: Header = {}) {
  const { opcode = 2, cid = 0xbeef, nsid = 1, blocks = 1, queueId = 3 } = header;
  const { direction = 2, dataBytes = 512, metadataBytes = 0 } = header;
  const memory = new RegionMemory([{ base: 0x1000, size: 0x8000 }]);
  memory.write32(HEADER, opcode | (cid << 16));
  memory.write32(HEADER + 4, nsid);
  memory.write32(HEADER + 48, blocks - 1);
  memory.write32(HEADER + 64, queueId | (direction << 16));
  memory.write32(HEADER + 68, dataBytes);
  memory.write32(HEADER + 72, metadataBytes);
  const frame = new RequestFrame(memory, () => {});
  const parse = (readable: Segments, writable: Segments): number =>
    frame.parse(memory, target, 4, makeChain(6, readable, writable));
  return { memory, frame, parse };
}

const header: Segments = [[HEADER, 80]];
const completion: Segments = [[COMPLETION, 16]];

test('a read names where its data goes, and its completion comes last', () => {
  const { memory, frame, parse } = makeWorld();
  expect(parse(header, [[DATA, 100], [DATA + 0x800, 412], ...completion])).toBe(0);
  expect([frame.queueId, frame.ioId, frame.ring, frame.chainId]).toEqual([3, 0x3_beef, 4, 6]);
  expect([frame.data.count, frame.data.gpa(1), frame.data.byteLength]).toEqual([2, 0x2800, 512]);
  frame.status = 0x4281;
  frame.dw0 = 11;
  frame.dw1 = -2;
  expect(frame.complete(words, bytes)).toBe(true);
  expect([0, 4, 8].map((at) => memory.read32(COMPLETION + at))).toEqual([11, 0xffff_fffe, 0]);
  expect(memory.read32(COMPLETION + 12)).toBe(((0x4281 << 17) | 0xbeef) >>> 0);
});

test('a write with metadata names both, though all of it lies in odd pieces', () => {
  const { frame, parse } = makeWorld({ opcode: 1, nsid: 2, direction: 1, metadataBytes: 8 });
  expect(
    parse(
      [
        [HEADER, 30],
        [HEADER + 30, 50 + 513],
        [DATA, 7],
      ],
      completion,
    ),
  ).toBe(0);
  expect([frame.data.byteLength, frame.metadata.byteLength]).toEqual([512, 8]);
  expect([frame.data.gpa(0), frame.metadata.gpa(0)]).toEqual([HEADER + 80, HEADER + 592]);
  expect(frame.metadata.count).toBe(2);
});

test('a completion in odd pieces is written whole', () => {
  const { memory, frame, parse } = makeWorld({ opcode: 0, direction: 0, dataBytes: 0 });
  expect(
    parse(header, [
      [COMPLETION + 1, 3],
      [COMPLETION + 0x101, 13],
    ]),
  ).toBe(0);
  frame.dw0 = 0x0403_0201;
  frame.complete(words, bytes);
  expect([memory.read8(COMPLETION + 3), memory.read8(COMPLETION + 0x101)]).toEqual([3, 4]);
  expect(memory.read16(COMPLETION + 0x101 + 9)).toBe(0xbeef);
});

test('without room for a completion there is nothing to say', () => {
  const { parse } = makeWorld();
  expect(parse(header, [[COMPLETION, 15]])).toBe(NO_COMPLETION);
  expect(parse(header, [])).toBe(NO_COMPLETION);
  expect(parse([], completion)).toBe(NvmeStatus.internalError);
});

test.each([
  ['a direction that is none', { direction: 3 }, [512, 0]],
  ['data that the chain does not have', { dataBytes: 1024 }, [512, 0]],
  ['less data than the chain has', { dataBytes: 511 }, [512, 0]],
  ['data behind the header of a read', {}, [512, 1]],
  ['data without a direction', { direction: 0 }, [0, 0]],
  ['lengths that wrap 32 bits', { dataBytes: 0xffff_ffff, metadataBytes: 513 }, [512, 0]],
])('%s is an Internal Error', (_, fields, [into, out]) => {
  const { parse } = makeWorld(fields);
  const writable: Segments = into === 0 ? completion : [[DATA, into!], ...completion];
  expect(parse([[HEADER, 80 + out!]], writable)).toBe(NvmeStatus.internalError);
});

test('a header that is not mapped is an Internal Error', () => {
  const { parse } = makeWorld();
  expect(parse([[0x9f_0000, 80]], completion)).toBe(NvmeStatus.internalError);
});

test('data shorter than the command transfers is a Data Transfer Error, though the lengths agree', () => {
  const { parse } = makeWorld({ blocks: 2 });
  expect(parse(header, [[DATA, 512], ...completion])).toBe(NvmeStatus.dataTransferError);
  const write = makeWorld({ opcode: 1, direction: 2 });
  expect(write.parse(header, [[DATA, 512], ...completion])).toBe(NvmeStatus.dataTransferError);
  const noMetadata = makeWorld({ nsid: 2 });
  expect(noMetadata.parse(header, [[DATA, 512], ...completion])).toBe(NvmeStatus.dataTransferError);
});

const segments = fc.array(
  fc.tuple(
    fc.oneof(
      fc.integer({ min: 0, max: 0xa000 }),
      fc.constantFrom(HEADER, DATA, 2 ** 53, 2 ** 32 - 1),
    ),
    fc.oneof(fc.constantFrom(0, 15, 16, 80, 512), fc.integer({ min: 0, max: 0xffff_ffff })),
  ),
  { maxLength: 6 },
);

test('any chain is parsed and answered without a throw, and only memory that it names is touched', () => {
  checkProperty(
    fc.property(
      segments,
      segments,
      fc.array(fc.nat(0xffff_ffff), { minLength: 20, maxLength: 20 }),
      (readable, writable, noise) => {
        const { memory, frame } = makeWorld();
        for (const [i, word] of noise.entries()) {
          // Half of the headers are plausible, with one word changed.
          if (i === noise[0]! % 40) memory.write32(HEADER + 4 * i, word);
        }
        const recorder = new RecordingMemory(memory);
        const status = frame.parse(recorder, target, 2, makeChain(0, readable, writable));
        if (status !== NO_COMPLETION) frame.complete(words, bytes);
        for (const { write, gpa, length } of recorder.accesses) {
          const named = write ? writable : readable;
          const isNamed = named.some(([at, have]) => gpa >= at && gpa + length <= at + have);
          expect(isNamed).toBe(true);
        }
      },
    ),
    runs(300),
  );
});
