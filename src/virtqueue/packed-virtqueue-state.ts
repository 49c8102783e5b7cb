/** The saved state of the driver side of a packed virtqueue. */
import { ChainTable, type ChainTableState } from './chain-table.ts';
import { DriverFault } from './driver-options.ts';
import { InOrderBatch, type InOrderBatchState } from './in-order-batch.ts';
import { EVENT_DESC, EVENT_ENABLE } from './ring-layout.ts';
import { StateReader } from './saved-state.ts';

/** Saved {@link PackedVirtqueue}. */
export interface PackedVirtqueueState {
  readonly format: 'packed';
  readonly size: number;
  readonly chains: ChainTableState;
  readonly batch: InOrderBatchState;
  readonly nextAvail: number;
  readonly availWrap: number;
  readonly eventFlags: number;
  readonly numAdded: number;
  readonly lastUsed: number;
  readonly usedWrap: number;
  readonly eventTriggered: boolean;
  readonly usedLength: number;
  readonly brokenReason: DriverFault | null;
}

/** What a saved state says, checked. */
export interface CheckedPackedVirtqueue
  extends Omit<PackedVirtqueueState, 'chains' | 'batch' | 'brokenReason'> {
  readonly chains: ChainTable;
  readonly batch: InOrderBatch;
  readonly brokenReason: DriverFault | undefined;
}

/**
 * Checks a saved state of a queue of this size.
 *
 * @throws ConfigError with the path of what is wrong
 */
export function checkPackedVirtqueueState(
  state: unknown,
  size: number,
  inOrder: boolean,
): CheckedPackedVirtqueue {
  const from = new StateReader('state', state);
  from.expect('format', 'packed');
  from.expect('size', size);
  const chains = ChainTable.restore(from.record('chains'), size, inOrder);
  const batch = inOrder ? InOrderBatch.restore(from.record('batch'), chains) : new InOrderBatch();
  return {
    format: 'packed',
    size,
    chains,
    batch,
    nextAvail: from.int('nextAvail', 0, size - 1),
    availWrap: from.int('availWrap', 0, 1),
    eventFlags: from.int('eventFlags', EVENT_ENABLE, EVENT_DESC),
    numAdded: from.int('numAdded', 0, 0xffff),
    lastUsed: from.int('lastUsed', 0, size - 1),
    usedWrap: from.int('usedWrap', 0, 1),
    eventTriggered: from.flag('eventTriggered'),
    usedLength: from.int('usedLength', 0, Number.MAX_SAFE_INTEGER),
    brokenReason: from.reason('brokenReason', DriverFault),
  };
}
