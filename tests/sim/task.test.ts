import { expect, it } from 'vitest';
import { makeTask } from '../../src/sim/task.ts';

it('makes a task that is not scheduled', () => {
  expect(makeTask('owner', () => {})).toMatchObject({
    owner: 'owner',
    background: false,
    slot: -1,
  });
});
