/** What stores the bytes of a logical unit: RD_MCP, nullio, FILEIO, IBLOCK, a medium, and wrappers around any of them. @packageDocumentation */
export { DelayBackend } from './delay-backend.ts';
export { FaultBackend } from './fault-backend.ts';
export { FILEIO_MAX_TRANSFER_BYTES, FileioBackend, type FileioOptions } from './fileio.ts';
export {
  IBLOCK_MAX_BIOS,
  IBLOCK_MAX_TRANSFER_BYTES,
  IblockBackend,
  type IblockOptions,
} from './iblock.ts';
export { ManualBackend } from './manual-backend.ts';
export {
  MEDIUM_MAX_TRANSFER_BYTES,
  MediumBackend,
  type MediumBackendOptions,
} from './medium-backend.ts';
export { MemoryFile, type MemoryFileOptions } from './memory-file.ts';
export { NullioBackend } from './nullio.ts';
export { PowerLossFile } from './power-loss-file.ts';
export { RD_MAX_TRANSFER_BYTES, RdMcpBackend, type RdMcpOptions } from './rd-mcp.ts';
export { ReadOnlyBackend } from './read-only-backend.ts';
export {
  type BackendStatistics,
  type OpStatistics,
  StatisticsBackend,
} from './statistics-backend.ts';
export { statusOfBlk, statusOfErrno, statusOfMedium } from './status-maps.ts';
export {
  type FileCounters,
  type FileStore,
  SyncFile,
  type SyncFileOptions,
} from './sync-file.ts';
export {
  USER_MAX_TRANSFER_BYTES,
  UserBackend,
  type UserDone,
  type UserStore,
} from './user.ts';
