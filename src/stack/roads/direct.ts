/** `direct`: no transport; the controller's commands reach the target by a function call. */
import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import type { BuiltRoad } from './road.ts';

/** Builds the road. */
export function buildDirect(target: NvmeCommandPort): BuiltRoad {
  return { port: target, rows: [], start: (done) => done() };
}
