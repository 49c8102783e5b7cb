/** What things cost in virtual time. */

/** Costs in virtual nanoseconds, integers of 0 and more. All zero means that only order matters. */
export interface CostTable {
  /** Guest driver: building and queueing one command. */
  readonly guestSubmitNs: number;
  /** Guest driver: handling one completion. */
  readonly guestCompleteNs: number;
  /** From a trapped doorbell write until the device starts to look (exit, decode, wake of the device's thread). */
  readonly vmExitNs: number;
  /** Device: fetching and parsing one command, posting one completion. */
  readonly deviceCommandNs: number;
  /** From a signal of an eventfd until its reader runs. */
  readonly eventfdWakeNs: number;
  /** vhost worker: one command, one completion. */
  readonly workerCommandNs: number;
  /** From the device's interrupt until the guest's handler runs. */
  readonly interruptNs: number;
  /** Moving 4096 bytes from one place to another. */
  readonly copyPageNs: number;
  /** LIO core and backend: one command, without moving data. */
  readonly targetCommandNs: number;
  /** Block layer and driver: one request, without the device's own time. */
  readonly blockRequestNs: number;
}
