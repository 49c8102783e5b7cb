/** Chains that VIRTIO 1.3 forbids a driver, each with what is wrong with it: a strict device must refuse every one. */
import type { RegionMemory } from '../../memory/region-memory.ts';
import type { RingFormat } from '../../virtqueue/ring-layout.ts';
import { MockPackedDriver, MockSplitDriver, writeTable } from './mock-driver.ts';
import { DATA_BASE, type QueueWorld } from './queue-world.ts';

/** One forbidden thing. */
export interface IllegalChain {
  /** What is forbidden; the words of the library's reason. */
  readonly reason: string;
  /** Formats that can say it. */
  readonly formats: readonly RingFormat[];
  /** Puts it into a ring of 4 descriptors, of a queue with VIRTIO_F_INDIRECT_DESC unless the reason is its absence. */
  send(world: QueueWorld, format: RingFormat): void;
}

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const TABLE = DATA_BASE + 0x8000;
const both = ['split', 'packed'] as const;
const good = { gpa: DATA_BASE, length: 16 };

type Descriptors = Parameters<MockPackedDriver['send']>[0];

function send(world: QueueWorld, format: RingFormat, descriptors: Descriptors): void {
  if (format === 'split') new MockSplitDriver(world.areas, 4).send(0, descriptors);
  else new MockPackedDriver(world.areas, 4).send(descriptors);
}

function sendTable(
  world: QueueWorld,
  format: RingFormat,
  entries: Parameters<typeof writeTable>[3],
  length = 16 * entries.length,
): void {
  writeTable(world.memory satisfies RegionMemory, TABLE, format, entries);
  send(world, format, [{ gpa: TABLE, length, flags: INDIRECT }]);
}

/** All of them. */
export const illegalChains: readonly IllegalChain[] = [
  {
    reason: 'available index jumped past the queue size',
    formats: ['split'],
    send: ({ areas }) => new MockSplitDriver(areas, 4).publish(5),
  },
  {
    reason: 'available entry names no descriptor',
    formats: ['split'],
    send: ({ areas }) => new MockSplitDriver(areas, 4).offer(4),
  },
  {
    reason: 'buffer id out of range',
    formats: ['packed'],
    send: (world, format) => send(world, format, [{ ...good, id: 4 }]),
  },
  {
    reason: 'descriptor chain is longer than its table',
    formats: ['split'],
    send({ areas }) {
      const driver = new MockSplitDriver(areas, 4);
      driver.describe(0, { ...good, flags: NEXT, next: 1 });
      driver.describe(1, { ...good, flags: NEXT, next: 0 });
      driver.offer(0);
    },
  },
  {
    reason: 'descriptor chain is longer than its table',
    formats: ['packed'],
    send({ areas }) {
      const driver = new MockPackedDriver(areas, 4);
      for (let slot = 0; slot < 4; slot++) driver.describe(slot, { ...good, flags: NEXT | 0x80 });
    },
  },
  {
    reason: 'descriptor chain is longer than its table',
    formats: ['split'],
    send: (world, format) =>
      sendTable(world, format, [
        { ...good, flags: NEXT, next: 1 },
        { ...good, flags: NEXT, next: 0 },
      ]),
  },
  {
    reason: 'next descriptor out of range',
    formats: ['split'],
    send({ areas }) {
      const driver = new MockSplitDriver(areas, 4);
      driver.describe(0, { ...good, flags: NEXT, next: 4 });
      driver.offer(0);
    },
  },
  {
    reason: 'next descriptor out of range',
    formats: ['split'],
    send: (world, format) => sendTable(world, format, [{ ...good, flags: NEXT, next: 1 }]),
  },
  {
    reason: 'readable descriptor after a writable one',
    formats: both,
    send: (world, format) => send(world, format, [{ ...good, flags: WRITE }, good]),
  },
  {
    reason: 'descriptor of length zero',
    formats: both,
    send: (world, format) => send(world, format, [{ gpa: DATA_BASE }]),
  },
  {
    reason: 'descriptor names unmapped memory',
    formats: both,
    send: (world, format) => send(world, format, [{ gpa: 0x10, length: 16 }]),
  },
  {
    reason: 'descriptor names unmapped memory',
    formats: both,
    send: (world, format) => send(world, format, [{ ...good, gpaHi: 0xffff_ffff }]),
  },
  {
    reason: 'indirect descriptor with NEXT',
    formats: both,
    send(world, format) {
      writeTable(world.memory, TABLE, format, [good]);
      send(world, format, [{ gpa: TABLE, length: 16, flags: INDIRECT }, good]);
    },
  },
  {
    reason: 'indirect descriptor inside an indirect table',
    formats: both,
    send: (world, format) =>
      sendTable(world, format, [{ gpa: TABLE, length: 16, flags: INDIRECT }]),
  },
  ...[0, 8, 24, 16 * 65_537].map((length) => ({
    reason: 'indirect table of a wrong length',
    formats: both,
    send: (world: QueueWorld, format: RingFormat) => sendTable(world, format, [good], length),
  })),
  {
    reason: 'indirect table in unmapped memory',
    formats: both,
    send: (world, format) => send(world, format, [{ gpa: 0x10, length: 16, flags: INDIRECT }]),
  },
];
