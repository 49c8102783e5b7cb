/** The law of every road: whatever a guest does through it equals a map of sectors. */
import fc from 'fast-check';
import { it } from 'vitest';
import type { StackOptions } from '../../../src/stack/config.ts';
import { createStack } from '../../../src/stack/create-stack.ts';
import { expectSameBytes } from '../../support/bytes.ts';
import { checkAsyncProperty, runs } from '../../support/runs.ts';

/** Size of the disk under test: more than one command moves, and small enough to be read back after each program. */
export const DISK_BYTES = 256 * 1024;

/** One step of a guest's program; `block` and `count` are of 512 bytes. */
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constantFrom('read' as const, 'write' as const),
      block: fc.nat(DISK_BYTES / 512 - 1),
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
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Batches of steps; those of one batch are in flight together. */
const program = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});

const shape = fc.record({
  road: fc.constantFrom('vhost-nvme' as const, 'vhost-nvme-bar' as const, 'direct' as const),
  order: fc.constantFrom('fifo' as const, 'seeded' as const),
  queueDepth: fc.constantFrom(2, 3, 8, 64),
  queues: fc.constantFrom(1, 3),
  ring: fc.constantFrom(
    { size: 4, indirect: true },
    { size: 8, indirect: false },
    { size: 64, indirect: true },
    { size: 256, indirect: false },
  ),
  eventIdx: fc.boolean(),
  costs: fc.constantFrom('none' as const, 'server' as const),
  seed: fc.nat(1000),
});

/** Steps of one batch that touch the same blocks have no order: only the first of them stays. */
function withoutOverlap(batch: readonly Step[]): Step[] {
  const taken = new Set<number>();
  return batch.filter((each) => {
    if (each.op === 'flush') return true;
    const blocks = Array.from({ length: each.count }, (_, i) => each.block + i);
    if (blocks.some((block) => taken.has(block))) return false;
    for (const block of blocks) taken.add(block);
    return true;
  });
}

/** Declares the test: 1,000 runs in the continuous run. */
export function roadLaw(name: string, backend: StackOptions['backend']): void {
  it(`reads, writes and flushes of any alignment, size and depth over ${name} equal a map of sectors`, async () => {
    await checkAsyncProperty(
      fc.asyncProperty(shape, program, async (how, batches) => {
        const stack = createStack({
          road: how.road,
          backend: backend!,
          order: how.order,
          seed: how.seed,
          costs: how.costs,
          guest: { memory: '4MiB', queues: how.queues, queueDepth: how.queueDepth },
          virtqueue: { ...how.ring, eventIdx: how.eventIdx },
        });
        const disk = await stack.guest.open(1);
        const model = new Uint8Array(DISK_BYTES);
        for (const batch of batches) {
          await Promise.all(withoutOverlap(batch).map((each) => perform(each)));
        }
        expectSameBytes(await disk.read(0, DISK_BYTES), model);
        await stack.close();

        async function perform(each: Step): Promise<void> {
          if (each.op === 'flush') return disk.flush();
          const offset = each.block * 512;
          const length = Math.min(each.count * 512, DISK_BYTES - offset);
          const { bufferOffset, fua } = each;
          if (each.op === 'read') {
            const expected = model.slice(offset, offset + length);
            expectSameBytes(await disk.read(offset, length, { bufferOffset, fua }), expected);
          } else {
            const data = Uint8Array.from({ length }, (_, i) => (i * 13 + each.seed) & 255);
            await disk.write(offset, data, { bufferOffset, fua });
            model.set(data, offset);
          }
        }
      }),
      runs(12, 1_000),
    );
  });
}
