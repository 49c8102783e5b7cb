import { expect, it } from 'vitest';
import { RecoveryLadder } from '../../src/block-drivers/recovery-ladder.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

/** A ladder of three rungs of 100 ns, and what became of it in words. */
function makeRig(attempt: (ladder: RecoveryLadder, rung: number) => void) {
  const executor = new SimExecutor();
  const log: string[] = [];
  const ladder: RecoveryLadder = new RecoveryLadder(executor, 'ladder', 3, 100, {
    attempt: (rung) => {
      log.push(`${executor.now} rung ${rung}`);
      attempt(ladder, rung);
    },
    recovered: (rung) => log.push(`${executor.now} recovered by ${rung}`),
    gaveUp: () => log.push(`${executor.now} gave up`),
  });
  return { executor, ladder, log };
}

it('climbs by its timer when nothing is heard, and gives up at the end', () => {
  const { executor, ladder, log } = makeRig(() => {});
  ladder.start();
  executor.runUntilIdle();
  expect(log).toEqual(['0 rung 0', '100 rung 1', '200 rung 2', '300 gave up']);
  expect(ladder.rung).toBe(-1);
});

it('stops at the rung that helps, and can be climbed again from any rung', () => {
  const { executor, ladder, log } = makeRig((each, rung) => {
    if (rung === 1) each.helped();
  });
  ladder.start();
  executor.runUntilIdle();
  ladder.start(1);
  executor.runUntilIdle();
  expect(log).toEqual([
    '0 rung 0',
    '100 rung 1',
    '100 recovered by 1',
    '100 rung 1',
    '100 recovered by 1',
  ]);
});

it('goes on at once when a rung says that it failed, and waits longer when it asks for time', () => {
  const { executor, ladder, log } = makeRig((each, rung) => {
    if (rung === 0) each.failed();
  });
  ladder.start();
  executor.runUntil(60);
  ladder.moreTime();
  executor.runUntilIdle();
  expect(log).toEqual(['0 rung 0', '0 rung 1', '160 rung 2', '260 gave up']);
});
