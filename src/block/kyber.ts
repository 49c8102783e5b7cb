/**
 * The scheduler `kyber`: reads, writes, discards and the rest are domains of their own, each with a number of requests that may be in flight.
 *
 * Requests leave in batches of one domain, as long as it has tokens. Ten times a second the latencies of the last while decide how many tokens
 * each domain has: when the device itself is slow (a tenth of its latencies above their target) domains that meet their target are given
 * fewer, those that miss it more.
 *
 * Does not model: software queues of several CPUs.
 */
import { type Bio, BioOp } from '../interfaces/bio.ts';
import type { Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import type { BioWalk } from './bio-walk.ts';
import { type BlkRequest, RequestList } from './blk-request.ts';
import { type IoScheduler, mergeIntoNewest, type SchedulerHost } from './io-scheduler.ts';
import { MergeKind } from './merge-rule.ts';

/** Parameters by their sysfs names in camel case; nanoseconds. */
export interface KyberParameters {
  /** `read_lat_nsec`: what reads should take; 2 ms unless given. */
  readLatNsec?: number;
  /** `write_lat_nsec`: what writes should take; 10 ms unless given. */
  writeLatNsec?: number;
}

/** The domains, in the order in which they take turns. */
export const KyberDomain = { read: 0, write: 1, discard: 2, other: 3 } as const;

/** Most requests of each domain in flight, which is also where they start. */
export const KYBER_DEPTHS: readonly number[] = [256, 128, 64, 16];

const BATCH_SIZES: readonly number[] = [16, 8, 1, 1];
const DOMAINS = 4;
/** Latencies are counted in eight classes, each a quarter of the target wide; the last takes all above. */
const BUCKETS = 8;
const GOOD_BUCKETS = 4;
const PERIOD_NS = 100_000_000;
/** A percentile of fewer latencies than this waits, for a second at most. */
const ENOUGH_SAMPLES = 500;
const PATIENCE_NS = 1_000_000_000;

/** Latencies of one kind and domain, and what can be said of them. */
class Latencies {
  readonly #counts = new Int32Array(BUCKETS);
  #total = 0;
  #sinceNs = 0;

  add(latencyNs: number, targetNs: number): void {
    const quarters = Math.floor((latencyNs * GOOD_BUCKETS) / targetNs);
    const bucket = Math.min(BUCKETS - 1, Math.max(0, quarters));
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.#total += 1;
  }

  /** The class that so many hundredths do not exceed, or -1 when too little is known; then it starts anew. */
  percentile(hundredths: number, now: number): number {
    if (this.#total === 0) return -1;
    if (this.#sinceNs === 0) this.#sinceNs = now + PATIENCE_NS;
    if (this.#total < ENOUGH_SAMPLES && now < this.#sinceNs) return -1;
    this.#sinceNs = 0;
    let left = Math.ceil((this.#total * hundredths) / 100);
    let bucket = 0;
    while (bucket < BUCKETS - 1 && this.#counts[bucket]! < left) {
      left -= this.#counts[bucket]!;
      bucket += 1;
    }
    this.#counts.fill(0);
    this.#total = 0;
    return bucket;
  }
}

/** See the file header. */
export class KyberScheduler implements IoScheduler {
  readonly name = 'kyber';
  readonly isDirect = false;
  /** Requests of each domain that may be in flight now. */
  readonly depths: number[] = [...KYBER_DEPTHS];
  readonly #targetsNs: readonly number[];
  /** By hardware queue and domain. */
  #lists: RequestList[] = [];
  #domains: number[] = [];
  #batching: number[] = [];
  readonly #inFlight = [0, 0, 0, 0];
  readonly #total = [new Latencies(), new Latencies(), new Latencies()];
  readonly #device = [new Latencies(), new Latencies(), new Latencies()];
  readonly #lastPercentile = [-1, -1, -1];
  #host: SchedulerHost | undefined = undefined;
  readonly #task: Task = makeTask('kyber', () => this.#adapt(), true);

  constructor(parameters: KyberParameters = {}) {
    const { readLatNsec = 2_000_000, writeLatNsec = 10_000_000 } = parameters;
    this.#targetsNs = [readLatNsec, writeLatNsec, 5_000_000_000];
  }

  attach(host: SchedulerHost): void {
    this.#host = host;
    const queues = host.hardwareQueueCount;
    this.#lists = Array.from({ length: queues * DOMAINS }, () => new RequestList());
    this.#domains = new Array<number>(queues).fill(0);
    this.#batching = new Array<number>(queues).fill(0);
  }

  slotLimit(op: BioOp, flags: number, slots: number): number {
    const isSync = op === BioOp.read || (flags & 7) !== 0;
    return isSync ? slots : Math.max(1, Math.floor((slots * 3) / 4));
  }

  mergeBio(walk: BioWalk, bio: Bio, sectors: number): MergeKind {
    const domain = domainOf(bio.op);
    for (let i = domain; i < this.#lists.length; i += DOMAINS) {
      const kind = mergeIntoNewest(this.#host!, this.#lists[i]!, walk, bio, sectors);
      if (kind !== MergeKind.none) return kind;
    }
    return MergeKind.none;
  }

  insert(request: BlkRequest, atHead: boolean): void {
    const domain = domainOf(request.op);
    request.domain = domain;
    this.#host!.inserted(request);
    const list = this.#lists[request.hardwareQueue * DOMAINS + domain]!;
    if (atHead) list.unshift(request);
    else list.push(request);
  }

  hasWork(hardwareQueue: number): boolean {
    const first = hardwareQueue * DOMAINS;
    for (let i = first; i < first + DOMAINS; i++) {
      if (this.#lists[i]!.head !== undefined) return true;
    }
    return false;
  }

  dispatch(hardwareQueue: number): BlkRequest | undefined {
    const domain = this.#domains[hardwareQueue]!;
    if (this.#batching[hardwareQueue]! < BATCH_SIZES[domain]!) {
      const request = this.#take(hardwareQueue, domain);
      if (request !== undefined) return request;
    }
    this.#batching[hardwareQueue] = 0;
    for (let i = 1; i <= DOMAINS; i++) {
      const next = (domain + i) % DOMAINS;
      this.#domains[hardwareQueue] = next;
      const request = this.#take(hardwareQueue, next);
      if (request !== undefined) return request;
    }
    return undefined;
  }

  ended(request: BlkRequest): void {
    const { domain } = request;
    const isFull = this.#inFlight[domain]! >= this.depths[domain]!;
    this.#inFlight[domain] = this.#inFlight[domain]! - 1;
    if (isFull) this.#host!.run();
    if (domain === KyberDomain.other) return;
    const { executor } = this.#host!;
    const target = this.#targetsNs[domain]!;
    this.#total[domain]!.add(executor.now - request.insertedNs, target);
    this.#device[domain]!.add(executor.now - request.startedNs, target);
    if (this.#task.slot === -1) executor.schedule(this.#task, executor.now + PERIOD_NS);
  }

  #take(hardwareQueue: number, domain: number): BlkRequest | undefined {
    const list = this.#lists[hardwareQueue * DOMAINS + domain]!;
    if (list.head === undefined || this.#inFlight[domain]! >= this.depths[domain]!) {
      return undefined;
    }
    this.#inFlight[domain] = this.#inFlight[domain]! + 1;
    this.#batching[hardwareQueue] = this.#batching[hardwareQueue]! + 1;
    return list.shift();
  }

  #adapt(): void {
    const { now } = this.#host!.executor;
    let isSlow = false;
    for (const latencies of this.#device) {
      if (latencies.percentile(90, now) >= GOOD_BUCKETS) isSlow = true;
    }
    for (let domain = 0; domain < DOMAINS - 1; domain++) {
      let percentile = this.#total[domain]!.percentile(99, now);
      if (isSlow) {
        if (percentile < 0) percentile = this.#lastPercentile[domain]!;
        this.#lastPercentile[domain] = -1;
      } else if (percentile >= 0) {
        this.#lastPercentile[domain] = percentile;
      }
      if (percentile < 0) continue;
      if (!isSlow && percentile < GOOD_BUCKETS) continue;
      const wanted = Math.floor((this.depths[domain]! * (percentile + 1)) / GOOD_BUCKETS);
      this.depths[domain] = Math.min(KYBER_DEPTHS[domain]!, Math.max(1, wanted));
    }
    this.#host!.run();
  }
}

function domainOf(op: BioOp): number {
  if (op === BioOp.read) return KyberDomain.read;
  if (op === BioOp.write) return KyberDomain.write;
  return op === BioOp.discard ? KyberDomain.discard : KyberDomain.other;
}
