/**
 * Latencies in a log-linear histogram with fio's buckets: exact below 128 ns, then 64 buckets to each power of two (an error of
 * 0.8 % at most), up to 2^53 ns.
 */

/** Bits that a bucket keeps below the leading one. */
const BITS = 6;
const PER_GROUP = 1 << BITS;
/** Leading bits 0..6 are exact and share the first two groups; 7..52 have one each. */
const BUCKETS = (53 - BITS + 1) * PER_GROUP;

/** Percentiles that fio shows. */
export const PERCENTILES: readonly number[] = [
  1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99,
];

/** Numbers are kept in one array, so that adding one makes no garbage. */
const COUNT = 0;
const MIN = 1;
const MAX = 2;
const MEAN = 3;
/** Sum of squared distances from the mean. */
const SPREAD = 4;

/** Collects latencies in nanoseconds. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(BUCKETS);
  readonly #totals = new Float64Array(5);

  /** How many latencies there are. */
  get count(): number {
    return this.#totals[COUNT]!;
  }

  /** The least, or 0 when there are none. */
  get min(): number {
    return this.#totals[MIN]!;
  }

  /** The greatest, or 0 when there are none. */
  get max(): number {
    return this.#totals[MAX]!;
  }

  /** The mean, or 0 when there are none. */
  get mean(): number {
    return this.#totals[MEAN]!;
  }

  /** The standard deviation of a sample, or 0 when there are less than two. */
  get stddev(): number {
    return this.count < 2 ? 0 : Math.sqrt(this.#totals[SPREAD]! / (this.count - 1));
  }

  /** Adds one latency: an integer of 0 and more. */
  add(ns: number): void {
    const totals = this.#totals;
    this.#buckets[bucketOf(ns)]! += 1;
    const count = totals[COUNT]! + 1;
    if (count === 1 || ns < totals[MIN]!) totals[MIN] = ns;
    if (ns > totals[MAX]!) totals[MAX] = ns;
    const from = ns - totals[MEAN]!;
    totals[COUNT] = count;
    totals[MEAN]! += from / count;
    totals[SPREAD]! += from * (ns - totals[MEAN]!);
  }

  /** Adds all latencies of another one. */
  merge(other: LatencyHistogram): void {
    if (other.count === 0) return;
    for (let i = 0; i < BUCKETS; i++) this.#buckets[i]! += other.#buckets[i]!;
    const totals = this.#totals;
    const before = this.count;
    const count = before + other.count;
    const apart = other.mean - this.mean;
    totals[MIN] = before === 0 ? other.min : Math.min(this.min, other.min);
    totals[MAX] = Math.max(this.max, other.max);
    totals[SPREAD]! += other.#totals[SPREAD]! + (apart * apart * before * other.count) / count;
    totals[MEAN]! += (apart * other.count) / count;
    totals[COUNT] = count;
  }

  /** The middle of the bucket that `percent` of all latencies do not exceed; 0 when there are none. */
  percentile(percent: number): number {
    const wanted = (percent / 100) * this.count;
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#buckets[i]!;
      if (seen > 0 && seen >= wanted) return middleOf(i);
    }
    return 0;
  }
}

function bucketOf(ns: number): number {
  if (ns < 2 * PER_GROUP) return ns;
  if (ns <= 0x7fff_ffff) {
    const shift = 31 - Math.clz32(ns) - BITS;
    return shift * PER_GROUP + (ns >>> shift);
  }
  let shift = 0;
  let rest = ns;
  for (; rest > 0x7fff_ffff; shift += 16) rest = Math.floor(rest / 0x1_0000);
  const more = 31 - Math.clz32(rest) - BITS;
  return (shift + more) * PER_GROUP + (rest >>> more);
}

function middleOf(bucket: number): number {
  const group = bucket >> BITS;
  if (group < 2) return bucket;
  const width = 2 ** (group - 1);
  return ((bucket & (PER_GROUP - 1)) + PER_GROUP + 0.5) * width;
}
