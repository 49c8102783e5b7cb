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

const NS_PER_HOUR = 3_600_000_000_000;

/** Counters of one controller since it was made. */
export class Health {
  /** Reads, writes, 512-byte units read and written, media errors: doubles, which a hot path adds to without garbage. */
  readonly #counts = new Float64Array(5);

  /** Counts a command that the LIO core ended; `units` are 512-byte units. */
  countIo(op: TargetOp, units: number, status: TargetStatus): void {
    if (status === TargetStatus.good) {
      if (op > TargetOp.write) return;
      this.#counts[op]! += 1;
      this.#counts[2 + op]! += units;
    } else if (
      status === TargetStatus.mediumReadError ||
      status === TargetStatus.mediumWriteError
    ) {
      this.#counts[4]! += 1;
    }
  }

  /** Writes the log page to `into`; returns its length in bytes. */
  writeTo(into: Uint8Array, errors: number, isTooHot: boolean, nowNs: number): number {
    const view = new DataView(into.buffer, into.byteOffset);
    const counts = this.#counts;
    into.fill(0, 0, SMART_LOG_BYTES);
    smartLog.criticalWarning.set(view, 0, isTooHot ? 2 : 0);
    smartLog.compositeTemperature.set(view, 0, COMPOSITE_KELVIN);
    smartLog.availableSpare.set(view, 0, 100);
    smartLog.availableSpareThreshold.set(view, 0, 10);
    smartLog.hostReadCommands.set(view, 0, counts[0]!);
    smartLog.hostWriteCommands.set(view, 0, counts[1]!);
    smartLog.dataUnitsRead.set(view, 0, Math.ceil(counts[2]! / 1000));
    smartLog.dataUnitsWritten.set(view, 0, Math.ceil(counts[3]! / 1000));
    smartLog.powerCycles.set(view, 0, 1);
    smartLog.powerOnHours.set(view, 0, Math.floor(nowNs / NS_PER_HOUR));
    smartLog.mediaErrors.set(view, 0, counts[4]!);
    smartLog.errorLogEntries.set(view, 0, errors);
    return SMART_LOG_BYTES;
  }
}
