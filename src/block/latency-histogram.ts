/** How often an operation took how long, in buckets that double. */

/** Buckets: the last one begins at 2^52 ns, some 52 days. */
const BUCKETS = 53;

/** Counts of times in virtual nanoseconds: bucket k holds 2^k .. 2^(k+1) - 1, bucket 0 also 0. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  /** How many times were added. */
  count = 0;
  /** Their sum, in nanoseconds. */
  sumNs = 0;
  /** The longest, in nanoseconds. */
  mostNs = 0;

  /** Adds one time. */
  add(ns: number): void {
    this.#counts[bucketOf(ns)]! += 1;
    this.count += 1;
    this.sumNs += ns;
    if (ns > this.mostNs) this.mostNs = ns;
  }

  /** How many times bucket `bucket` holds. */
  at(bucket: number): number {
    return this.#counts[bucket] ?? 0;
  }

  /**
   * The time below which `share` (0 to 1) of all lie, in nanoseconds: the end of its bucket, or the longest of all; 0 when there are none.
   */
  quantileNs(share: number): number {
    let left = Math.ceil(share * this.count);
    if (this.count === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return Math.min(2 ** (bucket + 1) - 1, this.mostNs);
    }
    return this.mostNs;
  }

  /** One line for each bucket from the first to the last that is used: bounds in nanoseconds, count, and a bar. */
  format(): string[] {
    const used = [...this.#counts.keys()].filter((bucket) => this.#counts[bucket]! > 0);
    const [first] = used;
    const last = used.at(-1);
    if (first === undefined || last === undefined) return [];
    const highest = Math.max(...this.#counts);
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const bucket = first + i;
      const count = this.#counts[bucket]!;
      const from = bucket === 0 ? 0 : 2 ** bucket;
      const bounds = `${String(from).padStart(10)} -> ${String(2 ** (bucket + 1) - 1).padEnd(10)}`;
      const bar = '*'.repeat(Math.ceil((count * 40) / highest)).padEnd(40);
      return `${bounds} : ${String(count).padEnd(8)} |${bar}|`;
    });
  }
}

function bucketOf(ns: number): number {
  if (ns < 1) return 0;
  if (ns <= 0xffff_ffff) return 31 - Math.clz32(ns);
  return Math.min(BUCKETS - 1, 63 - Math.clz32(Math.floor(ns / 0x1_0000_0000)));
}
