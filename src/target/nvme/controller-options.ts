/** What a controller of the target can be told at construction, and its limits. */
import { ConfigError } from '../../base/assert.ts';
import { FUSES_COMPARE_WRITE } from '../../wire/nvme-identify.ts';
import { DEFAULT_CAPABILITIES, type NvmeCapabilities } from './capabilities.ts';
import type { ControllerTraits } from './identify.ts';

/** Commands in flight of one controller, unless it is told otherwise. */
export const NVME_MAX_IN_FLIGHT = 1024;
/** Largest transfer of one command, unless it is told otherwise. */
export const NVME_MAX_TRANSFER_BYTES = 1024 * 1024;

/** How a controller is made. */
export interface NvmeTargetControllerOptions {
  /** I/O commands in flight at once; one more ends with Command Interrupted. */
  readonly maxInFlight?: number;
  /** Most bytes of one command: 4096 times a power of two. */
  readonly maxTransferBytes?: number;
  /** VER; the register VS of the controller in front says the same. NVMe 1.4 by default. */
  readonly version?: number;
  /** What the controller in front can: Abort commands at once, zero-based. */
  readonly abortLimit0?: number;
  /** What the controller in front can: Asynchronous Event Requests at once, zero-based. */
  readonly asyncEventLimit0?: number;
  /** What the controller in front can: optional admin commands (OACS). */
  readonly oacs?: number;
  /** What the controller in front can: SGLs (SGLS). */
  readonly sgls?: number;
  /** What the controller in front can: selection of command sets (CAP.CSS bit 6). */
  readonly commandSets?: boolean;
  /** Most bytes of one Zone Append: 4096 times a power of two from 2 on, `maxTransferBytes` at most, which it is by default. */
  readonly maxAppendBytes?: number;
  /** What the controller can beside that; what is not named is as in {@link DEFAULT_CAPABILITIES}. */
  readonly capabilities?: Partial<NvmeCapabilities>;
}

/** What a controller says about itself. @throws ConfigError for a value out of its range */
export function traitsOf(cntlid: number, options: NvmeTargetControllerOptions): ControllerTraits {
  const can = { ...DEFAULT_CAPABILITIES, ...options.capabilities };
  return {
    can,
    cntlid,
    version: options.version ?? 0x1_0400,
    maxInFlight: checkInFlight(options.maxInFlight ?? NVME_MAX_IN_FLIGHT),
    maxTransferBytes: checkTransfer(options.maxTransferBytes ?? NVME_MAX_TRANSFER_BYTES),
    abortLimit0: options.abortLimit0 ?? 3,
    asyncEventLimit0: options.asyncEventLimit0 ?? 3,
    oacs: options.oacs ?? 0,
    sgls: options.sgls ?? 0,
    fuses: can.fusedCompareWrite ? FUSES_COMPARE_WRITE : 0,
    commandSets: options.commandSets ?? false,
    maxAppendBytes: checkAppend(options),
  };
}

function checkAppend({ maxTransferBytes, maxAppendBytes }: NvmeTargetControllerOptions): number {
  const most = maxTransferBytes ?? NVME_MAX_TRANSFER_BYTES;
  if (maxAppendBytes === undefined || maxAppendBytes === most) return most;
  // A limit of one page would read as none (ZASL 0).
  if (maxAppendBytes < 8192 || maxAppendBytes > most) {
    const expected = `from 8192 to ${most} bytes`;
    throw new ConfigError('controller.maxAppendBytes', maxAppendBytes, expected);
  }
  return checkTransfer(maxAppendBytes, 'maxAppendBytes');
}

function checkTransfer(maxTransferBytes: number, key = 'maxTransferBytes'): number {
  const pages = maxTransferBytes / 4096;
  if (!Number.isInteger(pages) || pages < 1 || pages > 1 << 18 || (pages & (pages - 1)) !== 0) {
    const expected = '4096 times a power of two, 1 GiB at most';
    throw new ConfigError(`controller.${key}`, maxTransferBytes, expected);
  }
  return maxTransferBytes;
}

function checkInFlight(maxInFlight: number): number {
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1 || maxInFlight > 65_536) {
    throw new ConfigError('controller.maxInFlight', maxInFlight, 'an integer 1..65536');
  }
  return maxInFlight;
}
