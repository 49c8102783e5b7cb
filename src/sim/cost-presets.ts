/** Named cost tables. Their provenance is said beside each; none is a promise about any real machine. */
import type { CostTable } from '../interfaces/cost-table.ts';

/** Everything is free: only order matters. The default of the library. */
export const NO_COSTS: CostTable = {
  guestSubmitNs: 0,
  guestCompleteNs: 0,
  vmExitNs: 0,
  deviceCommandNs: 0,
  eventfdWakeNs: 0,
  workerCommandNs: 0,
  interruptNs: 0,
  copyPageNs: 0,
  targetCommandNs: 0,
  blockRequestNs: 0,
};

/**
 * A present-day server at rest. Orders of magnitude from published figures: a trapped MMIO write of about 2 us with its wake,
 * an eventfd wake of a sleeping thread of 3-5 us, a posted interrupt of 2 us, memory at about 10 GB/s.
 */
const server: CostTable = {
  guestSubmitNs: 300,
  guestCompleteNs: 400,
  vmExitNs: 2_000,
  deviceCommandNs: 250,
  eventfdWakeNs: 4_000,
  workerCommandNs: 350,
  interruptNs: 2_000,
  copyPageNs: 400,
  targetCommandNs: 250,
  blockRequestNs: 500,
};

/** Cost tables by name: `none`, `server`. */
export const costPresets: Readonly<Record<'none' | 'server', CostTable>> = {
  none: NO_COSTS,
  server,
};
