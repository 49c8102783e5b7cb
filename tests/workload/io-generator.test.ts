import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { IoGenerator, type IoGeneratorOptions } from '../../src/workload/io-generator.ts';
import type { AccessPattern } from '../../src/workload/job-keys.ts';

const rw = (reads: boolean, writes: boolean, random: boolean): AccessPattern => ({
  reads,
  writes,
  random,
});

function draw(count: number, options: Partial<IoGeneratorOptions>, seed = 1): [boolean, number][] {
  const all = {
    access: rw(true, false, false),
    blocks: 8,
    readPercent: 50,
    repeats: false,
    ...options,
  };
  const generator = new IoGenerator(makePrng(seed), all);
  return Array.from({ length: count }, () => {
    generator.next();
    return [generator.isWrite, generator.block];
  });
}

describe('IoGenerator', () => {
  it('walks through the region and begins again', () => {
    expect(draw(5, { blocks: 3 }).map(([, block]) => block)).toEqual([0, 1, 2, 0, 1]);
    expect(draw(2, { access: rw(false, true, false) })).toEqual([
      [true, 0],
      [true, 1],
    ]);
  });

  // fio 3.33 with rw=rw reads 0, 4096, 8192, writes 0, reads 12288, 16384, writes 4096, 8192 ...
  it('lets reads and writes of a sequential mix each go on from where they were', () => {
    const ios = draw(40, { access: rw(true, true, false), blocks: 100 });
    for (const isWrite of [false, true]) {
      const blocks = ios.filter(([write]) => write === isWrite).map(([, block]) => block);
      expect(blocks).toEqual(blocks.map((_, i) => i));
      expect(blocks.length).toBeGreaterThan(5);
    }
  });

  it('touches each block once in a pass of a random job, reads and writes together', () => {
    const blocks = draw(512, { access: rw(true, true, true), blocks: 512 }).map(
      ([, block]) => block,
    );
    expect(new Set(blocks).size).toBe(512);
    expect(blocks.slice(0, 8)).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('repeats blocks without a random map, evenly', () => {
    const bins = new Array<number>(16).fill(0);
    for (const [, block] of draw(16_000, {
      access: rw(true, false, true),
      blocks: 16,
      repeats: true,
    })) {
      bins[block]! += 1;
    }
    const spread = bins.reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0);
    expect(spread).toBeGreaterThan(0);
    expect(spread).toBeLessThan(37.7);
  });

  it.each([0, 30, 70, 100])('mixes %d %% reads', (readPercent) => {
    const ios = draw(10_000, { access: rw(true, true, true), blocks: 100, readPercent });
    const reads = ios.filter(([isWrite]) => !isWrite).length;
    expect(Math.abs(reads - readPercent * 100)).toBeLessThanOrEqual(
      readPercent % 100 === 0 ? 0 : 150,
    );
  });

  it('draws the same for the same seed, and other blocks for another', () => {
    const options = { access: rw(true, true, true), blocks: 1000 };
    expect(draw(50, options)).toEqual(draw(50, options));
    expect(draw(50, options, 2)).not.toEqual(draw(50, options));
  });
});
