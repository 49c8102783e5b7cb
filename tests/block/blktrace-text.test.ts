import { describe, expect, it } from 'vitest';
import { mergeBlktraces, parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { countBlktraceActions, formatBlktrace } from '../../src/block/blktrace-text.ts';
import { fixture, textFixture } from './blktrace-fixtures.ts';

/** The lines of events that the real blkparse printed, before its summary. */
function printed(name: string): string[] {
  return textFixture(`${name}.blkparse.txt`)
    .split('\n')
    .filter((line) => /^ *\d+,\d+ +\d+ +\d+ +\d+\.\d{9}/.test(line));
}

describe('what the real blkparse printed', () => {
  it.each([
    'fx1-randrw-none',
    'fx2-seq-deadline',
    'fx4-ext4',
    'fx5-partition',
    'fx8-mask-complete',
    'fx11-scsi-passthrough-error',
  ])('is what we print of %s', (name) => {
    const records = [0, 1].map((cpu) => parseBlktrace(fixture(`${name}.blktrace.${cpu}`)).records);
    const lines = formatBlktrace(mergeBlktraces(records));
    expect(lines).toEqual(printed(name));
    expect(lines.length).toBeGreaterThan(10);
  });

  it('is what we print of a stream of all CPUs', () => {
    const { records } = parseBlktrace(fixture('fx12-stdout-merged.bin'));
    const sorted = mergeBlktraces([records]);
    expect(formatBlktrace(sorted)).toEqual(printed('fx12-stdout-merged'));
  });
});

it('counts events by their letters, and notes not at all', () => {
  const { records } = parseBlktrace(fixture('fx5-partition.blktrace.1'));
  const counts = countBlktraceActions(records);
  expect(counts).toEqual(
    Object.fromEntries(
      ['A', 'Q', 'G', 'P', 'UT', 'I', 'D', 'C'].flatMap((letters) => {
        const count = printed('fx5-partition').filter((line) => line.split(/ +/)[5] === letters);
        return count.length > 0 ? [[letters, count.length]] : [];
      }),
    ),
  );
});
