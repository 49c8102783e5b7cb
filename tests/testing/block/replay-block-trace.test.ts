import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../../src/block/request-queue.ts';
import { PROJECTIONS, replayBlockTrace } from '../../../src/testing/block/replay-block-trace.ts';
import { casesOf, KINDS } from './recorded-cases.ts';
import { UNMATCHED } from './unmatched-recordings.ts';

describe.each(KINDS)('the recorded cases of %s', (kind) => {
  it('agree in every view that is a fact, but for those that are listed', () => {
    const differing = casesOf(kind).filter((each) => !replayBlockTrace(each).passes);
    const listed = Object.keys(UNMATCHED).filter((name) => name.startsWith(`${kind}/`));
    expect(differing.map(({ name }) => name).sort()).toEqual(listed.sort());
  });
});

it('have facts to judge, all but one', () => {
  const without = KINDS.flatMap(casesOf).filter(({ stable }) =>
    PROJECTIONS.every((name) => stable?.[name] !== true),
  );
  expect(without.map(({ name }) => name)).toEqual(['flush/ext4-wc0']);
});

it('a block layer that forgets to merge is found out', () => {
  const cases = casesOf('merge').filter(({ name }) => name.startsWith('merge/none-'));
  const worse = cases.filter((each) => {
    const ours = replayBlockTrace(each);
    const lazy = replayBlockTrace(
      each,
      (executor, ops, { observer, requestCount }) =>
        new RequestQueue(executor, ops, { observer, requestCount, noMerges: 2 }),
    );
    return ours.passes && !lazy.passes;
  });
  expect(worse.length).toBeGreaterThan(10);
});

it('says what happened and what was recorded in the same words', () => {
  const each = casesOf('split').find(({ stable }) => stable?.['set'] === true)!;
  const { events, recorded, judged, differing } = replayBlockTrace(each);
  expect([judged.length, differing.length]).toEqual([4, 0]);
  expect([...events].sort()).toEqual([...recorded].sort());
});
