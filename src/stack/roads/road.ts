/** What a road gives the controller in front of it. */
import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import type { LayerRow } from '../diagram.ts';

/** A road from the guest's controller to the target, as its file wires it. */
export interface BuiltRoad {
  /** Where the controller's commands go. */
  readonly port: NvmeCommandPort;
  /** The layers between controller and target, top to bottom. */
  readonly rows: readonly LayerRow[];
  /** Connects both ends; `done` comes before the guest boots. */
  start(done: () => void): void;
}
