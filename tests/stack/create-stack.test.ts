import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { StackOptions } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { expectSameBytes } from '../support/bytes.ts';
import { checkAsyncProperty, runs } from '../support/runs.ts';

const MIB = 1 << 20;

const backends: Record<string, StackOptions['backend']> = {
  rd_mcp: { type: 'rd_mcp', size: MIB },
  fileio: { type: 'fileio', size: MIB },
  'fileio, buffered': { type: 'fileio', size: MIB, bufferedIo: true },
  'iblock on sata': { type: 'iblock', disk: 'sata', size: MIB },
  'iblock on scsi': { type: 'iblock', disk: 'scsi', size: MIB },
  'iblock on nvme': { type: 'iblock', disk: 'nvme', size: MIB },
  'iblock on null_blk': { type: 'iblock', disk: 'null_blk', size: MIB },
};

/** One step of a guest's program; `blocks` are of 512 bytes. */
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constantFrom('read', 'write'),
      block: fc.nat(MIB / 512 - 1),
      count: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 300 })),
      bufferOffset: fc.oneof(
        fc.constant(0),
        fc.nat(1023).map((n) => n * 4),
      ),
      fua: fc.boolean(),
      seed: fc.nat(255),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'flush' as const }) },
);

/** Batches of steps; those of one batch are in flight together. */
const program = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});

const shape = fc.record({
  road: fc.constantFrom('vhost-nvme' as const, 'direct' as const),
  order: fc.constantFrom('fifo' as const, 'seeded' as const),
  queueDepth: fc.constantFrom(2, 3, 8, 256),
  queues: fc.constantFrom(1, 3),
  ring: fc.constantFrom(
    { size: 4, indirect: true },
    { size: 8, indirect: false },
    { size: 256, indirect: true },
    { size: 256, indirect: false },
  ),
  eventIdx: fc.boolean(),
  costs: fc.constantFrom('none' as const, 'server' as const),
  seed: fc.nat(1000),
});

type Step = {
  op: string;
  block?: number;
  count?: number;
  bufferOffset?: number;
  fua?: boolean;
  seed?: number;
};

/** Steps of one batch that touch the same blocks have no order: only the first of them stays. */
function withoutOverlap(batch: readonly Step[]): Step[] {
  const taken = new Set<number>();
  return batch.filter(({ block, count }) => {
    if (block === undefined) return true;
    const blocks = Array.from({ length: count! }, (_, i) => block + i);
    if (blocks.some((each) => taken.has(each))) return false;
    for (const each of blocks) taken.add(each);
    return true;
  });
}

describe.each(Object.entries(backends))('the whole road over %s', (_name, backend) => {
  it('reads, writes and flushes of any alignment, size and depth equal a map of sectors', async () => {
    await checkAsyncProperty(
      fc.asyncProperty(shape, program, async (how, batches) => {
        const stack = createStack({
          road: how.road,
          backend: backend!,
          order: how.order,
          seed: how.seed,
          costs: how.costs,
          guest: { memory: 8 * MIB, queues: how.queues, queueDepth: how.queueDepth },
          virtqueue: { ...how.ring, eventIdx: how.eventIdx },
        });
        const disk = await stack.guest.open(1);
        const model = new Uint8Array(MIB);
        for (const batch of batches) {
          await Promise.all(withoutOverlap(batch).map((each) => perform(each)));
        }
        expectSameBytes(await disk.read(0, MIB), model);
        await stack.close();

        async function perform(each: Step): Promise<void> {
          if (each.op === 'flush') return disk.flush();
          const offset = each.block! * 512;
          const length = Math.min(each.count! * 512, MIB - offset);
          const options = { bufferOffset: each.bufferOffset!, fua: each.fua! };
          if (each.op === 'read') {
            const expected = model.slice(offset, offset + length);
            expectSameBytes(await disk.read(offset, length, options), expected);
          } else {
            const data = Uint8Array.from({ length }, (_, i) => (i * 13 + each.seed!) & 255);
            await disk.write(offset, data, options);
            model.set(data, offset);
          }
        }
      }),
      runs(12, 1_000),
    );
  });
});
