/** The log pages of one controller: which there are, what they hold, and what reading them does. NVMe Base 2.0, 5.16. */
import type { Executor } from '../../interfaces/executor.ts';
import { LogPage } from '../../wire/nvme-opcodes.ts';
import type { ChangedNamespaces } from './changed-namespaces.ts';
import { EFFECTS_LOG_BYTES, writeEffectsLog } from './command-effects.ts';
import type { ErrorLog } from './error-log.ts';
import type { Features } from './features.ts';
import type { Health } from './health.ts';
import type { ControllerTraits } from './identify.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';
import type { SelfTest } from './self-test.ts';

/** Bytes of the supported log pages log. */
const SUPPORTED_LOG_BYTES = 1024;
const LOG_PAGES = 256;

/** Where the log pages come from. */
export interface LogSources {
  readonly executor: Executor;
  readonly subsystem: NvmeSubsystem;
  readonly traits: ControllerTraits;
  readonly features: Features;
  readonly errorLog: ErrorLog;
  readonly health: Health;
  readonly changed: ChangedNamespaces;
  readonly selfTest: SelfTest;
}

/** Does the controller have the log page? */
export function hasLogPage({ traits }: LogSources, page: number): boolean {
  const { can } = traits;
  switch (page) {
    case LogPage.errorInformation:
    case LogPage.smart:
    case LogPage.firmwareSlot:
    case LogPage.commandEffects:
      return true;
    case LogPage.supported:
      return can.supportedLogs;
    case LogPage.changedNamespaces:
      return can.namespaceAttachment;
    case LogPage.selfTest:
      return can.selfTest;
    case LogPage.sanitizeStatus:
      return can.sanitize;
    default:
      return false;
  }
}

/**
 * Writes a log page that there is to `into`, 4096 bytes; returns its length in bytes.
 *
 * @param nsid of a namespace, or 0 for all
 * @param set command set whose commands the effects log tells
 */
export function writeLogPage(
  sources: LogSources,
  page: number,
  nsid: number,
  set: number,
  into: Uint8Array,
): number {
  const { errorLog, features, health, executor, subsystem, traits } = sources;
  switch (page) {
    case LogPage.commandEffects:
      writeEffectsLog(into, traits.can, subsystem, traits.oacs, set);
      return EFFECTS_LOG_BYTES;
    case LogPage.changedNamespaces:
      return sources.changed.writeTo(into);
    case LogPage.errorInformation:
      return errorLog.writeTo(into);
    case LogPage.smart:
      return health.writeTo(into, nsid, errorLog.count, features.isBeyondThreshold, executor.now);
    case LogPage.selfTest:
      return sources.selfTest.writeTo(into);
    case LogPage.sanitizeStatus:
      return subsystem.sanitizer.writeTo(into);
    case LogPage.supported:
      return writeSupported(sources, into);
    default:
      return subsystem.firmwareSlots.writeTo(into);
  }
}

/** A bit in the entry of each log page that there is. NVMe Base 2.0, 5.16.1.1. */
function writeSupported(sources: LogSources, into: Uint8Array): number {
  into.fill(0, 0, SUPPORTED_LOG_BYTES);
  for (let page = 0; page < LOG_PAGES; page++) into[4 * page] = hasLogPage(sources, page) ? 1 : 0;
  return SUPPORTED_LOG_BYTES;
}
