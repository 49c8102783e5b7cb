/**
 * Block traces as text: the lines that `blkparse` prints by default, without its summary.
 *
 * Does not model: messages, which blkparse 1.2.0 leaves out where a cgroup is named, and the payload of raw commands.
 */

import { type BlktraceRecord, sectorsOf } from './blktrace-parser.ts';
import { BlktraceCategory, BlktraceNote } from './blktrace-record.ts';
import { ACTION_LETTERS } from './block-sight.ts';

const C = BlktraceCategory;
const NS_PER_SECOND = 1_000_000_000;

/** Operation and flags of a record, as in `FWFSM`. */
export function rwbsOf(record: BlktraceRecord): string {
  const { category, bytes } = record;
  let text = (category & C.flush) !== 0 ? 'F' : '';
  if ((category & C.discard) !== 0) text += 'D';
  else if ((category & C.write) !== 0) text += 'W';
  else text += bytes > 0 ? 'R' : 'N';
  if ((category & C.fua) !== 0) text += 'F';
  if ((category & C.ahead) !== 0) text += 'A';
  if ((category & C.sync) !== 0) text += 'S';
  if ((category & C.meta) !== 0) text += 'M';
  return text;
}

/** Letters of the action, `?` for one that has none. */
function lettersOf(record: BlktraceRecord): string {
  return ACTION_LETTERS[record.action] ?? '?';
}

/** How many events of each action there are, by its letters; notes do not count. */
export function countBlktraceActions(records: readonly BlktraceRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const record of records) {
    if ((record.category & C.notify) !== 0) continue;
    const letters = lettersOf(record);
    counts[letters] = (counts[letters] ?? 0) + 1;
  }
  return counts;
}

/** One line for each event, from records in the order of their time; the first event is at time 0. */
export function formatBlktrace(records: readonly BlktraceRecord[]): string[] {
  const names = new Map<number, string>();
  // The kernel names a process after its first event as often as before it.
  for (const record of records) {
    const isName =
      (record.category & C.notify) !== 0 && (record.action & 0xff) === BlktraceNote.process;
    if (isName && !names.has(record.pid)) names.set(record.pid, record.text ?? '');
  }
  const events = records.filter(({ category }) => (category & C.notify) === 0);
  const origin = events[0]?.timeNs ?? 0;
  return events.map((event) => lineOf(event, event.timeNs - origin, names.get(event.pid)));
}

function lineOf(record: BlktraceRecord, ns: number, process = `${record.pid}`): string {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  const rest = `${ns % NS_PER_SECOND}`.padStart(9, '0');
  const head = [
    device(record.device),
    `${record.cpu}`.padStart(2),
    `${record.sequence}`.padStart(8),
    `${`${seconds}`.padStart(5)}.${rest}`,
    `${record.pid}`.padStart(5),
    lettersOf(record).padStart(2),
    rwbsOf(record).padStart(3),
  ];
  return `${head.join(' ')} ${detailOf(record, process)}`;
}

function detailOf(record: BlktraceRecord, process: string): string {
  const { category, sector, bytes, error, remap, number } = record;
  const sectors = sectorsOf(record);
  const letters = lettersOf(record);
  const isRaw = (category & C.raw) !== 0;
  switch (letters) {
    case 'P':
      return `[${process}]`;
    case 'U':
    case 'UT':
      return `[${process}] ${number ?? 0}`;
    case 'X':
      return `${sector} / ${number ?? 0} [${process}]`;
    case 'A': {
      const from = remap === undefined ? '' : ` <- (${pair(remap.fromDevice)}) ${remap.fromSector}`;
      return `${sector} + ${sectors}${from}`;
    }
    case 'C':
      if (isRaw) return `[${error}]`;
      return bytes > 0 ? `${sector} + ${sectors} [${error}]` : `${sector} [${error}]`;
    default:
      if (isRaw) return `${bytes} [${process}]`;
      return bytes > 0 ? `${sector} + ${sectors} [${process}]` : `[${process}]`;
  }
}

function pair(number: number): string {
  return `${number >>> 20},${number & 0xfffff}`;
}

function device(number: number): string {
  return `${`${number >>> 20}`.padStart(3)},${`${number & 0xfffff}`.padEnd(3)}`;
}
