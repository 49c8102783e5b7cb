import { expect, it } from 'vitest';
import { BioWalk } from '../../src/block/bio-walk.ts';
import { type PartBio, PartBioPool } from '../../src/block/part-bio.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();

function walkOf(sectorCount: number): BioWalk {
  const walk = new BioWalk();
  walk.begin(makeBio(memory, { op: BioOp.write, sectorCount }), BioFlag.sync);
  return walk;
}

it('makes parts of the bio, and tells the last one that ends and the first error', () => {
  const ended: PartBio[] = [];
  const pool = new PartBioPool((part) => ended.push(part));
  const walk = walkOf(24);
  const parts = [0, 8, 16].map((sector) => pool.take(walk, sector, 8));
  const { ioId } = walk.bio!;
  expect(parts[1]).toMatchObject({ ioId, op: BioOp.write, sector: 8, sectorCount: 8, memory });
  expect(parts.map(({ flags }) => flags)).toEqual([BioFlag.sync, BioFlag.sync, BioFlag.sync]);
  for (const [i, status] of [BlkStatus.ok, BlkStatus.medium, BlkStatus.transport].entries()) {
    parts[i]!.status = status;
    parts[i]!.end(parts[i]!);
  }
  expect(ended).toEqual(parts);
  expect(ended.map((part) => pool.give(part))).toEqual([false, false, true]);
  expect(walk.status).toBe(BlkStatus.medium);
});

it('uses a part again, with nothing left of the last bio', () => {
  const pool = new PartBioPool(() => {});
  const first = pool.take(walkOf(8), 0, 8);
  first.ownData.push(1, 0, 512);
  first.data = makeBio(memory).data;
  pool.give(first);
  expect(first.walk).toBeUndefined();
  const second = pool.take(walkOf(8), 8, 8);
  expect(second).toBe(first);
  expect(second.data).toBe(second.ownData);
  expect(second.data.count).toBe(0);
  expect(pool.take(walkOf(8), 0, 8)).not.toBe(first);
});
