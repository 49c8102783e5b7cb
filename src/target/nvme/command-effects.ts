/** The commands supported and effects log: what a controller takes, and what it changes. NVMe Base 2.0, 5.16.1.6. */
import {
  adminEffects,
  ioEffects,
  type NvmeCapabilities,
  type UnitAbilities,
} from './capabilities.ts';

/** Bytes of the log page. */
export const EFFECTS_LOG_BYTES = 4096;
/** Where the I/O commands begin. */
const IO_AT = 1024;

/**
 * Writes the log page to the first 4096 bytes of `into`.
 *
 * @param oacs optional admin commands of the controller in front
 * @param set command set whose I/O commands are told
 */
export function writeEffectsLog(
  into: Uint8Array,
  can: NvmeCapabilities,
  units: UnitAbilities,
  oacs: number,
  set: number,
): void {
  const view = new DataView(into.buffer, into.byteOffset, EFFECTS_LOG_BYTES);
  into.fill(0, 0, EFFECTS_LOG_BYTES);
  const admin = adminEffects(can, units, oacs);
  const io = ioEffects(can, units, set);
  for (let opcode = 0; opcode < 256; opcode++) {
    view.setUint32(4 * opcode, admin[opcode]!, true);
    view.setUint32(IO_AT + 4 * opcode, io[opcode]!, true);
  }
}
