/**
 * What a device did, counted as `/proc/diskstats` counts it, from the events that its observer hears.
 *
 * Times go from the moment when a request came into being (G) to its end (C), in virtual time; a request is in flight from D to C. A write
 * that the flush machine takes apart ends with its data. Several requests may cover the same sectors: their times may then be exchanged,
 * which leaves all sums as they are.
 *
 * Does not model: `iostats` and `nomerges` switches; empty flushes of a partition count for its disk.
 */
import { BioOp } from '../interfaces/bio.ts';
import { BlockAction, type BlockObserver } from '../interfaces/block-observer.ts';
import type { Executor } from '../interfaces/executor.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const NS_PER_MS = 1_000_000;

/** Counters of one kind of I/O. */
export class DiskCounters {
  /** Requests that ended. */
  ios = 0;
  /** Bios and requests that were merged into a request. */
  merges = 0;
  /** 512-byte sectors. */
  sectors = 0;
  /** From G to C. */
  readonly latency = new LatencyHistogram();
  /** From D to C: the driver and what is below it. */
  readonly service = new LatencyHistogram();
}

/** How {@link DiskStats} counts. */
export interface DiskStatsOptions {
  /** Count only what lies in this range of the device, as for a partition; flushes count for the whole device alone. */
  readonly range?: { readonly startSector: number; readonly sectorCount: number };
}

/** An observer that counts. */
export class DiskStats implements BlockObserver {
  readonly read = new DiskCounters();
  readonly write = new DiskCounters();
  readonly discard = new DiskCounters();
  readonly flush = new DiskCounters();
  readonly #executor: Executor;
  readonly #from: number;
  readonly #to: number;
  readonly #isWhole: boolean;
  readonly #actions = new Float64Array(16);
  /** Requests that have not ended, oldest first. */
  readonly #open = new OpenList();
  #inFlight = 0;
  #busyNs = 0;
  #busySinceNs = 0;

  constructor(executor: Executor, options: DiskStatsOptions = {}) {
    this.#executor = executor;
    const { range } = options;
    this.#isWhole = range === undefined;
    this.#from = range?.startSector ?? 0;
    this.#to =
      range === undefined ? Number.MAX_SAFE_INTEGER : range.startSector + range.sectorCount;
  }

  /** Requests that the driver has now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Time during which there was a request, in nanoseconds. */
  get busyNs(): number {
    const isBusy = this.#open.head !== undefined;
    return this.#busyNs + (isBusy ? this.#executor.now - this.#busySinceNs : 0);
  }

  /** How many events of one kind there were. */
  countOf(action: BlockAction): number {
    return this.#actions[action]!;
  }

  /**
   * The numbers of a line of `/proc/diskstats`, and of `/sys/block/DEV/stat`: for reads and for writes ios, merges, sectors and ms; in
   * flight, ms busy, ms weighted; for discards as for reads; ios and ms of flushes.
   */
  fields(): number[] {
    const { read, write, discard, flush } = this;
    const sumNs = [read, write, discard, flush].reduce((sum, each) => sum + each.latency.sumNs, 0);
    const four = (kind: DiskCounters) => [kind.ios, kind.merges, kind.sectors, msOf(kind)];
    return [
      ...four(read),
      ...four(write),
      this.#inFlight,
      Math.floor(this.busyNs / NS_PER_MS),
      Math.floor(sumNs / NS_PER_MS),
      ...four(discard),
      flush.ios,
      msOf(flush),
    ];
  }

  event(
    action: BlockAction,
    ioId: number,
    op: BioOp,
    _flags: number,
    sector: number,
    sectorCount: number,
  ): void {
    const isPlug =
      action === BlockAction.plugged ||
      action === BlockAction.unplugged ||
      action === BlockAction.unplugTimer;
    // An empty flush lies nowhere: it belongs to the whole device.
    const isHere = sectorCount === 0 ? this.#isWhole : sector >= this.#from && sector < this.#to;
    if (!isPlug && !isHere) return;
    this.#actions[action]! += 1;
    if (action === BlockAction.gotRequest) {
      this.#got(ioId, op, sector, sectorCount);
    } else if (action === BlockAction.backMerged || action === BlockAction.frontMerged) {
      this.#merged(ioId, op, sector, sectorCount);
    } else if (action === BlockAction.issued) {
      this.#issued(ioId, op, sector, sectorCount);
    } else if (action === BlockAction.requeued) {
      this.#requeued(op, sector, sectorCount);
    } else if (action === BlockAction.completed) {
      this.#completed(ioId, op, sector, sectorCount);
    }
  }

  /** A counts only as an event. */
  remapped(_ioId: number, _op: BioOp, _flags: number, sector: number): void {
    if (sector >= this.#from && sector < this.#to) this.#actions[REMAP]! += 1;
  }

  #of(op: BioOp): DiskCounters {
    if (op === BioOp.read) return this.read;
    return op === BioOp.discard ? this.discard : this.write;
  }

  #got(ioId: number, op: BioOp, sector: number, sectorCount: number): OpenRequest {
    const { now } = this.#executor;
    if (this.#open.head === undefined) this.#busySinceNs = now;
    const open = this.#open.push();
    open.ioId = ioId;
    open.op = op;
    open.sector = sector;
    open.sectorCount = sectorCount;
    open.isIssued = false;
    open.gotNs = now;
    return open;
  }

  #merged(ioId: number, op: BioOp, sector: number, sectorCount: number): void {
    this.#of(op).merges += 1;
    // A request that was merged into another one ends here; a bio had none.
    for (let open = this.#open.head; open !== undefined; open = open.next) {
      const isSame = open.ioId === ioId && open.op === op && open.sector === sector;
      if (isSame && open.sectorCount === sectorCount && !open.isIssued) {
        this.#close(open);
        return;
      }
    }
  }

  #issued(ioId: number, op: BioOp, sector: number, sectorCount: number): void {
    // The flush machine's own request, and a driver's, were never got.
    const found = sectorCount === 0 ? undefined : this.#find(op, sector, sectorCount, false);
    const open = found ?? this.#got(ioId, op, sector, sectorCount);
    open.sector = sector;
    open.sectorCount = sectorCount;
    open.isIssued = true;
    open.issuedNs = this.#executor.now;
    this.#inFlight += 1;
  }

  #requeued(op: BioOp, sector: number, sectorCount: number): void {
    const open = this.#findIssued(op, sector, sectorCount);
    // A request that the driver refused was not issued.
    if (open === undefined) return;
    open.isIssued = false;
    this.#inFlight -= 1;
  }

  #completed(ioId: number, op: BioOp, sector: number, sectorCount: number): void {
    const open = this.#findIssued(op, sector, sectorCount);
    if (open === undefined) {
      // The end of an empty flush, which as a request had nothing to issue.
      const empty = sectorCount === 0 ? this.#findEmpty(ioId, op) : undefined;
      if (empty !== undefined) this.#end(empty, this.write);
      return;
    }
    const kind = op === BioOp.flush ? this.flush : this.#of(op);
    kind.sectors += sectorCount;
    if (sectorCount < open.sectorCount) {
      open.sector += sectorCount;
      open.sectorCount -= sectorCount;
      return;
    }
    this.#inFlight -= 1;
    kind.service.add(this.#executor.now - open.issuedNs);
    this.#end(open, kind);
  }

  #end(open: OpenRequest, kind: DiskCounters): void {
    kind.ios += 1;
    kind.latency.add(this.#executor.now - open.gotNs);
    this.#close(open);
  }

  #close(open: OpenRequest): void {
    this.#open.remove(open);
    if (this.#open.head === undefined) this.#busyNs += this.#executor.now - this.#busySinceNs;
  }

  /** The oldest request of this operation inside the range. */
  #find(
    op: BioOp,
    sector: number,
    sectorCount: number,
    isIssued: boolean,
  ): OpenRequest | undefined {
    let open = this.#open.head;
    for (; open !== undefined; open = open.next) {
      const isInside =
        open.sector >= sector && open.sector + open.sectorCount <= sector + sectorCount;
      const isOne = open.op === op && open.isIssued === isIssued && isInside;
      if (isOne && open.sectorCount > 0) return open;
    }
    return open;
  }

  /** The request that the driver has, of which this is the whole or the first part. */
  #findIssued(op: BioOp, sector: number, sectorCount: number): OpenRequest | undefined {
    let open = this.#open.head;
    for (; open !== undefined; open = open.next) {
      if (open.op !== op || !open.isIssued) continue;
      const isEmpty = sectorCount === 0 && open.sectorCount === 0;
      const isPart = sectorCount > 0 && open.sector === sector && sectorCount <= open.sectorCount;
      if (isEmpty || isPart) return open;
    }
    return open;
  }

  #findEmpty(ioId: number, op: BioOp): OpenRequest | undefined {
    let open = this.#open.head;
    for (; open !== undefined; open = open.next) {
      if (open.sectorCount === 0 && !open.isIssued && open.op === op && open.ioId === ioId) break;
    }
    return open;
  }
}

/** A line of `/proc/diskstats`. */
export function formatDiskstats(
  stats: DiskStats,
  name: string,
  { major = 254, minor = 0 }: { major?: number; minor?: number } = {},
): string {
  return `${String(major).padStart(4)} ${String(minor).padStart(7)} ${name} ${stats.fields().join(' ')}`;
}

/** Number of A among the actions of a block trace. */
const REMAP = 15;

function msOf(kind: DiskCounters): number {
  return Math.floor(kind.latency.sumNs / NS_PER_MS);
}

/** A request that has not ended. */
class OpenRequest {
  ioId = 0;
  op: BioOp = BioOp.read;
  sector = 0;
  sectorCount = 0;
  isIssued = false;
  gotNs = 0;
  issuedNs = 0;
  next: OpenRequest | undefined = undefined;
  previous: OpenRequest | undefined = undefined;
}

/** Requests in the order in which they came; as many slots as there ever were at once. */
class OpenList {
  head: OpenRequest | undefined = undefined;
  #tail: OpenRequest | undefined = undefined;
  #free: OpenRequest | undefined = undefined;

  push(): OpenRequest {
    const open = this.#free ?? new OpenRequest();
    this.#free = open.next;
    open.next = undefined;
    open.previous = this.#tail;
    if (this.#tail === undefined) this.head = open;
    else this.#tail.next = open;
    this.#tail = open;
    return open;
  }

  remove(open: OpenRequest): void {
    const { next, previous } = open;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    open.next = this.#free;
    this.#free = open;
  }
}
