/** The keys of fio job files: one table drives the parser, its messages, the help and the guide. */
import {
  amount,
  choice,
  count,
  flag,
  type KeyType,
  pattern,
  size,
  text,
  time,
} from './key-type.ts';

/** Most jobs that run at once, clones by `numjobs` included. */
export const MAX_JOBS = 1024;
/** Most commands of one job in flight. */
const MAX_IODEPTH = 4096;

/** One key, with values of type `T`. */
export interface KeyDeclaration<T, Fallback = T> {
  readonly type: KeyType<T>;
  /** The value of a job that does not say. */
  readonly fallback: Fallback;
  /** What it does, one sentence. */
  readonly doc: string;
  /** Other names that fio has for it. */
  readonly aliases: readonly string[];
}

function key<T>(
  type: KeyType<T>,
  fallback: T,
  doc: string,
  ...aliases: string[]
): KeyDeclaration<T> {
  return { type, fallback, doc, aliases };
}

function optional<T>(
  type: KeyType<T>,
  doc: string,
  ...aliases: string[]
): KeyDeclaration<T, T | undefined> {
  return { type, fallback: undefined, doc, aliases };
}

/** Which operations a job does, and in which order of blocks. */
export interface AccessPattern {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly random: boolean;
}

const read: AccessPattern = { reads: true, writes: false, random: false };
const write: AccessPattern = { reads: false, writes: true, random: false };
const both: AccessPattern = { reads: true, writes: true, random: false };

const NO_TRIM = 'trim needs a deallocate command, which these roads do not offer';

/** Every key that means something here. */
export const JOB_KEYS = {
  name: optional(text, 'Name of the job in the results, in place of the section name.'),
  description: optional(text, 'A text that the results repeat.'),
  rw: key(
    choice<AccessPattern>(
      {
        read,
        write,
        randread: { ...read, random: true },
        randwrite: { ...write, random: true },
        rw: both,
        readwrite: both,
        randrw: { ...both, random: true },
      },
      { trim: NO_TRIM, randtrim: NO_TRIM, trimwrite: NO_TRIM, randtrimwrite: NO_TRIM },
    ),
    read,
    'Direction and order of the I/O.',
    'readwrite',
  ),
  bs: key(size, 4096, "Bytes of one I/O; a multiple of the disk's block size.", 'blocksize'),
  size: optional(
    amount,
    'Bytes of the region that the job works on, and that one loop moves; the rest of the disk unless given.',
  ),
  io_size: optional(
    amount,
    'Bytes that one loop moves, less or more than `size`; a percentage is one of `size`.',
    'io_limit',
  ),
  offset: key(
    amount,
    { value: 0, isPercent: false },
    'Where on the disk the region starts.',
    'fileoffset',
  ),
  offset_increment: key(
    amount,
    { value: 0, isPercent: false },
    'Added to `offset` for each clone that `numjobs` makes: 0, 1, 2 ... times this.',
  ),
  number_ios: key(count(0, Number.MAX_SAFE_INTEGER), 0, 'Most I/Os of one loop; 0 sets no limit.'),
  iodepth: key(count(1, MAX_IODEPTH), 1, 'I/Os that the job keeps in flight.'),
  numjobs: key(count(1, MAX_JOBS), 1, 'Clones of the job that run at the same time.'),
  rwmixread: key(count(0, 100), 50, 'Percentage of reads in a mix.'),
  rwmixwrite: key(
    count(0, 100),
    50,
    'Percentage of writes in a mix; sets `rwmixread` to the rest.',
  ),
  fsync: key(count(0, 0xffff_ffff), 0, 'A Flush command after so many writes; 0 for none.'),
  fdatasync: key(count(0, 0xffff_ffff), 0, 'As `fsync`: NVMe has one Flush command for both.'),
  verify: key(
    choice({ '0': 'none', crc32c: 'crc32c', 'crc32c-intel': 'crc32c', pattern: 'pattern' }),
    'none',
    'What written blocks carry, so that reading them back finds every lost, stale, misplaced or damaged one.',
  ),
  verify_pattern: optional(
    pattern,
    'The bytes of written blocks; behind the header with `verify=crc32c`.',
  ),
  do_verify: key(flag, true, 'Read back and check what a loop wrote, after the loop.'),
  random_generator: key(
    choice({ tausworthe: 0, tausworthe64: 0, lfsr: 0 }),
    0,
    "Accepted; each draws from this library's generator: the distribution is fio's, the offsets are not.",
  ),
  randseed: key(
    count(0, Number.MAX_SAFE_INTEGER),
    137,
    'Decides the chance of this job, beside `--seed`.',
  ),
  norandommap: key(flag, false, 'Random blocks may repeat before each was touched once.'),
  loops: key(count(1, 0xffff_ffff), 1, 'How often the job runs.'),
  runtime: key(
    time,
    0,
    'Virtual time after which no more I/O is issued; 0 sets no limit.',
    'timeout',
  ),
  time_based: key(flag, false, 'Goes on until `runtime`, however much was moved.'),
  stonewall: key(flag, false, 'Starts after all jobs above it have ended.', 'wait_for_previous'),
  group_reporting: key(flag, false, 'Shows the jobs between two stonewalls as one.'),
  kb_base: key(choice({ '1024': 1024 }), 1024, 'Only the default; every unit is a power of 1024.'),
};

/** Name of a key. */
export type JobKey = keyof typeof JOB_KEYS;

/** The values of one job. */
export type JobOptions = { -readonly [K in JobKey]: (typeof JOB_KEYS)[K]['fallback'] };

/**
 * Keys of fio that say how fio itself does its work (engine, threads, page cache, logs, processors), and not what I/O is done:
 * accepted, and said to be ignored.
 */
export const IGNORED_KEYS: readonly string[] = [
  'allow_file_create',
  'allow_mounted_write',
  'allrandrepeat',
  'buffer_compress_percentage',
  'buffered',
  'clat_percentiles',
  'clocksource',
  'continue_on_error',
  'cpus_allowed',
  'cpus_allowed_policy',
  'create_fsync',
  'create_on_open',
  'create_serialize',
  'direct',
  'directory',
  'disable_clat',
  'disable_lat',
  'disable_slat',
  'disk_util',
  'exitall',
  'fadvise_hint',
  'fallocate',
  'file_append',
  'file_service_type',
  'filename',
  'filename_format',
  'filesize',
  'fixedbufs',
  'gtod_cpu',
  'gtod_reduce',
  'hipri',
  'invalidate',
  'iodepth_batch',
  'iodepth_batch_complete',
  'iodepth_batch_complete_max',
  'iodepth_batch_complete_min',
  'iodepth_batch_submit',
  'iodepth_low',
  'ioengine',
  'iomem',
  'ioscheduler',
  'lat_percentiles',
  'lockmem',
  'log_avg_msec',
  'mem',
  'nice',
  'nonvectored',
  'nrfiles',
  'numa_cpu_nodes',
  'numa_mem_policy',
  'openfiles',
  'overwrite',
  'percentile_list',
  'prio',
  'prioclass',
  'randrepeat',
  'refill_buffers',
  'registerfiles',
  'scramble_buffers',
  'slat_percentiles',
  'softrandommap',
  'sqthread_poll',
  'sqthread_poll_cpu',
  'sync',
  'thread',
  'unit_base',
  'unlink',
  'userspace_reap',
  'verify_async',
  'verify_dump',
  'verify_fatal',
  'write_bw_log',
  'write_iops_log',
  'write_lat_log',
  'zero_buffers',
];
