/** What stores the bytes of a logical unit: FILEIO, IBLOCK, RD_MCP, or your own. */
import type { AbortResult } from './request.ts';
import type { Geometry, TargetCommand } from './target.ts';

/**
 * A backend of the LIO core. Laws of `request.ts`.
 *
 * The core has checked before it calls: the operation is one that `geometry` supports, the range lies inside the
 * unit, the data list is long enough. A backend copies between `command.memory` and its store, sets
 * `command.status` and calls `command.end(command)` on a later turn of the executor.
 * After a completed flush, and for a write with the FUA flag before it ends, data survives a power cut.
 */
export interface Backend {
  readonly geometry: Geometry;
  submit(command: TargetCommand): void;
  abort(command: TargetCommand): AbortResult;
  reset(done: () => void): void;
  /** Lets go of files and devices. Nothing is in flight. */
  close(): void;
}
