/** What a queue did, counted as `/sys/block/DEV/stat` counts it. */
import { BioOp } from '../interfaces/bio.ts';

/** Counters of one kind of I/O. */
export interface IoCounters {
  /** Requests that ended. */
  ios: number;
  /** Bios that were merged into a request that was there already. */
  merges: number;
  /** 512-byte sectors. */
  sectors: number;
  /** Sum of the times from hand-over to the driver to end, in nanoseconds. */
  ns: number;
}

/** Counters of a queue; all numbers are sums since it was made. */
export class QueueStats {
  readonly read: IoCounters = counters();
  readonly write: IoCounters = counters();
  readonly discard: IoCounters = counters();
  /** Flushes that the flush machine issued; they have no sectors. */
  readonly flush: IoCounters = counters();
  /** Requests that the driver has now. */
  inFlight = 0;
  /** Most requests that the driver ever had at once. */
  mostInFlight = 0;
  /** Time during which the driver had at least one, in nanoseconds. */
  busyNs = 0;
  /** Sum over time of the number that the driver had, in nanoseconds. */
  weightedNs = 0;
  #changedNs = 0;

  /** The counters that an operation belongs to. */
  of(op: BioOp): IoCounters {
    if (op === BioOp.read) return this.read;
    if (op === BioOp.flush) return this.flush;
    return op === BioOp.discard ? this.discard : this.write;
  }

  /** The driver took a request. */
  started(now: number): void {
    this.#advance(now);
    this.inFlight += 1;
    if (this.inFlight > this.mostInFlight) this.mostInFlight = this.inFlight;
  }

  /** The driver ended a request that it took at `startedNs`. */
  ended(now: number, op: BioOp, sectorCount: number, startedNs: number): void {
    this.#advance(now);
    this.inFlight -= 1;
    const kind = this.of(op);
    kind.ios += 1;
    kind.sectors += sectorCount;
    kind.ns += now - startedNs;
  }

  /** The driver gave a request back, with so many sectors done. */
  requeued(now: number, op: BioOp, sectorsDone: number): void {
    this.#advance(now);
    this.inFlight -= 1;
    this.of(op).sectors += sectorsDone;
  }

  #advance(now: number): void {
    const passed = now - this.#changedNs;
    if (passed !== 0 && this.inFlight > 0) {
      this.busyNs += passed;
      this.weightedNs += passed * this.inFlight;
    }
    this.#changedNs = now;
  }
}

function counters(): IoCounters {
  return { ios: 0, merges: 0, sectors: 0, ns: 0 };
}
