import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type JobFile,
  JobFileError,
  MAX_JOB_FILE_CHARACTERS,
  parseJobFile,
} from '../../src/workload/job-file.ts';
import { IGNORED_KEYS, JOB_KEYS, type JobKey } from '../../src/workload/job-keys.ts';
import type { KeyType } from '../../src/workload/key-type.ts';
import { checkProperty, runs } from '../support/runs.ts';

const parse = (text: string): JobFile => parseJobFile('a.fio', text);
const keys = Object.keys(JOB_KEYS) as JobKey[];

function failure(text: string): JobFileError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof JobFileError) return error;
    throw error;
  }
  throw new Error('parsed');
}

describe('parseJobFile', () => {
  it('reads sections, comments, bare keys and defaults from [global]', () => {
    const file = parse(`
; a comment
# another
[global]
bs=8k            ; behind a value
ioengine=libaio

[first]
rw=randwrite
iodepth = 4
[ second job ]
stonewall
rw=randrw
rwmixwrite=30
filename=/dev/nvme0n1
direct=1
ioengine=psync
`);
    expect(file.jobs.map((job) => job.name)).toEqual(['first', 'second job']);
    const [first, second] = file.jobs;
    expect(first!.line).toBe(8);
    expect(first!.options).toMatchObject({ bs: 8192, iodepth: 4, stonewall: false, rwmixread: 50 });
    expect(first!.options.rw).toEqual({ reads: false, writes: true, random: true });
    expect(second!.options).toMatchObject({ bs: 8192, iodepth: 1, stonewall: true, rwmixread: 70 });
    expect(first!.lines.get('bs')).toBe(5);
    expect(first!.lines.get('iodepth')).toBe(10);
    expect(file.ignored).toEqual(['ioengine', 'filename', 'direct']);
  });

  it('gives a later [global] to the sections below it alone', () => {
    const file = parse('[global]\nbs=1k\n[a]\n[global]\nbs=2k\niodepth=3\n[b]\n');
    expect(file.jobs.map((job) => job.options.bs)).toEqual([1024, 2048]);
    expect(file.jobs.map((job) => job.options.iodepth)).toEqual([1, 3]);
  });

  it('lets the last of two values of a key count, rwmixread and rwmixwrite included', () => {
    const of = (lines: string): number => parse(`[a]\n${lines}`).jobs[0]!.options.rwmixread;
    expect(of('rwmixread=20\nrwmixread=30')).toBe(30);
    expect(of('rwmixread=20\nrwmixwrite=30')).toBe(70);
    expect(of('rwmixwrite=30\nrwmixread=20')).toBe(20);
  });

  it('names a job by its name key', () => {
    expect(parse('[a]\nname=b\n').jobs[0]!.name).toBe('b');
  });

  it('knows the other names of keys', () => {
    const options = parse('[a]\nblocksize=1k\nreadwrite=write\nio_limit=4k\ntimeout=3\n').jobs[0]!
      .options;
    expect(options).toMatchObject({ bs: 1024, io_size: { value: 4096 }, runtime: 3e9 });
  });

  it.each([
    ['[a]\nbs=banana', 2, 'bs', "a.fio:2: bs: 'banana' is not accepted; expected a size such as"],
    [
      '[a]\n\nrw=write:3',
      3,
      'rw',
      'expected one of read, write, randread, randwrite, rw, readwrite, randrw',
    ],
    ['[a]\nrw=randtrim', 2, 'rw', "'randtrim' is not accepted (trim needs a deallocate command"],
    ['[a]\niodepth=0', 2, 'iodepth', 'expected a whole number from 1 to 4096'],
    ['[a]\niodepth', 2, 'iodepth', 'no value is not accepted'],
    ['[a]\nrwmixread=101', 2, 'rwmixread', 'from 0 to 100'],
    ['[a]\nstonewall=maybe', 2, 'stonewall', 'expected 0, 1 or no value'],
    ['[a]\nkb_base=1000', 2, 'kb_base', 'one of 1024'],
    [
      '[a]\nbsrange=4k-8k',
      2,
      'bsrange',
      'no such key here; accepted are blocksize, bs, description',
    ],
    ['[a]\nfoo', 2, 'foo', 'ignored are allow_file_create'],
    ['[a]\nRW=read', 2, 'RW', 'no such key here'],
    ['[a]\n=4', 2, '', 'no such key here'],
    ['bs=4k\n[a]', 1, '', "'bs=4k' stands before the first [section]"],
    ['[a', 1, '', "'[a' is no section; expected [name]"],
    ['[]', 1, '', 'expected [name]'],
    ['[ ]', 1, '', 'expected [name]'],
    ['', 0, '', 'a.fio: no job'],
    ['[global]\nbs=4k', 0, '', 'no job'],
    [`[a]\n;${' '.repeat(MAX_JOB_FILE_CHARACTERS)}`, 0, '', 'more than 1048576 characters'],
  ])('says what is wrong in %j', (text, line, key, message) => {
    const error = failure(text);
    expect(error.message).toContain(message);
    expect([error.file, error.line, error.key]).toEqual(['a.fio', line, key]);
  });

  it('names every accepted and ignored key when it meets an unknown one', () => {
    const { message } = failure('[a]\nnope=1');
    for (const key of [...keys, ...IGNORED_KEYS]) expect(message).toContain(key);
  });

  it('throws nothing but JobFileError, whatever the text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('[a]', '[global]', '[', '=', 'rw', '#', '\r'),
      fc
        .tuple(fc.constantFrom(...keys, ...IGNORED_KEYS), fc.string())
        .map(([key, value]) => `${key}=${value}`),
    );
    checkProperty(
      fc.property(fc.array(line), (lines) => {
        try {
          const file = parse(lines.join('\n'));
          expect(file.jobs.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(JobFileError);
        }
      }),
      runs(300),
    );
  });

  it('reads back every valid job that is written down, whatever is ignored beside it', () => {
    const setting = fc
      .constantFrom(...keys)
      .chain((key) =>
        fc.constantFrom(...JOB_KEYS[key].type.samples).map((sample) => ({ key, sample })),
      );
    const noise = fc.constantFrom('', '; note', '# note', 'ioengine=libaio', 'direct=1', '  ');
    const lines = fc.array(fc.tuple(setting, noise), { maxLength: 12 });
    checkProperty(
      fc.property(
        fc.array(lines, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('\n', '\r\n'),
        (jobs, end) => {
          const text = jobs.flatMap((settings, index) => [
            `[job ${index}]`,
            ...settings.flatMap(([{ key, sample }, between]) => [
              sample === undefined ? key : `${key}=${sample}`,
              between,
            ]),
          ]);
          const parsed = parse(text.join(end));
          for (const [index, settings] of jobs.entries()) {
            const last = new Map(settings.map(([{ key, sample }]) => [key, sample]));
            for (const [key, sample] of last) {
              if (key === 'rwmixread') continue;
              const type = JOB_KEYS[key].type as KeyType<unknown>;
              expect(parsed.jobs[index]!.options[key]).toEqual(type.parse(sample));
            }
            for (const key of keys.filter((each) => !last.has(each) && each !== 'rwmixread')) {
              expect(parsed.jobs[index]!.options[key]).toBe(JOB_KEYS[key].fallback);
            }
          }
        },
      ),
      runs(100),
    );
  });
});
