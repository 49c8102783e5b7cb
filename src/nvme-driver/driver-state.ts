/** The life of a driver, and which step may follow which. */

/** Where a driver stands. */
export type DriverState = 'down' | 'starting' | 'live' | 'resetting' | 'stopping';

const NEXT: Readonly<Record<DriverState, readonly DriverState[]>> = {
  down: ['starting', 'stopping'],
  starting: ['live', 'stopping'],
  live: ['resetting', 'stopping'],
  resetting: ['live', 'stopping'],
  stopping: ['down'],
};

/** May `next` follow `state`? */
export function mayEnter(state: DriverState, next: DriverState): boolean {
  return NEXT[state].includes(next);
}
