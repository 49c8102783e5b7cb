import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../../src/block/request-queue.ts';
import { BioOp } from '../../../src/interfaces/bio.ts';
import type { BlockObserver } from '../../../src/interfaces/block-observer.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import type { RecordedCase } from '../../../src/testing/block/recorded-case.ts';
import { RecordedStripe } from '../../../src/testing/block/recorded-stripe.ts';
import { makeBio, makeMemory } from '../../block/rig.ts';
import { makeDriver, makeMedium } from '../../block-drivers/worlds.ts';
import { casesOf } from './recorded-cases.ts';

const memory = makeMemory();

/** The stripe of a case, and the moves that it makes of one write. */
function movesOf(each: RecordedCase, sector: number, sectorCount: number): string[] | undefined {
  const executor = new SimExecutor();
  const medium = makeMedium({ sectorCount: 65_536 });
  const disk = new RequestQueue(executor, makeDriver('null_blk', executor, medium, memory));
  const moves: string[] = [];
  const observer: BlockObserver = {
    event: () => {},
    remapped: (_io, _op, _flags, to, sectors, _device, from) =>
      void moves.push(`${from} to ${to}, ${sectors}`),
  };
  const stripe = RecordedStripe.over(each, executor, disk, observer);
  if (stripe === undefined) return undefined;
  stripe.plug();
  stripe.submitBio(makeBio(memory, { op: BioOp.write, sector, sectorCount }));
  stripe.unplug();
  stripe.sleep();
  executor.runUntilIdle();
  expect(stripe.isCongested).toBe(false);
  expect(stripe.capacitySectors).toBeGreaterThan(0);
  return moves;
}

const stripeCase = casesOf('part').find(({ name }) => name === 'part/dm-stripe16k')!;

describe('the stripe of a recording', () => {
  it('has the chunks and partitions that its A events tell', () => {
    expect(movesOf(stripeCase, 16, 64)).toEqual([
      '16 to 16, 16',
      '16 to 2064, 16',
      '32 to 0, 32',
      '0 to 22528, 32',
      '64 to 32, 16',
      '32 to 2080, 16',
    ]);
  });

  it('is none where bios move once, or not at all', () => {
    for (const each of casesOf('part')) {
      const isStripe = each.name.includes('stripe');
      expect(movesOf(each, 0, 8) !== undefined, each.name).toBe(isStripe);
    }
    expect(movesOf({ ...stripeCase, events: [] }, 0, 8)).toBeUndefined();
  });

  it('is none where no chunk explains where the pieces went', () => {
    const moved = (at: number, below: number, start: number): RecordedCase['events'] => [
      [0, 'A', 'WS', below, 8, 'S', { remap: { from_dev: 's', to_dev: 'p', from_sector: at } }],
      [
        0,
        'A',
        'WS',
        start + below,
        8,
        'S',
        { remap: { from_dev: 'p', to_dev: 'd', from_sector: below } },
      ],
    ];
    const withSecond = (below: number): RecordedCase => ({
      ...stripeCase,
      events: [...moved(0, 0, 2048), ...moved(8, below, 22_528)],
    });
    expect(movesOf(withSecond(0), 0, 8)).toHaveLength(2);
    expect(movesOf(withSecond(5), 0, 8)).toBeUndefined();
  });
});
