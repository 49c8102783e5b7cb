/** What a driver has done since it was made. */
export interface NvmeDriverCounters extends Readonly<Record<string, number>> {
  /** Commands that were sent, retries included. */
  readonly commands: number;
  /** Completions that were reaped. */
  readonly completions: number;
  /** Doorbell registers that were written. */
  readonly doorbells: number;
  /** Shadow doorbells that were written without the register. */
  readonly shadowDoorbells: number;
  /** Interrupts that arrived. */
  readonly interrupts: number;
  /** Commands that were sent again. */
  readonly retries: number;
  /** Aborts that were sent. */
  readonly aborts: number;
  /** Aborts that the controller says it carried out. */
  readonly aborted: number;
  /** Controller resets that were begun. */
  readonly resets: number;
}
