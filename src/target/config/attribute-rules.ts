/**
 * The attributes of a LIO device as data: which there are for each kind of backstore, what they begin as, and what may be written into
 * each (recorded from Linux 6.1).
 */
import {
  type ErrnoName,
  type IntegerRange,
  parseKernelBoolean,
  parseKernelInteger,
  S8,
  S32,
  U8,
  U32,
  U64,
} from './kernel-text.ts';

/** Kinds of backstores, by the names of saveconfig.json. */
export const BACKSTORES = ['fileio', 'block', 'ramdisk', 'pscsi', 'user'] as const;
/** One of {@link BACKSTORES}. */
export type Backstore = (typeof BACKSTORES)[number];

/** What a rule may ask of the device. */
export interface AttributeHost {
  readonly backstore: Backstore;
  /** A LUN is linked to the device. */
  readonly isExported: boolean;
  /** The value of an attribute as a number; 0 for one that the device does not have. */
  number(name: string): number;
  /** Puts a value into another attribute than the one that is written. */
  put(name: string, value: number): void;
}

/** The value that a write leaves, or why it is refused. */
type AttributeVerdict = number | ErrnoName;

/** What a write of `text` leaves, given the value that is there. */
export type AttributeRule = (
  text: string,
  host: AttributeHost,
  current: number,
) => AttributeVerdict;

type Check = (value: number, host: AttributeHost) => ErrnoName | undefined;

const flag =
  (check: Check = () => undefined): AttributeRule =>
  (text, host) => {
    const value = parseKernelBoolean(text);
    if (value === 'EINVAL') return value;
    const number = value ? 1 : 0;
    return check(number, host) ?? number;
  };

const integer =
  (range: IntegerRange, check: Check = () => undefined): AttributeRule =>
  (text, host) => {
    const value = parseKernelInteger(text, range);
    return typeof value === 'string' ? value : (check(value, host) ?? value);
  };

/** Taken and forgotten. */
const ignored: AttributeRule = (_text, _host, current) => current;

const readOnly: AttributeRule = () => 'EACCES';

const unlessExported: Check = (_value, host) => (host.isExported ? 'EINVAL' : undefined);

const notOne: Check = (value) => (value === 1 ? 'ENOSYS' : undefined);

/** What unmaps wants a device that can. */
const needsUnmap: Check = (value, host) =>
  value === 1 && host.number('max_unmap_block_desc_count') === 0 ? 'ENOSYS' : undefined;

/** Fixed by the backend, but for `user`, which may change it. */
const support: Check = (value, host) => {
  const fixed = host.backstore === 'pscsi' ? 0 : 1;
  return host.backstore === 'user' || value === fixed ? undefined : 'ENOSYS';
};

const hasProtection = (host: AttributeHost): boolean =>
  host.backstore === 'fileio' || host.backstore === 'ramdisk';

const BLOCK_SIZES: readonly number[] = [512, 1024, 2048, 4096];

const blockSize: AttributeRule = (text, host) => {
  const value = parseKernelInteger(text, U32);
  if (typeof value === 'string') return value;
  if (host.isExported || !BLOCK_SIZES.includes(value)) return 'EINVAL';
  // FILEIO moves so many bytes at once; the others count blocks.
  if (host.backstore === 'fileio') host.put('hw_max_sectors', FILEIO_MAX_BYTES / value);
  return value;
};

const protectionType: AttributeRule = (text, host) => {
  const value = parseKernelInteger(text, U32);
  if (typeof value === 'string') return value;
  if (value > 3) return 'EINVAL';
  if (value === 2) return 'ENOSYS';
  if (!hasProtection(host)) return value === 0 ? 0 : 'ENOSYS';
  if (host.isExported) return 'EINVAL';
  if (value === 0) host.put('pi_prot_verify', 0);
  return value;
};

/** An order and not a value: it reads as 0. */
const protectionFormat: AttributeRule = (text, host) => {
  const value = parseKernelBoolean(text);
  if (value === 'EINVAL') return value;
  if (!value) return 0;
  if (host.backstore !== 'fileio') return 'ENOSYS';
  if (host.isExported) return 'EINVAL';
  return host.number('pi_prot_type') === 0 ? 'ENODEV' : 0;
};

const protectionVerify: AttributeRule = (text, host, current) => {
  const value = parseKernelBoolean(text);
  if (value === 'EINVAL') return value;
  if (!value) return 0;
  return host.number('pi_prot_type') === 0 ? current : 1;
};

/** The daemon of a user backstore would have to agree, and there is none. */
const asksDaemon =
  (range: IntegerRange): AttributeRule =>
  (text) => {
    const value = parseKernelInteger(text, range);
    return typeof value === 'string' ? value : 'ESRCH';
  };

/** Seconds, kept as milliseconds in 32 bits. */
const commandTimeout: AttributeRule = (text, host) => {
  const value = parseKernelInteger(text, U32);
  if (typeof value === 'string') return value;
  if (host.isExported) return 'EINVAL';
  return Math.floor((Math.imul(value, 1000) >>> 0) / 1000);
};

const queueFullTimeout: AttributeRule = (text) => {
  const value = parseKernelInteger(text, S32);
  if (typeof value === 'string') return value;
  if (value < 0) return value === -1 ? -1 : 'EINVAL';
  return Math.trunc(Math.imul(value, 1000) / 1000);
};

/** Most bytes of one command of FILEIO. */
const FILEIO_MAX_BYTES = 8 * 1024 * 1024;

/** What may be written into each attribute. */
export const ATTRIBUTE_RULES: Readonly<Record<string, AttributeRule>> = {
  alua_support: flag(support),
  block_size: blockSize,
  cmd_ring_size_mb: readOnly,
  cmd_time_out: commandTimeout,
  data_pages_per_blk: readOnly,
  dev_config: () => 'ESRCH',
  dev_size: asksDaemon(U64),
  emulate_3pc: flag(),
  emulate_caw: flag(),
  emulate_dpo: ignored,
  emulate_fua_read: ignored,
  emulate_fua_write: flag(),
  emulate_model_alias: flag(unlessExported),
  emulate_pr: flag(),
  emulate_rest_reord: flag(notOne),
  emulate_tas: flag(unlessExported),
  emulate_tpu: flag(needsUnmap),
  emulate_tpws: flag(needsUnmap),
  emulate_ua_intlck_ctrl: integer(U32, (value, host) =>
    value > 2 || host.isExported ? 'EINVAL' : undefined,
  ),
  emulate_write_cache: (text, host, current) => {
    if (host.backstore === 'user') return asksDaemon(U8)(text, host, current);
    // A block device says itself whether it has one.
    return flag((value) => (value === 1 && host.backstore === 'block' ? 'EINVAL' : undefined))(
      text,
      host,
      current,
    );
  },
  enforce_pr_isids: flag(),
  force_pr_aptpl: flag(unlessExported),
  hw_block_size: readOnly,
  hw_max_sectors: readOnly,
  hw_pi_prot_type: readOnly,
  hw_queue_depth: readOnly,
  is_nonrot: flag(),
  max_data_area_mb: readOnly,
  max_unmap_block_desc_count: integer(U32),
  max_unmap_lba_count: integer(U32),
  max_write_same_len: integer(U32),
  nl_reply_supported: integer(S8),
  optimal_sectors: integer(U32, (value, host) =>
    host.isExported || value > host.number('hw_max_sectors') ? 'EINVAL' : undefined,
  ),
  pgr_support: flag(support),
  pi_prot_format: protectionFormat,
  pi_prot_type: protectionType,
  pi_prot_verify: protectionVerify,
  qfull_time_out: queueFullTimeout,
  queue_depth: integer(U32, (value, host) =>
    host.isExported || value === 0 || value > host.number('hw_queue_depth') ? 'EINVAL' : undefined,
  ),
  tmr_notification: integer(U8, (value) => (value > 1 ? 'EINVAL' : undefined)),
  unmap_granularity: integer(U32),
  unmap_granularity_alignment: integer(U32),
  unmap_zeroes_data: flag((value, host) => unlessExported(value, host) ?? needsUnmap(value, host)),
};

/** Attributes that can be read and not written. */
export const READ_ONLY_ATTRIBUTES: ReadonlySet<string> = new Set(
  Object.keys(ATTRIBUTE_RULES).filter((name) => ATTRIBUTE_RULES[name] === readOnly),
);

/** What FILEIO, block and ramdisk devices have before they are enabled. */
const CORE: Readonly<Record<string, number>> = {
  alua_support: 1,
  block_size: 0,
  emulate_3pc: 1,
  emulate_caw: 1,
  emulate_dpo: 1,
  emulate_fua_read: 1,
  emulate_fua_write: 1,
  emulate_model_alias: 0,
  emulate_pr: 1,
  emulate_rest_reord: 0,
  emulate_tas: 1,
  emulate_tpu: 0,
  emulate_tpws: 0,
  emulate_ua_intlck_ctrl: 0,
  emulate_write_cache: 0,
  enforce_pr_isids: 1,
  force_pr_aptpl: 0,
  hw_block_size: 0,
  hw_max_sectors: 0,
  hw_pi_prot_type: 0,
  hw_queue_depth: 0,
  is_nonrot: 0,
  max_unmap_block_desc_count: 0,
  max_unmap_lba_count: 0,
  max_write_same_len: 0,
  optimal_sectors: 0,
  pgr_support: 1,
  pi_prot_format: 0,
  pi_prot_type: 0,
  pi_prot_verify: 0,
  queue_depth: 0,
  unmap_granularity: 0,
  unmap_granularity_alignment: 0,
  unmap_zeroes_data: 0,
};

const PSCSI: Readonly<Record<string, number>> = {
  alua_support: 0,
  emulate_pr: 1,
  hw_block_size: 0,
  hw_max_sectors: 0,
  hw_pi_prot_type: 0,
  hw_queue_depth: 0,
  pgr_support: 0,
};

const USER: Readonly<Record<string, number>> = {
  alua_support: 1,
  cmd_ring_size_mb: 8,
  cmd_time_out: 30,
  data_pages_per_blk: 1,
  dev_config: 0,
  dev_size: 0,
  emulate_pr: 1,
  emulate_write_cache: 0,
  enforce_pr_isids: 1,
  force_pr_aptpl: 0,
  hw_block_size: 0,
  hw_max_sectors: 0,
  hw_pi_prot_type: 0,
  hw_queue_depth: 0,
  max_data_area_mb: 1024,
  nl_reply_supported: 0,
  pgr_support: 1,
  qfull_time_out: -1,
  tmr_notification: 0,
};

/** The attributes of each kind of backstore, with their values before the device is enabled. */
export const INITIAL_ATTRIBUTES: Readonly<Record<Backstore, Readonly<Record<string, number>>>> = {
  fileio: CORE,
  block: CORE,
  ramdisk: CORE,
  pscsi: PSCSI,
  user: USER,
};

/** What enabling a device puts into its attributes; of a block device, what a small null_blk has. */
export const ENABLED_ATTRIBUTES: Readonly<Record<Backstore, Readonly<Record<string, number>>>> = {
  fileio: {
    ...sizes(512, FILEIO_MAX_BYTES / 512, 128),
    max_unmap_block_desc_count: 1,
    max_unmap_lba_count: 8192,
    max_write_same_len: 4096,
    unmap_granularity: 1,
  },
  block: {
    ...sizes(512, 248, 64),
    is_nonrot: 1,
    max_unmap_block_desc_count: 1,
    max_unmap_lba_count: 8_388_607,
    max_write_same_len: 65_535,
    unmap_granularity: 1,
  },
  ramdisk: { ...sizes(512, 0xffff_fff8, 128), is_nonrot: 1 },
  pscsi: { hw_block_size: 512, hw_max_sectors: 0xffff_fff8, hw_queue_depth: 192 },
  user: { hw_block_size: 512, hw_max_sectors: 128, hw_queue_depth: 128 },
};

function sizes(block: number, maxSectors: number, depth: number): Record<string, number> {
  return {
    block_size: block,
    hw_block_size: block,
    hw_max_sectors: maxSectors,
    hw_queue_depth: depth,
    optimal_sectors: maxSectors,
    queue_depth: depth,
  };
}
