/** The saved state of the driver side of a split virtqueue. */
import { ChainTable, type ChainTableState } from './chain-table.ts';
import { DriverFault } from './driver-options.ts';
import { InOrderBatch, type InOrderBatchState } from './in-order-batch.ts';
import { RING_NO_NOTIFY } from './ring-layout.ts';
import { StateReader } from './saved-state.ts';

/** Saved {@link SplitVirtqueue}. */
export interface SplitVirtqueueState {
  readonly format: 'split';
  readonly size: number;
  readonly chains: ChainTableState;
  readonly batch: InOrderBatchState;
  readonly availIdx: number;
  readonly availFlags: number;
  readonly numAdded: number;
  readonly lastUsed: number;
  readonly eventTriggered: boolean;
  readonly usedLength: number;
  readonly brokenReason: DriverFault | null;
}

/** What a saved state says, checked. */
export interface CheckedSplitVirtqueue
  extends Omit<SplitVirtqueueState, 'chains' | 'batch' | 'brokenReason'> {
  readonly chains: ChainTable;
  readonly batch: InOrderBatch;
  readonly brokenReason: DriverFault | undefined;
}

/**
 * Checks a saved state of a queue of this size.
 *
 * @throws ConfigError with the path of what is wrong
 */
export function checkSplitVirtqueueState(
  state: unknown,
  size: number,
  inOrder: boolean,
): CheckedSplitVirtqueue {
  const from = new StateReader('state', state);
  from.expect('format', 'split');
  from.expect('size', size);
  const chains = ChainTable.restore(from.record('chains'), size, inOrder);
  const batch = inOrder ? InOrderBatch.restore(from.record('batch'), chains) : new InOrderBatch();
  return {
    format: 'split',
    size,
    chains,
    batch,
    availIdx: from.int('availIdx', 0, 0xffff),
    availFlags: from.int('availFlags', 0, RING_NO_NOTIFY),
    numAdded: from.int('numAdded', 0, 0xfffe),
    lastUsed: from.int('lastUsed', 0, 0xffff),
    eventTriggered: from.flag('eventTriggered'),
    usedLength: from.int('usedLength', 0, Number.MAX_SAFE_INTEGER),
    brokenReason: from.reason('brokenReason', DriverFault),
  };
}
