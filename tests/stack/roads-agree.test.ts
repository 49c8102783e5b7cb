/** P13: over what all roads declare, a command sequence has the same effect on each of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { ROADS, type Road } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { AdminOpcode, IdentifyCns, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { expectSameBytes } from '../support/bytes.ts';
import { checkProperty, runs } from '../support/runs.ts';

const DISK_BYTES = 128 * 1024;
const DISK_BLOCKS = DISK_BYTES / 512;
/** Commands of one batch keep to lanes of their own, so that no order among them shows. */
const LANES = 4;
const LANE_BLOCKS = DISK_BLOCKS / LANES;
const BUFFER_BYTES = 16 * 1024;

/** What no intersection has: bytes of Identify Controller that tell what a road takes (MDTS, OACS, SGLS), by offset. */
const ROAD_FIELDS: readonly (readonly [at: number, bytes: number])[] = [
  [77, 1],
  [256, 2],
  [536, 4],
];

/** What buffers are filled with, from the place that is the opcode on. */
const PATTERN = Uint8Array.from({ length: BUFFER_BYTES + 256 }, (_, i) => (i * 7) & 255);

interface Command {
  readonly queue: number;
  readonly opcode: number;
  readonly nsid: number;
  readonly words: readonly number[];
  readonly bytes: number;
}

const nsid = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 0xffff_fffe, 0xffff_ffff) },
);
const word = fc.oneof(fc.constant(0), fc.nat(0xff), fc.integer());

/** An I/O command on blocks of its lane; now and then beyond the disk. */
const io = fc
  .record({
    lane: fc.nat(LANES - 1),
    opcode: fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom(
          IoOpcode.read,
          IoOpcode.write,
          IoOpcode.flush,
          IoOpcode.compare,
          IoOpcode.writeZeroes,
          IoOpcode.verify,
        ),
      },
      { weight: 1, arbitrary: fc.constantFrom(0x04, 0x0d, 0x15, 0x7f, 0x80, 0xff) },
    ),
    nsid,
    block: fc.nat(LANE_BLOCKS - 1),
    blocks: fc.integer({ min: 1, max: 32 }),
    control: fc.constantFrom(0, 0, 0x4000, 0x8000, 0x2000, 0x0200),
    isBeyond: fc.nat(9).map((n) => n === 0),
  })
  .map(({ lane, opcode, nsid: id, block, blocks, control, isBeyond }) => {
    const count = Math.min(blocks, LANE_BLOCKS - block);
    const at = isBeyond ? DISK_BLOCKS - 1 + block : lane * LANE_BLOCKS + block;
    const hasData =
      opcode === IoOpcode.read || opcode === IoOpcode.write || opcode === IoOpcode.compare;
    return {
      lane,
      command: {
        queue: 1,
        opcode,
        nsid: id,
        words: [at, 0, (count - 1) | (control << 16), 0, 0, 0],
        bytes: hasData ? count * 512 : 0,
      },
    };
  });

/** Admin commands that every road answers from the same target, well-formed or not. */
const admin = fc
  .record({
    opcode: fc.oneof(
      { weight: 3, arbitrary: fc.constant(AdminOpcode.identify) },
      { weight: 2, arbitrary: fc.constantFrom(AdminOpcode.getLogPage, AdminOpcode.getFeatures) },
      { weight: 1, arbitrary: fc.constantFrom(AdminOpcode.setFeatures, AdminOpcode.abort) },
      { weight: 1, arbitrary: fc.constantFrom(0x14, 0x18, 0x1a, 0x80, 0xff) },
    ),
    nsid,
    cdw10: fc.oneof(fc.nat(0x20), fc.nat(0xff), word),
    rest: fc.array(word, { minLength: 5, maxLength: 5 }),
  })
  .map(({ opcode, nsid: id, cdw10, rest }) => ({
    queue: 0,
    opcode,
    nsid: id,
    words: opcode === AdminOpcode.getLogPage ? shortLog(cdw10, rest) : [cdw10, ...rest],
    bytes: 4096,
  }));

/** A log page of at most 4 KiB: how much more a road moves at once is its own. */
function shortLog(cdw10: number, [, ...rest]: readonly number[]): number[] {
  return [cdw10 & 0x03ff_ffff, 0, ...rest];
}

const batch = fc.oneof(
  { weight: 2, arbitrary: admin.map((command) => [command]) },
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(io, { selector: (each) => each.lane, minLength: 1, maxLength: LANES })
      .map((all) => all.map((each) => each.command)),
  },
);

const shape = fc.record({
  order: fc.constantFrom('fifo' as const, 'seeded' as const),
  seed: fc.nat(1000),
  queues: fc.constantFrom(1, 2),
  queueDepth: fc.constantFrom(2, 3, 16),
  virtqueue: fc.constantFrom(
    { size: 64, indirect: false },
    { size: 8, indirect: true },
    { size: 64, indirect: true, eventIdx: false },
  ),
});

type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** What a road made of one command. */
interface Outcome {
  readonly status: number;
  readonly dw0: number;
  readonly data: Uint8Array;
}

/** The bytes of a command's buffer, and some behind them. */
function shown({ bytes }: Command): number {
  return Math.min(bytes + 64, BUFFER_BYTES);
}

class Traveller {
  readonly stack: Stack;
  readonly #free: number[] = [];

  constructor(road: Road, { queues, queueDepth, ...rest }: Shape) {
    this.stack = createStack({
      road,
      backend: { type: 'rd_mcp', size: DISK_BYTES },
      guest: { memory: '4MiB', queues, queueDepth },
      ...rest,
    });
    this.stack.guest.boot();
    for (let i = 0; i < LANES; i++) {
      this.#free.push(this.stack.guest.buffers.take(BUFFER_BYTES / 4096));
    }
  }

  /** Puts all commands of a batch in flight and runs until they ended. */
  perform(commands: readonly Command[]): Outcome[] {
    const { host } = this.stack.guest;
    const waiting = commands.map((command, i) => this.#requestOf(command, this.#free[i]!));
    const ended = new Set<NvmeHostRequest>();
    const pending = waiting.map(({ request }, i) => ({ request, queue: commands[i]!.queue }));
    for (let turn = 0; pending.length > 0 && turn < 100; turn++) {
      // A queue of two takes one command at a time: what it refuses is tried again when one has ended.
      while (pending.length > 0 && host.queueRq(pending[0]!.queue, pending[0]!.request)) {
        pending[0]!.request.end = (request) => void ended.add(request);
        pending.shift();
      }
      for (let queue = 0; queue <= 1; queue++) host.commitRqs(queue);
      this.stack.executor.runUntilIdle();
    }
    expect(ended.size).toBe(commands.length);
    return waiting.map(({ request, gpa }, i) => ({
      status: request.status,
      dw0: request.dw0,
      data: this.stack.memory.guest.view(gpa, shown(commands[i]!))!.slice(),
    }));
  }

  #requestOf({ opcode, nsid: id, words, bytes: length }: Command, gpa: number) {
    this.stack.memory.guest.store(gpa, PATTERN, opcode, BUFFER_BYTES);
    const data = new SgList(1);
    if (length > 0) data.pushAddress(gpa, length);
    const request: NvmeHostRequest = {
      ioId: 0,
      opcode,
      nsid: id,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw: Int32Array.from(words),
      data,
      status: 0,
      dw0: 0,
      end: () => {},
    };
    return { request, gpa };
  }

  /** Every byte of the disk. */
  medium(): Uint8Array {
    const blocks = BUFFER_BYTES / 512;
    const read = (lane: number): Uint8Array => {
      const words = [lane * blocks, 0, blocks - 1, 0, 0, 0];
      const command = { queue: 1, opcode: IoOpcode.read, nsid: 1, words, bytes: BUFFER_BYTES };
      return this.perform([command])[0]!.data;
    };
    const all = new Uint8Array(DISK_BYTES);
    for (let i = 0; i < DISK_BYTES / BUFFER_BYTES; i++) all.set(read(i), i * BUFFER_BYTES);
    return all;
  }
}

/** An outcome without what a road says of itself. */
function comparable(command: Command, outcome: Outcome): Outcome {
  const isController =
    command.opcode === AdminOpcode.identify &&
    command.queue === 0 &&
    (command.words[0]! & 0xff) === IdentifyCns.controller;
  if (!isController) return outcome;
  const data = outcome.data.slice();
  for (const [at, length] of ROAD_FIELDS) data.fill(0, at, at + length);
  return { ...outcome, data };
}

it('P13: any sequence of admin and I/O commands gives the same statuses, results and data on every road, and leaves the same disk', () => {
  checkProperty(
    fc.property(shape, fc.array(batch, { minLength: 1, maxLength: 12 }), (how, batches) => {
      const [first, ...others] = ROADS.map((road) => new Traveller(road, how));
      for (const commands of batches) {
        const expected = first!.perform(commands);
        for (const other of others) {
          const got = other.perform(commands);
          for (const [i, command] of commands.entries()) {
            const ours = comparable(command, expected[i]!);
            const theirs = comparable(command, got[i]!);
            const about = `${other.stack.config.road}: ${JSON.stringify(command)}`;
            expect([theirs.status, theirs.dw0], about).toEqual([ours.status, ours.dw0]);
            expectSameBytes(theirs.data, ours.data);
          }
        }
      }
      const medium = first!.medium();
      for (const other of others) expectSameBytes(other.medium(), medium);
    }),
    runs(40, 500, 20_000),
  );
});
