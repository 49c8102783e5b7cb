import { describe, expect, it } from 'vitest';
import { BioWalk, BioWalkList, BioWalkPool } from '../../src/block/bio-walk.ts';
import { BioFlag, BlkStatus } from '../../src/interfaces/bio.ts';
import { makeBio, makeMemory } from './rig.ts';

describe('BioWalkList', () => {
  it('gives back in order, with those put in front first', () => {
    const list = new BioWalkList();
    const [a, b, c, d] = [new BioWalk(), new BioWalk(), new BioWalk(), new BioWalk()];
    list.push(b);
    list.push(c);
    list.unshift(a);
    expect([list.shift(), list.shift(), list.shift(), list.shift()]).toEqual([a, b, c, undefined]);
    list.unshift(d);
    list.push(a);
    expect(list.takeAll()).toBe(d);
    expect([d.next, list.head, list.shift()]).toEqual([a, undefined, undefined]);
    list.push(b);
    expect(list.head).toBe(b);
  });
});

describe('BioWalkPool', () => {
  it('uses slots again, without anything of their last bio', () => {
    const pool = new BioWalkPool();
    const walk = pool.take();
    walk.begin(makeBio(makeMemory()), BioFlag.noWait);
    walk.sectorsTaken = 5;
    walk.status = BlkStatus.medium;
    expect([walk.isNoWait, pool.inUse]).toEqual([true, 1]);
    pool.give(walk);
    expect([walk.bio, pool.inUse]).toEqual([undefined, 0]);
    const again = pool.take();
    expect(again).toBe(walk);
    again.begin(makeBio(makeMemory()), 0);
    expect(again).toMatchObject({ sectorsTaken: 0, status: BlkStatus.ok, isNoWait: false });
    expect(pool.take()).not.toBe(walk);
  });
});
