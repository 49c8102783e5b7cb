import { expect, it } from 'vitest';
import { type DriverState, mayEnter } from '../../src/nvme-driver/driver-state.ts';

const STATES: readonly DriverState[] = ['down', 'starting', 'live', 'resetting', 'stopping'];

it.each([
  ['down', ['starting', 'stopping']],
  ['starting', ['live', 'stopping']],
  ['live', ['resetting', 'stopping']],
  ['resetting', ['live', 'stopping']],
  ['stopping', ['down']],
] as const)('%s goes on to %j and nothing else', (state, next) => {
  expect(STATES.filter((each) => mayEnter(state, each))).toEqual(next);
});
