/** Sizes, and what moving data costs. */
import { ConfigError } from '../base/assert.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import { type TargetCommand, TargetOp } from '../interfaces/target.ts';

/** The logical block that was asked for, 512 by default. @throws ConfigError unless it is 512 or 4096 */
export function checkBlockBytes(blockBytes = 512): number {
  if (blockBytes !== 512 && blockBytes !== 4096) {
    throw new ConfigError('backend.blockBytes', blockBytes, '512 or 4096');
  }
  return blockBytes;
}

/** How many blocks `sizeBytes` are. @throws ConfigError unless it is a whole number, one at least */
export function blockCountOf(sizeBytes: number, blockBytes: number): number {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < blockBytes || sizeBytes % blockBytes !== 0) {
    throw new ConfigError('backend.size', sizeBytes, `a multiple of the block, ${blockBytes}`);
  }
  return sizeBytes / blockBytes;
}

/** Virtual time of one command: the command itself, and its data by the page. */
export function transferCostNs(
  costs: CostTable,
  command: TargetCommand,
  blockBytes: number,
): number {
  if (command.op > TargetOp.write) return costs.targetCommandNs;
  return costs.targetCommandNs + copyCostNs(costs, command.blockCount * blockBytes);
}

/** Virtual time of moving `byteCount` bytes, in whole nanoseconds. */
export function copyCostNs(costs: CostTable, byteCount: number): number {
  return Math.ceil((costs.copyPageNs * byteCount) / 4096);
}
