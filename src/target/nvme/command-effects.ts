/** The commands supported and effects log: what a controller takes, and what it changes. NVMe Base 2.0, 5.16.1.6. */
import { AdminOpcode, CommandSet, IoOpcode } from '../../wire/nvme-opcodes.ts';
import { OACS_DOORBELL_BUFFER } from '../../wire/nvme-sgl.ts';

/** Bytes of the log page. */
export const EFFECTS_LOG_BYTES = 4096;
/** Where the I/O commands begin. */
const IO_AT = 1024;

const SUPPORTED = 1;
/** The content of logical blocks changes. */
const CHANGES_BLOCKS = 2;

/** Admin commands that every controller takes, those that stay in the controller in front included. */
const ADMIN: readonly number[] = [
  AdminOpcode.deleteIoSq,
  AdminOpcode.createIoSq,
  AdminOpcode.getLogPage,
  AdminOpcode.deleteIoCq,
  AdminOpcode.createIoCq,
  AdminOpcode.identify,
  AdminOpcode.abort,
  AdminOpcode.setFeatures,
  AdminOpcode.getFeatures,
  AdminOpcode.asyncEventRequest,
];

/** What decides which optional commands there are. */
export interface OptionalCommands {
  readonly unmap: boolean;
  readonly writeZeroes: boolean;
  readonly hasZones: boolean;
}

/**
 * Writes the log page to the first 4096 bytes of `into`.
 *
 * @param oacs optional admin commands of the controller in front
 * @param set command set whose I/O commands are told
 */
export function writeEffectsLog(
  into: Uint8Array,
  optional: OptionalCommands,
  oacs: number,
  set: number,
): void {
  into.fill(0, 0, EFFECTS_LOG_BYTES);
  for (const opcode of ADMIN) into[4 * opcode] = SUPPORTED;
  if ((oacs & OACS_DOORBELL_BUFFER) !== 0) into[4 * AdminOpcode.doorbellBufferConfig] = SUPPORTED;
  into[IO_AT + 4 * IoOpcode.flush] = SUPPORTED;
  into[IO_AT + 4 * IoOpcode.read] = SUPPORTED;
  into[IO_AT + 4 * IoOpcode.compare] = SUPPORTED;
  into[IO_AT + 4 * IoOpcode.verify] = SUPPORTED;
  into[IO_AT + 4 * IoOpcode.write] = SUPPORTED | CHANGES_BLOCKS;
  if (optional.unmap) into[IO_AT + 4 * IoOpcode.datasetManagement] = SUPPORTED | CHANGES_BLOCKS;
  if (optional.hasZones && set === CommandSet.zoned) {
    into[IO_AT + 4 * IoOpcode.zoneManagementSend] = SUPPORTED | CHANGES_BLOCKS;
    into[IO_AT + 4 * IoOpcode.zoneManagementReceive] = SUPPORTED;
    into[IO_AT + 4 * IoOpcode.zoneAppend] = SUPPORTED | CHANGES_BLOCKS;
  }
  if (optional.writeZeroes) into[IO_AT + 4 * IoOpcode.writeZeroes] = SUPPORTED | CHANGES_BLOCKS;
}
