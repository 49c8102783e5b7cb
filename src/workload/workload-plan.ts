/** From a job file to what will run on one disk: regions in blocks, clones, groups; all checks, before anything is written. */
import { type JobFile, JobFileError, type JobSection } from './job-file.ts';
import { type AccessPattern, type JobKey, MAX_JOBS } from './job-keys.ts';
import type { Amount } from './key-type.ts';
import type { Pattern } from './pattern.ts';

/** Most blocks of a region whose job verifies what it wrote: it keeps one number for each. */
const MAX_VERIFIED_BLOCKS = 1 << 26;
/** Most I/Os of a job that verifies what it wrote: its header numbers them in 32 bits. */
const MAX_VERIFIED_IOS = 0xffff_ffff;
/** Most bytes of one I/O. */
const MAX_IO_BYTES = 1 << 30;
const PAGE_BYTES = 4096;

/** The disk as the plan needs it. */
export interface DiskShape {
  /** Bytes of one logical block. */
  readonly blockBytes: number;
  readonly blockCount: number;
  /** False when nothing costs virtual time, so that a run for a time would never end. */
  readonly timePasses: boolean;
}

/** How a job marks and checks its blocks. */
export interface VerifyPlan {
  readonly hasHeader: boolean;
  readonly pattern: Pattern | undefined;
  /** Read back after each loop. */
  readonly readsBack: boolean;
}

/** One clone of one job. */
export interface PlannedJob {
  readonly name: string;
  readonly description: string | undefined;
  /** Number among all clones of the run. */
  readonly index: number;
  /** Number among the clones of its section. */
  readonly clone: number;
  /** Group between two stonewalls, counted from 0. */
  readonly group: number;
  readonly reportsAsGroup: boolean;
  readonly access: AccessPattern;
  /** Bytes of one I/O. */
  readonly ioBytes: number;
  /** First byte of the region. */
  readonly offset: number;
  /** I/O-sized blocks of the region. */
  readonly blocks: number;
  readonly iosPerLoop: number;
  readonly loops: number;
  readonly iodepth: number;
  readonly readPercent: number;
  readonly repeats: boolean;
  /** A flush after so many writes; 0 for none. */
  readonly flushEvery: number;
  readonly verify: VerifyPlan | undefined;
  readonly randseed: number;
  /** Virtual time after which nothing is issued; 0 for no limit. */
  readonly runtimeNs: number;
  readonly isTimeBased: boolean;
}

/** What will run: one group after the other, the jobs of a group at once. */
export interface WorkloadPlan {
  readonly groups: readonly (readonly PlannedJob[])[];
}

/** Pages that the buffers of one job take. */
function bufferPages(job: PlannedJob): number {
  return job.iodepth * Math.ceil(job.ioBytes / PAGE_BYTES);
}

/** Bytes of guest memory that the buffers of the largest group take. */
export function bufferBytes(plan: WorkloadPlan): number {
  const sums = plan.groups.map((jobs) => jobs.reduce((sum, job) => sum + bufferPages(job), 0));
  return Math.max(...sums) * PAGE_BYTES;
}

/**
 * Plans the jobs of a file on a disk.
 *
 * @throws JobFileError for the first job that does not fit the disk, or that cannot be verified
 */
export function planWorkload(file: JobFile, disk: DiskShape): WorkloadPlan {
  const groups: PlannedJob[][] = [];
  let index = 0;
  for (const section of file.jobs) {
    if (groups.length === 0 || section.options.stonewall) groups.push([]);
    const group = groups[groups.length - 1]!;
    for (let clone = 0; clone < section.options.numjobs; clone++) {
      const placed = new Placement(file, section, disk, clone);
      const job = placed.plan(groups.length - 1, index);
      const rival = group.find((other) => spoils(other, job) || spoils(job, other));
      if (rival !== undefined) {
        throw placed.error(
          'verify',
          `jobs '${rival.name}' and '${job.name}' use the same blocks at the same time and one ` +
            'verifies what the other may overwrite; use stonewall, offset, offset_increment or size',
        );
      }
      group.push(job);
      index += 1;
      if (index > MAX_JOBS) throw placed.error('numjobs', `more than ${MAX_JOBS} jobs in all`);
    }
  }
  return { groups };
}

/** Does one job write what the other verifies? */
function spoils(writer: PlannedJob, verifier: PlannedJob): boolean {
  if (verifier.verify === undefined || !writer.access.writes) return false;
  const overlaps =
    writer.offset < verifier.offset + verifier.blocks * verifier.ioBytes &&
    verifier.offset < writer.offset + writer.blocks * writer.ioBytes;
  return overlaps && (verifier.verify.readsBack || !verifier.access.writes);
}

/** Where one clone of one section goes on the disk. */
class Placement {
  readonly #file: JobFile;
  readonly #section: JobSection;
  readonly #disk: DiskShape;
  readonly #clone: number;

  constructor(file: JobFile, section: JobSection, disk: DiskShape, clone: number) {
    this.#file = file;
    this.#section = section;
    this.#disk = disk;
    this.#clone = clone;
  }

  error(key: JobKey, what: string): JobFileError {
    const line = this.#section.lines.get(key) ?? this.#section.line;
    return new JobFileError(this.#file.file, line, key, what);
  }

  plan(group: number, index: number): PlannedJob {
    const { options, name } = this.#section;
    const ioBytes = this.#ioBytes();
    const [offset, blocks] = this.#region(ioBytes);
    const iosPerLoop = this.#iosPerLoop(ioBytes, blocks);
    this.#checkTime();
    return {
      name,
      description: options.description,
      index,
      clone: this.#clone,
      group,
      reportsAsGroup: options.group_reporting,
      access: options.rw,
      ioBytes,
      offset,
      blocks,
      iosPerLoop,
      loops: options.loops,
      iodepth: options.iodepth,
      readPercent: options.rwmixread,
      repeats: options.norandommap,
      flushEvery: this.#flushEvery(),
      verify: this.#verify(blocks, iosPerLoop * options.loops),
      randseed: options.randseed,
      runtimeNs: options.runtime,
      isTimeBased: options.time_based,
    };
  }

  #ioBytes(): number {
    const { bs } = this.#section.options;
    if (bs % this.#disk.blockBytes !== 0) {
      throw this.error(
        'bs',
        `${bs} is not accepted; expected a multiple of the disk's ${this.#disk.blockBytes}-byte blocks`,
      );
    }
    if (bs > MAX_IO_BYTES)
      throw this.error('bs', `${bs} is not accepted; expected ${MAX_IO_BYTES} at most`);
    return bs;
  }

  #region(ioBytes: number): [offset: number, blocks: number] {
    const { options } = this.#section;
    const unit = this.#disk.blockBytes;
    const disk = unit * this.#disk.blockCount;
    const start = bytesOf(options.offset, disk, unit);
    const offset = start + this.#clone * bytesOf(options.offset_increment, disk, unit);
    if (offset % unit !== 0) {
      throw this.error(
        'offset',
        `${offset} is not accepted; expected a multiple of the disk's ${unit}-byte blocks`,
      );
    }
    const left = Math.max(0, disk - offset);
    // A percentage is one of the disk, and ends where the disk ends, as with fio.
    const asked = options.size ?? { value: left, isPercent: false };
    const size = asked.isPercent ? Math.min(left, bytesOf(asked, disk, unit)) : asked.value;
    if (size > left) {
      const where = `the ${disk} bytes of the disk, ${left} from offset ${offset} on`;
      throw this.error(
        options.size === undefined ? 'offset' : 'size',
        `${size} bytes do not fit in ${where}`,
      );
    }
    const blocks = Math.floor(size / ioBytes);
    if (blocks === 0) {
      throw this.error(
        'size',
        `no I/O of ${ioBytes} bytes fits in the ${size} bytes from offset ${offset} on`,
      );
    }
    return [offset, blocks];
  }

  #iosPerLoop(ioBytes: number, blocks: number): number {
    const { io_size: ioSize, number_ios: most } = this.#section.options;
    const bytes =
      ioSize === undefined ? blocks * ioBytes : bytesOf(ioSize, blocks * ioBytes, ioBytes);
    const ios = Math.floor(bytes / ioBytes);
    if (ios === 0) throw this.error('io_size', `no I/O of ${ioBytes} bytes fits in ${bytes} bytes`);
    return most === 0 ? ios : Math.min(ios, most);
  }

  #flushEvery(): number {
    const { fsync, fdatasync } = this.#section.options;
    return fsync === 0 ? fdatasync : fdatasync === 0 ? fsync : Math.min(fsync, fdatasync);
  }

  #verify(blocks: number, ios: number): VerifyPlan | undefined {
    const { verify, verify_pattern: pattern, do_verify: readsBack, rw } = this.#section.options;
    if (verify === 'none') return undefined;
    if (verify === 'pattern' && pattern === undefined) {
      throw this.error('verify', "'pattern' needs the key verify_pattern");
    }
    if (rw.writes && blocks > MAX_VERIFIED_BLOCKS) {
      throw this.error(
        'verify',
        `${blocks} blocks are more than the ${MAX_VERIFIED_BLOCKS} that can be verified`,
      );
    }
    if (rw.writes && ios > MAX_VERIFIED_IOS) {
      throw this.error(
        'verify',
        `${ios} I/Os are more than the ${MAX_VERIFIED_IOS} that can be verified`,
      );
    }
    return { hasHeader: verify === 'crc32c', pattern, readsBack: readsBack && rw.writes };
  }

  #checkTime(): void {
    const { runtime, time_based: isTimeBased } = this.#section.options;
    if (!isTimeBased) return;
    if (runtime === 0) throw this.error('time_based', 'needs the key runtime');
    if (!this.#disk.timePasses) {
      throw this.error(
        'time_based',
        'no virtual time passes where nothing costs any; choose costs, or size and loops',
      );
    }
  }
}

/** An amount in bytes; a percentage of `whole` is rounded down to a multiple of `unit`. */
function bytesOf(amount: Amount, whole: number, unit: number): number {
  if (!amount.isPercent) return amount.value;
  return Math.floor(Math.floor((whole / 100) * amount.value) / unit) * unit;
}
