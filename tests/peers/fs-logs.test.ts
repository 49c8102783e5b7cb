/** Recorded ext4 workloads through the block layer onto each disk, cut at any point: the journal recovers and what was fsynced is there. */
import { afterAll, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { FsLogReplay } from '../../src/testing/block/fs-log-replay.ts';
import { DRIVERS, makeDriver, makeMedium } from '../block-drivers/worlds.ts';
import { runs, seeds } from '../support/runs.ts';
import { FsLogJudge, FsRecording } from './fs-log-judge.ts';
import { describePeer } from './peer.ts';

/** Size of the recorded device: 8 MiB. */
const SECTORS = 16_384;
/** ext4 does not survive a superblock of 1 KiB that is torn. */
const ATOMIC_BYTES = 1024;

const recording = new FsRecording('ordered');
const { entries, mounted } = recording;

interface Cut {
  /** The last entry that has ended. */
  readonly entry: number;
  /** Steps that entries after it had, in flight together. */
  readonly steps: number;
  readonly seed: number;
}

/** What the disk holds after the cut; a disk that lies forgets its flushes. */
function cutImage(
  name: (typeof DRIVERS)[number],
  cut: Cut,
  fua: boolean,
  lies = false,
): Uint8Array {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, bytes: recording.data }]);
  const medium = makeMedium({
    sectorCount: SECTORS,
    atomicBytes: ATOMIC_BYTES,
    cacheSectors: 2 ** 17,
  });
  if (lies) {
    const write = medium.write.bind(medium);
    medium.flush = () => 0;
    medium.write = (sector, count, _fua, from, data, at) =>
      write(sector, count, false, from, data, at);
  }
  const queue = new RequestQueue(executor, makeDriver(name, executor, medium, memory, { fua }));
  const replay = new FsLogReplay(queue, entries, memory, () => executor.runUntilIdle());
  replay.playTo(cut.entry);
  replay.submitAhead();
  for (let i = 0; i < cut.steps; i++) executor.step();
  medium.powerCut(makePrng(cut.seed));
  return medium.peek(0, SECTORS);
}

/** Just before each flush takes effect, and at random points. */
function cuts(atFlushes: number, atRandom: number): Cut[] {
  const found: Cut[] = [];
  for (const seed of seeds()) {
    const chance = makePrng(seed);
    const flushes = entries.flatMap(({ op }, i) => (op === 'flush' && i > mounted ? [i] : []));
    const wanted = Math.min(atFlushes, flushes.length);
    for (let i = 0; i < wanted; i++) {
      const entry = flushes[Math.floor((i * flushes.length) / wanted)]! - 1;
      found.push({ entry, steps: 0, seed: chance.below(2 ** 32) });
    }
    for (let i = 0; i < atRandom; i++) {
      const entry = mounted + chance.below(entries.length - mounted);
      found.push({ entry, steps: chance.below(40), seed: chance.below(2 ** 32) });
    }
  }
  return found;
}

describePeer({ program: 'e2fsck', from: 'e2fsprogs' }, 'a recorded ext4', (e2fsck) => {
  const judge = new FsLogJudge(e2fsck);
  afterAll(() => judge.close());

  it.each(DRIVERS)('survives a power cut at any point on %s', (name) => {
    for (const [i, cut] of cuts(runs(8, 100, 100), runs(8, 50, 200)).entries()) {
      const image = cutImage(name, cut, i % 2 === 0);
      const verdict = judge.judge(image, recording.windowAt(cut.entry));
      expect({ cut, verdict }).toEqual({ cut, verdict: '' });
    }
  });

  it('does not survive on a disk that ignores flushes', () => {
    const broken = cuts(0, 12).filter(
      (cut) => judge.judge(cutImage('sata', cut, true, true), recording.windowAt(cut.entry)) !== '',
    );
    expect(broken.length).toBeGreaterThan(0);
  });
});
