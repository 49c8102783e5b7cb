/** fio job files as data: sections, keys and values; the table in `job-keys.ts` says what they mean. */
import { IGNORED_KEYS, JOB_KEYS, type JobKey, type JobOptions } from './job-keys.ts';
import type { KeyType } from './key-type.ts';

/** Most characters of a job file. */
export const MAX_JOB_FILE_CHARACTERS = 1 << 20;

/** A job file that cannot be used. The message names file, line, key and what was expected. */
export class JobFileError extends Error {
  override readonly name: string = 'JobFileError';
  readonly file: string;
  /** Line, counted from 1; 0 when no line is to blame. */
  readonly line: number;
  /** The key, or the empty text. */
  readonly key: string;

  constructor(file: string, line: number, key: string, what: string) {
    super(
      [line === 0 ? file : `${file}:${line}`, key, what].filter((part) => part !== '').join(': '),
    );
    this.file = file;
    this.line = line;
    this.key = key;
  }
}

/** One section that is not `[global]`. */
export interface JobSection {
  readonly name: string;
  /** Line of the header. */
  readonly line: number;
  /** All values, with what `[global]` said and the defaults filled in. */
  readonly options: Readonly<JobOptions>;
  /** The line that each given key stands on. */
  readonly lines: ReadonlyMap<JobKey, number>;
}

/** A parsed job file. */
export interface JobFile {
  readonly file: string;
  readonly jobs: readonly JobSection[];
  /** Keys that were accepted and do nothing here, in the order they came, each once. */
  readonly ignored: readonly string[];
}

/** What one section says. */
interface Draft {
  readonly name: string;
  readonly line: number;
  readonly options: JobOptions;
  readonly lines: Map<JobKey, number>;
}

const KEYS_BY_NAME: ReadonlyMap<string, JobKey> = new Map(
  (Object.keys(JOB_KEYS) as JobKey[]).flatMap((key) =>
    [key, ...JOB_KEYS[key].aliases].map((name) => [name, key] as const),
  ),
);

/**
 * Parses the text of a job file.
 *
 * A comment starts at `;` or `#` anywhere in a line. `[global]` sets defaults for the sections below it.
 *
 * @param file its name, for messages
 * @throws JobFileError for the first line that cannot be used
 */
export function parseJobFile(file: string, text: string): JobFile {
  if (text.length > MAX_JOB_FILE_CHARACTERS) {
    throw new JobFileError(file, 0, '', `more than ${MAX_JOB_FILE_CHARACTERS} characters`);
  }
  const global: Draft = { name: 'global', line: 0, options: defaults(), lines: new Map() };
  const jobs: Draft[] = [];
  const ignored = new Set<string>();
  let section: Draft | undefined;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const content = raw.replace(/[;#].*$/s, '').trim();
    if (content === '') continue;
    if (content.startsWith('[')) {
      section = openSection(file, line, content, global);
      if (section !== global) jobs.push(section);
    } else if (section === undefined) {
      throw new JobFileError(file, line, '', `'${content}' stands before the first [section]`);
    } else {
      assign(file, line, content, section, ignored);
    }
  }
  if (jobs.length === 0) throw new JobFileError(file, 0, '', 'no job: no [section] but [global]');
  return { file, jobs: jobs.map(named), ignored: [...ignored] };
}

function openSection(file: string, line: number, content: string, global: Draft): Draft {
  const name = /^\[([^\]]+)\]$/.exec(content)?.[1]?.trim() ?? '';
  if (name === '')
    throw new JobFileError(file, line, '', `'${content}' is no section; expected [name]`);
  if (name === 'global') return global;
  return { name, line, options: { ...global.options }, lines: new Map(global.lines) };
}

function assign(
  file: string,
  line: number,
  content: string,
  section: Draft,
  ignored: Set<string>,
): void {
  const equals = content.indexOf('=');
  const name = (equals < 0 ? content : content.slice(0, equals)).trim();
  const value = equals < 0 ? undefined : content.slice(equals + 1).trim();
  if (IGNORED_KEYS.includes(name)) {
    ignored.add(name);
    return;
  }
  const key = KEYS_BY_NAME.get(name);
  if (key === undefined) throw new JobFileError(file, line, name, unknownKey());
  const { type } = JOB_KEYS[key];
  const parsed = (type as KeyType<unknown>).parse(value);
  if (parsed === undefined) throw new JobFileError(file, line, name, refusal(type, value));
  (section.options as Record<JobKey, unknown>)[key] = parsed;
  section.lines.set(key, line);
  if (key === 'rwmixwrite') section.options.rwmixread = 100 - section.options.rwmixwrite;
}

function named(draft: Draft): JobSection {
  return { ...draft, name: draft.options.name ?? draft.name };
}

function defaults(): JobOptions {
  const entries = (Object.keys(JOB_KEYS) as JobKey[]).map((key) => [key, JOB_KEYS[key].fallback]);
  return Object.fromEntries(entries) as JobOptions;
}

function unknownKey(): string {
  const accepted = [...KEYS_BY_NAME.keys()].sort().join(', ');
  return `no such key here; accepted are ${accepted}; ignored are ${IGNORED_KEYS.join(', ')}`;
}

function refusal(
  type: Pick<KeyType<unknown>, 'expected' | 'refusal'>,
  value: string | undefined,
): string {
  const given = value === undefined ? 'no value' : `'${value}'`;
  const reason = value === undefined ? undefined : type.refusal?.(value);
  const why = reason === undefined ? 'not accepted' : `not accepted (${reason})`;
  return `${given} is ${why}; expected ${type.expected}`;
}
