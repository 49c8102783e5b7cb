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
  /** Takes the command; its `end` is called exactly once, never inside this call. */
  submit(command: TargetCommand): void;
  /** Best effort: says whether the command could still be stopped. It ends once in any case. */
  abort(command: TargetCommand): AbortResult;
  /** Ends each command in flight, then calls `done`, after which no buffer of the caller is touched. */
  reset(done: () => void): void;
  /** Lets go of files and devices. Nothing is in flight. */
  close(): void;
}
