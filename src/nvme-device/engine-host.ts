/** What the queue engine asks of the units beside it. */
import type { DeviceCommand } from './device-command.ts';
import type { SubmissionQueue } from './queues.ts';

/** Why a controller stopped with CSTS.CFS: the number in its `fatal` event. */
export const FatalReason = {
  /** CC, AQA, ASQ or ACQ cannot be used. */
  badConfiguration: 1,
  /** A submission queue entry could not be read. */
  fetchFault: 2,
  /** A completion queue entry could not be written. */
  postFault: 3,
} as const;

/** What the engine asks of the units beside it; set once, when the controller is made. */
export interface EngineHost {
  /** Executes an admin command that the controller keeps; false when it is for the port. */
  executeAdmin(command: DeviceCommand): boolean;
  /** A queue's last command completed while its deletion waits. */
  queueDrained(sq: SubmissionQueue): void;
  /** The controller cannot go on. */
  fatal(reason: number): void;
}
