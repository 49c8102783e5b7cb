import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeBlktraces, parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { fixture } from './blktrace-fixtures.ts';

describe('a trace of the real blktrace', () => {
  it('is read to its end, notes and all', () => {
    const { records, fault } = parseBlktrace(fixture('fx1-randrw-none.blktrace.0'));
    expect(fault).toBeUndefined();
    expect(records[0]).toMatchObject({ pid: 149, text: 'fio', category: 0x400, number: undefined });
  });

  it('may end within a record: what came before is there', () => {
    const bytes = fixture('fx1-randrw-none.blktrace.0');
    const whole = parseBlktrace(bytes).records.length;
    const { records, fault } = parseBlktrace(bytes.subarray(0, bytes.length - 1));
    expect(records).toHaveLength(whole - 1);
    expect(fault).toContain('a part of a');
  });

  it('is refused from the first byte that is none', () => {
    expect(parseBlktrace(new Uint8Array(48))).toEqual({
      records: [],
      fault: 'no record of version 7 at byte 0',
    });
  });
});

it('merges by time, and keeps the order of one CPU', () => {
  const cpus = [0, 1].map((cpu) => parseBlktrace(fixture(`fx4-ext4.blktrace.${cpu}`)).records);
  const merged = mergeBlktraces(cpus);
  for (const cpu of [0, 1]) {
    const wanted = [...cpus[cpu]!].sort((a, b) => a.timeNs - b.timeNs);
    expect(merged.filter((record) => record.cpu === cpu)).toEqual(
      wanted.filter((record) => record.cpu === cpu),
    );
  }
  expect(merged).toHaveLength(cpus[0]!.length + cpus[1]!.length);
});

it('bytes that were changed anywhere neither throw nor make more records than fit', () => {
  const bytes = fixture('fx5-partition.blktrace.1');
  checkProperty(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 8 }),
      (changes) => {
        const changed = bytes.slice();
        for (const [at, value] of changes) changed[at] = value;
        expect(parseBlktrace(changed).records.length).toBeLessThanOrEqual(bytes.length / 48);
      },
    ),
    runs(100),
  );
});
