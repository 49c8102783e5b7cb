/**
 * What the controller counts for its SMART / health log. NVMe Base 2.0, 5.16.1.3.
 *
 * Does not model: power cycles (there has been one), wear, spare blocks, controller busy time; the temperature stays where it is, so only thresholds cross it.
 */
import { TargetOp, TargetStatus } from '../../interfaces/target.ts';
import { SMART_LOG_BYTES, smartLog } from '../../wire/nvme-logs.ts';

/** Composite temperature in kelvin. */
export const COMPOSITE_KELVIN = 310;
/** Warning composite temperature (WCTEMP), the default of the over-temperature threshold. */
export const WARNING_KELVIN = 343;
/** Critical composite temperature (CCTEMP). */
export const CRITICAL_KELVIN = 373;

/** Counters of each namespace. */
const COUNTERS = 5;
const NS_PER_HOUR = 3_600_000_000_000;

/** Counters of one controller since it was made. */
export class Health {
  /** By namespace: reads, writes, 512-byte units read and written, media errors: doubles, which a hot path adds to without garbage. */
  readonly #counts: Float64Array;

  /** @param maxNsid the largest namespace id that is counted for */
  constructor(maxNsid: number) {
    this.#counts = new Float64Array(COUNTERS * (maxNsid + 1));
  }

  /** Counts a command on namespace `nsid` that the LIO core ended; `units` are 512-byte units. */
  countIo(nsid: number, op: TargetOp, units: number, status: TargetStatus): void {
    const at = COUNTERS * nsid;
    if (status === TargetStatus.good) {
      if (op > TargetOp.write) return;
      this.#counts[at + op]! += 1;
      this.#counts[at + 2 + op]! += units;
    } else if (
      status === TargetStatus.mediumReadError ||
      status === TargetStatus.mediumWriteError
    ) {
      this.#counts[at + 4]! += 1;
    }
  }

  /** A counter of one namespace, or of all together for namespace id 0. */
  #sum(counter: number, nsid: number): number {
    if (nsid !== 0) return this.#counts[COUNTERS * nsid + counter]!;
    let sum = 0;
    for (let at = counter; at < this.#counts.length; at += COUNTERS) sum += this.#counts[at]!;
    return sum;
  }

  /** Writes the log page to `into`; returns its length in bytes. @param nsid of one namespace, or 0 for all together */
  writeTo(
    into: Uint8Array,
    nsid: number,
    errors: number,
    isTooHot: boolean,
    nowNs: number,
  ): number {
    const view = new DataView(into.buffer, into.byteOffset);
    into.fill(0, 0, SMART_LOG_BYTES);
    smartLog.criticalWarning.set(view, 0, isTooHot ? 2 : 0);
    smartLog.compositeTemperature.set(view, 0, COMPOSITE_KELVIN);
    smartLog.availableSpare.set(view, 0, 100);
    smartLog.availableSpareThreshold.set(view, 0, 10);
    smartLog.hostReadCommands.set(view, 0, this.#sum(0, nsid));
    smartLog.hostWriteCommands.set(view, 0, this.#sum(1, nsid));
    smartLog.dataUnitsRead.set(view, 0, Math.ceil(this.#sum(2, nsid) / 1000));
    smartLog.dataUnitsWritten.set(view, 0, Math.ceil(this.#sum(3, nsid) / 1000));
    smartLog.powerCycles.set(view, 0, 1);
    smartLog.powerOnHours.set(view, 0, Math.floor(nowNs / NS_PER_HOUR));
    smartLog.mediaErrors.set(view, 0, this.#sum(4, nsid));
    smartLog.errorLogEntries.set(view, 0, errors);
    return SMART_LOG_BYTES;
  }
}
