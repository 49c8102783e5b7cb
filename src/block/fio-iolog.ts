/**
 * fio's I/O logs, as `--write_iolog` writes them and `--read_iolog` reads them: versions 2 and 3, out and in.
 *
 * A line is `FILE ACTION [OFFSET LENGTH]`, in version 3 after a time in microseconds. Any text may be read: a line that is none ends the
 * reading, with a reason.
 *
 * Does not model: file names with blanks, which fio cannot read either, and offsets of 2^53 bytes and more.
 */
import { ConfigError } from '../base/assert.ts';

/** Versions of the format. */
export type FioIologVersion = 2 | 3;

const FILE_ACTIONS: readonly FioIologAction[] = ['add', 'open', 'close'];
const IO_ACTIONS: readonly FioIologAction[] = ['read', 'write', 'sync', 'datasync', 'trim', 'wait'];

/** What a line says. */
export type FioIologAction =
  | 'add'
  | 'open'
  | 'close'
  | 'read'
  | 'write'
  | 'sync'
  | 'datasync'
  | 'trim'
  | 'wait';

/** One line. */
export interface FioIologEntry {
  /** Microseconds from the start; 0 in version 2, which keeps no times. */
  readonly timeUs: number;
  readonly file: string;
  readonly action: FioIologAction;
  /** Bytes (microseconds to wait for `wait`, which only version 2 has); 0 for add, open and close. */
  readonly offset: number;
  /** Bytes; 0 for add, open and close. */
  readonly length: number;
}

/** A log. */
export interface FioIolog {
  readonly version: FioIologVersion;
  readonly entries: readonly FioIologEntry[];
}

/** What was read. */
export interface ParsedFioIolog extends FioIolog {
  /** Why reading stopped before the end; `undefined` when all was read. */
  readonly fault: string | undefined;
}

/** Does the action name a range? */
function hasRange(action: FioIologAction): boolean {
  return IO_ACTIONS.includes(action);
}

/** Reads a log; never throws. */
export function parseFioIolog(text: string): ParsedFioIolog {
  const lines = text.split('\n');
  const header = /^fio version ([23]) iolog\r?$/.exec(lines[0]!);
  if (header === null)
    return { version: 3, entries: [], fault: 'line 1: no header of version 2 or 3' };
  const version = header[1] === '2' ? 2 : 3;
  const entries: FioIologEntry[] = [];
  for (let i = 1; i < lines.length; i++) {
    const words = lines[i]!.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    const entry = entryOf(version, words);
    if (typeof entry === 'string') return { version, entries, fault: `line ${i + 1}: ${entry}` };
    entries.push(entry);
  }
  return { version, entries, fault: undefined };
}

function entryOf(version: FioIologVersion, words: readonly string[]): FioIologEntry | string {
  const from = version === 3 ? 1 : 0;
  const timeUs = version === 3 ? countOf(words[0]) : 0;
  const file = words[from];
  const action = actionOf(words[from + 1]);
  if (timeUs === undefined) return 'no time';
  if (file === undefined || action === undefined) return 'no action';
  if (version === 3 && action === 'wait') return 'wait is of version 2';
  if (!hasRange(action)) {
    const isWhole = words.length === from + 2;
    return isWhole ? { timeUs, file, action, offset: 0, length: 0 } : `${action} has no range`;
  }
  const [offset, length] = [countOf(words[from + 2]), countOf(words[from + 3])];
  const isWhole = words.length === from + 4;
  if (!isWhole || offset === undefined || length === undefined) return 'no offset and length';
  return { timeUs, file, action, offset, length };
}

function actionOf(word: string | undefined): FioIologAction | undefined {
  return [...FILE_ACTIONS, ...IO_ACTIONS].find((action) => action === word);
}

function countOf(word: string | undefined): number | undefined {
  if (word === undefined || !/^\d{1,16}$/.test(word)) return undefined;
  const count = Number(word);
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * The text of a log, header and all.
 *
 * @throws ConfigError for an entry that a log of this version cannot hold
 */
export function formatFioIolog({ version, entries }: FioIolog): string {
  const lines = [`fio version ${version} iolog`];
  for (const [index, entry] of entries.entries()) {
    const { timeUs, file, action, offset, length } = entry;
    const time = version === 3 ? `${timeUs} ` : '';
    const line = `${time}${file} ${action}${hasRange(action) ? ` ${offset} ${length}` : ''}`;
    const read = entryOf(version, line.split(' '));
    if (typeof read === 'string' || /\s/.test(file)) {
      throw new ConfigError(`entries[${index}]`, line, 'an entry of this version');
    }
    lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}
