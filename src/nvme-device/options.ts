/** What a controller can be told at construction, and its limits. */
import { ConfigError } from '../base/assert.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { NO_COSTS } from '../sim/cost-presets.ts';
import { DOORBELL_BASE } from '../wire/nvme-registers.ts';
import type { EventIndexPolicy } from './doorbell-buffer.ts';

/** Most I/O queue pairs of one controller. */
export const MAX_IO_QUEUES = 1024;
/** Most entries of one queue. NVMe Base 2.0, 3.3.3.3. */
export const MAX_QUEUE_ENTRIES = 65_536;
/** Most interrupt vectors: the MSI-X table holds no more. */
export const MAX_VECTORS = 2048;

/** Options of an `NvmeDeviceController`; all have defaults. */
export interface NvmeDeviceOptions {
  /** I/O queue pairs, 1..1024. Default 16. */
  ioQueues?: number;
  /** Most entries of an I/O queue, 2..65536 (CAP.MQES + 1). Default 1024. */
  maxQueueEntries?: number;
  /** Interrupt vectors, 1..2048. Default: one for each queue pair, the admin queue included. */
  vectorCount?: number;
  /** Doorbell stride: `4 << doorbellStride` bytes, 0..8 (CAP.DSTRD). Default 0. */
  doorbellStride?: number;
  /** Largest host page: `4096 << maxPageShift`, 0..4 (CAP.MPSMAX). Default 4, 64 KiB. */
  maxPageShift?: number;
  /** Supported command set selections as bits: 1 NVM, 64 all I/O command sets, 128 none (CAP.CSS). Default 1. */
  commandSets?: number;
  /** Worst case time to ready in units of 500 ms, 1..255 (CAP.TO). Default 15. */
  readyTimeoutUnits?: number;
  /** Virtual time from enable to ready, in nanoseconds. Default 0. */
  readyDelayNs?: number;
  /** Asynchronous Event Requests that are held at once, 1..256; the same as AERL + 1 of Identify. Default 4. */
  asyncEventLimit?: number;
  /** CC.AMS may select weighted round robin with urgent class (CAP.AMS). Default false. */
  weightedRoundRobin?: boolean;
  /** NSSR takes a subsystem reset (CAP.NSSRS). Default false. */
  subsystemReset?: boolean;
  /** When event indices of shadow doorbells are armed. Default 'empty'. */
  eventIndexPolicy?: EventIndexPolicy;
  /** With the policy 'idle', the longest that a shadow goes unseen, in virtual nanoseconds, 1 and up. Default 10 microseconds. */
  shadowPollNs?: number;
  /**
   * A page of the controller's memory that no guest uses: what bit buckets of SGLs swallow is written there. Needed when the port
   * advertises bit buckets in SGLS.
   */
  bitBucketGpa?: number;
  /** Version register; the same as VER of Identify. Default 2.0.0. */
  version?: number;
  /** What things cost in virtual time. Default: nothing. */
  costs?: CostTable;
  /** Receives the events of the `nvme-device` layer. */
  tracer?: Tracer | undefined;
}

/** Options with every default filled in. */
export type ResolvedDeviceOptions = Required<NvmeDeviceOptions>;

/** How many bytes the registers and doorbells of such a controller take. NVMe over PCIe 1.0, 3.1. */
export function registerBytesOf(options: NvmeDeviceOptions): number {
  const { ioQueues, doorbellStride } = resolveDeviceOptions(options);
  return DOORBELL_BASE + ((2 * (ioQueues + 1)) << (2 + doorbellStride));
}

/** Fills in the defaults. @throws ConfigError for a value out of its range */
export function resolveDeviceOptions(options: NvmeDeviceOptions): ResolvedDeviceOptions {
  const ioQueues = options.ioQueues ?? 16;
  const resolved: ResolvedDeviceOptions = {
    ioQueues,
    maxQueueEntries: options.maxQueueEntries ?? 1024,
    vectorCount: options.vectorCount ?? Math.min(ioQueues + 1, MAX_VECTORS),
    doorbellStride: options.doorbellStride ?? 0,
    maxPageShift: options.maxPageShift ?? 4,
    commandSets: options.commandSets ?? 1,
    readyTimeoutUnits: options.readyTimeoutUnits ?? 15,
    readyDelayNs: options.readyDelayNs ?? 0,
    asyncEventLimit: options.asyncEventLimit ?? 4,
    weightedRoundRobin: options.weightedRoundRobin ?? false,
    subsystemReset: options.subsystemReset ?? false,
    eventIndexPolicy: options.eventIndexPolicy ?? 'empty',
    shadowPollNs: options.shadowPollNs ?? 10_000,
    bitBucketGpa: options.bitBucketGpa ?? 0,
    version: options.version ?? 0x0002_0000,
    costs: options.costs ?? NO_COSTS,
    tracer: options.tracer,
  };
  checkRange('ioQueues', resolved.ioQueues, 1, MAX_IO_QUEUES);
  checkRange('maxQueueEntries', resolved.maxQueueEntries, 2, MAX_QUEUE_ENTRIES);
  checkRange('vectorCount', resolved.vectorCount, 1, MAX_VECTORS);
  checkRange('doorbellStride', resolved.doorbellStride, 0, 8);
  checkRange('maxPageShift', resolved.maxPageShift, 0, 4);
  checkRange('commandSets', resolved.commandSets, 1, 255);
  checkRange('readyTimeoutUnits', resolved.readyTimeoutUnits, 1, 255);
  checkRange('readyDelayNs', resolved.readyDelayNs, 0, resolved.readyTimeoutUnits * 500_000_000);
  checkRange('asyncEventLimit', resolved.asyncEventLimit, 1, 256);
  checkRange('shadowPollNs', resolved.shadowPollNs, 1, Number.MAX_SAFE_INTEGER);
  checkRange('bitBucketGpa', resolved.bitBucketGpa, 0, Number.MAX_SAFE_INTEGER - 4095);
  if (resolved.bitBucketGpa % 4096 !== 0) {
    throw new ConfigError('bitBucketGpa', resolved.bitBucketGpa, 'a multiple of 4096');
  }
  checkRange('version', resolved.version, 0, 0xffff_ffff);
  return resolved;
}

function checkRange(path: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ConfigError(path, value, `an integer from ${low} to ${high}`);
}
