/** What a driver can be told at construction, and its limits. */
import { ConfigError } from '../base/assert.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import type { NvmeAsyncEvent } from './event-listener.ts';

/** How long a command may take, 30 s of virtual time. */
export const COMMAND_TIMEOUT_NS = 30_000_000_000;
/** How long a command of the admin queue may take, 60 s of virtual time. */
export const ADMIN_TIMEOUT_NS = 60_000_000_000;

/** No timeout is longer, so that sums of times stay exact: 2^52 ns, 52 days. */
export const LONGEST_TIMEOUT_NS = 2 ** 52;

/** Options of an `NvmeDriver`; all have defaults. */
export interface NvmeDriverOptions {
  /** I/O queue pairs to ask for, 1..1024; the controller may grant fewer. Default 1. */
  ioQueues?: number;
  /** Entries of an I/O queue, 2..65536, cut to what the controller has. Default 256. */
  queueEntries?: number;
  /** Entries of the admin queue, 2..4096. Default 32. */
  adminQueueEntries?: number;
  /** Bytes of a memory page, a power of two 4096..65536 that the controller must support. Default 4096. */
  pageBytes?: number;
  /** Most data bytes of one command, cut to what the controller has; a multiple of the page. Default 1 MiB. */
  maxTransferBytes?: number;
  /** Messages where the function has them, or the pin. Default 'msix'. */
  interrupts?: 'msix' | 'pin';
  /** How long a command may take before something is done about it, in virtual nanoseconds. Default {@link COMMAND_TIMEOUT_NS}. */
  timeoutNs?: number;
  /** The same for commands of the admin queue. Default {@link ADMIN_TIMEOUT_NS}. */
  adminTimeoutNs?: number;
  /** How many of the I/O queues, the last ones, have no interrupts and are polled. Default 0. */
  polledQueues?: number;
  /** Keep doorbells in memory where the controller takes Doorbell Buffer Config. Default true. */
  shadowDoorbells?: boolean;
  /**
   * Mean bytes of a segment from which data goes by an SGL where the controller takes SGLs; 0 for only what PRPs cannot say. Default
   * 32 KiB.
   */
  sglThresholdBytes?: number;
  /**
   * What is done about a path error that may be retried: 'retry' on the same path, or 'end' with it, for a submitter with another path.
   * Default 'retry'.
   */
  pathErrors?: 'retry' | 'end';
  /** Hears of asynchronous events; called from a task. */
  asyncEvent?: (event: NvmeAsyncEvent) => void;
  /** Hears that the namespaces were scanned again, because the controller said that they changed; called from a task. */
  namespacesChanged?: (namespaces: readonly NvmeNamespaceInfo[]) => void;
  /** What things cost in virtual time. Default: nothing. */
  costs?: CostTable;
  /** Receives the events of the `nvme-driver` layer. */
  tracer?: Tracer | undefined;
  /** Owner of its tasks. Default `nvme-driver`. */
  owner?: string;
}

/** Options with every default filled in. */
export type ResolvedDriverOptions = Required<NvmeDriverOptions>;

/** Fills in the defaults. @throws ConfigError for a value out of its range */
export function resolveDriverOptions(options: NvmeDriverOptions): ResolvedDriverOptions {
  const pageBytes = options.pageBytes ?? 4096;
  const resolved: ResolvedDriverOptions = {
    ioQueues: options.ioQueues ?? 1,
    queueEntries: options.queueEntries ?? 256,
    adminQueueEntries: options.adminQueueEntries ?? 32,
    pageBytes,
    maxTransferBytes: options.maxTransferBytes ?? 1 << 20,
    interrupts: options.interrupts ?? 'msix',
    timeoutNs: options.timeoutNs ?? COMMAND_TIMEOUT_NS,
    adminTimeoutNs: options.adminTimeoutNs ?? ADMIN_TIMEOUT_NS,
    polledQueues: options.polledQueues ?? 0,
    shadowDoorbells: options.shadowDoorbells ?? true,
    sglThresholdBytes: options.sglThresholdBytes ?? 32_768,
    pathErrors: options.pathErrors ?? 'retry',
    asyncEvent: options.asyncEvent ?? (() => undefined),
    namespacesChanged: options.namespacesChanged ?? (() => undefined),
    costs: options.costs ?? NO_COSTS,
    tracer: options.tracer,
    owner: options.owner ?? 'nvme-driver',
  };
  checkRange('ioQueues', resolved.ioQueues, 1, 1024);
  checkRange('queueEntries', resolved.queueEntries, 2, 65_536);
  checkRange('adminQueueEntries', resolved.adminQueueEntries, 2, 4096);
  checkRange('pageBytes', pageBytes, 4096, 65_536);
  if ((pageBytes & (pageBytes - 1)) !== 0) {
    throw new ConfigError('pageBytes', pageBytes, 'a power of two');
  }
  checkRange('maxTransferBytes', resolved.maxTransferBytes, pageBytes, 1 << 26);
  if (resolved.maxTransferBytes % pageBytes !== 0) {
    throw new ConfigError('maxTransferBytes', resolved.maxTransferBytes, 'a multiple of the page');
  }
  checkRange('timeoutNs', resolved.timeoutNs, 1, LONGEST_TIMEOUT_NS);
  checkRange('adminTimeoutNs', resolved.adminTimeoutNs, 1, LONGEST_TIMEOUT_NS);
  checkRange('polledQueues', resolved.polledQueues, 0, resolved.ioQueues);
  checkRange('sglThresholdBytes', resolved.sglThresholdBytes, 0, 1 << 26);
  return resolved;
}

function checkRange(path: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ConfigError(path, value, `an integer from ${low} to ${high}`);
}
