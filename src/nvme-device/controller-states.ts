/** The states of a controller. NVMe Base 2.0, 3.5. */

/** Where a controller stands: `fatal` shows CSTS.CFS, `resetting` waits for the commands in flight. */
export type ControllerState = 'disabled' | 'enabling' | 'ready' | 'fatal' | 'resetting';

/** The states by the number that a trace has for them. */
export const CONTROLLER_STATES: readonly ControllerState[] = [
  'disabled',
  'enabling',
  'ready',
  'fatal',
  'resetting',
];

/** What may follow each state. */
export const NEXT_STATES: Readonly<Record<ControllerState, readonly ControllerState[]>> = {
  disabled: ['enabling'],
  enabling: ['ready', 'fatal', 'disabled'],
  ready: ['fatal', 'resetting'],
  fatal: ['resetting', 'disabled'],
  resetting: ['disabled'],
};
