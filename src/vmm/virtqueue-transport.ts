/** The virtqueues of a command port, and the host behind them, as the port sees them. */
import type { VhostErrno } from '../interfaces/vhost.ts';
import type { VirtqueueDriver } from '../interfaces/virtqueue.ts';

/**
 * Brings the host's end up and down. After `start` all rings are empty and nothing of an earlier life is in them;
 * when `stop` calls back the host touches no memory any more.
 */
export interface VirtqueueTransport {
  /** Virtqueues in all: control, events, and the request queues. */
  readonly queueCount: number;
  /** Called when the host used buffers of a queue; set before `start`. */
  onCall: (queue: number) => void;
  /** Called when the host reports that a queue broke; set before `start`. */
  onError: (queue: number) => void;
  /** Sets everything up; 0, or the errno of the first step that was refused. */
  start(): VhostErrno;
  /** The driver's side of a queue, from `start` to `stop`. */
  driver(queue: number): VirtqueueDriver;
  /** Stops the host's end, then calls `done`, never inside the call. */
  stop(done: () => void): void;
}
