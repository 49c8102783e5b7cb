/** The configuration of a stack: one schema, and errors that name the key, the value and what was expected. */
import * as z from 'zod/mini';
import { ConfigError } from '../base/assert.ts';
import { SCHEDULER_NAMES } from '../block/index.ts';
import type { CostTable } from '../interfaces/cost-table.ts';
import { costPresets, NO_COSTS } from '../sim/cost-presets.ts';
import { parseSize, SIZE_FORMAT } from './size.ts';

/** NVMe 1.4, as VS and Identify of every controller of a stack report it. */
export const NVME_VERSION = 0x1_0400;

/** The roads that a stack can be built on. */
export const ROADS = ['direct', 'vhost-nvme', 'vhost-nvme-bar'] as const;
/** One of {@link ROADS}. */
export type Road = (typeof ROADS)[number];

const size = (what: string, least: number, multiple: number) =>
  z.pipe(
    z.union([z.string(), z.number()], {
      error: `${SIZE_FORMAT} (${what})`,
    }),
    z.transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes !== undefined && bytes >= least && bytes % multiple === 0) return bytes;
      const expected = `${SIZE_FORMAT}; at least ${least} bytes and a multiple of ${multiple}`;
      context.issues.push({ code: 'custom', input: value, message: expected });
      return z.NEVER;
    }),
  );

const integer = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z
    .number({ error })
    .check(z.int({ error }), z.minimum(least, { error }), z.maximum(most, { error }));
};

const oneOf = <const Names extends readonly string[]>(names: Names) =>
  z.enum(names, { error: `one of ${names.map((name) => `'${name}'`).join(', ')}` });

const boolean = z.boolean({ error: 'true or false' });

const diskSize = size('the size of the disk', 4096, 4096);

const backends = [
  z.strictObject({
    /** Pages of memory. */
    type: z.literal('rd_mcp'),
    size: diskSize,
  }),
  z.strictObject({
    /** Takes everything and keeps nothing. */
    type: z.literal('nullio'),
    size: diskSize,
  }),
  z.strictObject({
    /** A file: one in memory of `size` bytes, unless `layers.file` gives an open one. */
    type: z.literal('fileio'),
    size: z.optional(diskSize),
    /** Writes go to the page cache of the file and a write cache is reported (fd_buffered_io). */
    bufferedIo: z._default(boolean, false),
  }),
  z.strictObject({
    /** A disk under the block layer. */
    type: z.literal('iblock'),
    disk: oneOf(['sata', 'scsi', 'nvme', 'null_blk']),
    size: diskSize,
    /** The disk has a volatile write cache. */
    writeCache: z._default(boolean, true),
    /** Orders the requests of the disk. */
    scheduler: z._default(oneOf(SCHEDULER_NAMES), 'none'),
    /** Parameters of the scheduler by their sysfs names (`queue/iosched/*`). */
    iosched: z._default(z.record(z.string(), integer(0, Number.MAX_SAFE_INTEGER)), {}),
  }),
] as const;

const costKeys = Object.keys(NO_COSTS) as (keyof CostTable)[];
const costTable = z.strictObject(
  Object.fromEntries(costKeys.map((key) => [key, z._default(integer(0, 1e12), 0)])),
);

const guest = z.strictObject({
  memory: z._default(size('guest memory', 1 << 20, 4096), 64 * 1024 * 1024),
  /** I/O queue pairs that the guest's driver asks for. */
  queues: z._default(integer(1, 16), 1),
  /** Entries of each I/O queue. */
  queueDepth: z._default(integer(2, 1024), 256),
});

const virtqueue = z.strictObject({
  /** Descriptors of each virtqueue, a power of two. */
  size: z._default(
    integer(4, 32_768).check(
      z.refine((n) => (n & (n - 1)) === 0, { error: 'a power of two from 4 to 32768' }),
    ),
    256,
  ),
  eventIdx: z._default(boolean, true),
  indirect: z._default(boolean, true),
});

const schema = z.strictObject({
  road: z._default(oneOf(ROADS), 'vhost-nvme'),
  backend: z.prefault(
    z.discriminatedUnion('type', backends, {
      error: "a backend whose type is one of 'rd_mcp', 'nullio', 'fileio', 'iblock'",
    }),
    { type: 'rd_mcp', size: '64MiB' },
  ),
  /** Decides all chance. */
  seed: z._default(integer(0, Number.MAX_SAFE_INTEGER), 0),
  /** Order of what happens at one instant of virtual time. */
  order: z._default(oneOf(['fifo', 'seeded']), 'fifo'),
  /** A named cost preset, or a table of costs in virtual nanoseconds. */
  costs: z._default(
    z.union([oneOf(Object.keys(costPresets) as ['none', 'server']), costTable], {
      error: `one of ${Object.keys(costPresets).join(', ')}, or a table with any of ${costKeys.join(', ')}`,
    }),
    'none',
  ),
  /** Bytes of one logical block of the namespace. */
  blockBytes: z._default(z.union([z.literal(512), z.literal(4096)], { error: '512 or 4096' }), 512),
  guest: z.prefault(guest, {}),
  virtqueue: z.prefault(virtqueue, {}),
});

/** What `createStack` takes, before defaults. */
export type StackOptions = z.input<typeof schema>;
/** A whole configuration, with every default filled in and sizes in bytes. */
export type StackConfig = z.output<typeof schema>;
/** The backend part of a {@link StackConfig}. */
export type BackendConfig = StackConfig['backend'];

/**
 * Checks options and fills in the defaults.
 *
 * @throws ConfigError for the first bad key, with its path, its value and what was expected
 */
export function parseConfig(options: StackOptions): StackConfig {
  const result = z.safeParse(schema, options);
  if (result.success) return result.data;
  throw configError(deepest(result.error.issues[0]!), options);
}

/** The costs that a configuration names. */
export function costsOf(config: StackConfig): CostTable {
  return typeof config.costs === 'string'
    ? costPresets[config.costs]
    : { ...NO_COSTS, ...config.costs };
}

type Issue = z.core.$ZodIssue;

/** Of a failed union, the one branch that failed deeper than at its root says more. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  for (const branch of issue.errors) {
    const inner = branch[0];
    if (inner === undefined) continue;
    const telling = inner.path.length > 0 || inner.code === 'unrecognized_keys';
    if (telling) return { ...inner, path: [...issue.path, ...inner.path] };
  }
  return issue;
}

function configError(issue: Issue, options: unknown): ConfigError {
  if (issue.code === 'unrecognized_keys') {
    const parent = valueAt(options, issue.path);
    const key = issue.keys[0]!;
    const path = pathText([...issue.path, key]);
    return new ConfigError(path, valueAt(parent, [key]), `no such key; ${knownKeys(issue.path)}`);
  }
  return new ConfigError(pathText(issue.path), valueAt(options, issue.path), expectation(issue));
}

/** zod/mini has no messages of its own: `Invalid input` stands for "none was given". */
function expectation(issue: Issue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  if (issue.code === 'invalid_type') return `a value of type ${issue.expected}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return 'another value';
}

function knownKeys(path: readonly PropertyKey[]): string {
  const at = path[0];
  const keys: Record<string, readonly string[]> = {
    guest: Object.keys(guest.shape),
    virtqueue: Object.keys(virtqueue.shape),
    backend: [...new Set(backends.flatMap((each) => Object.keys(each.shape)))],
    costs: costKeys,
  };
  const known = at === undefined ? Object.keys(schema.shape) : (keys[String(at)] ?? []);
  return `keys here are ${known.join(', ')}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'options' : path.map(keyText).join('.');
}

function keyText(key: PropertyKey): string {
  const text = String(key);
  return /^[\w$]+$/.test(text) ? text : JSON.stringify(text);
}
