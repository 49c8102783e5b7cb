import { describe, expect, it } from 'vitest';
import { parseJobFile } from '../../src/workload/job-file.ts';
import {
  bufferBytes,
  type DiskShape,
  planWorkload,
  type WorkloadPlan,
} from '../../src/workload/workload-plan.ts';

const disk: DiskShape = { blockBytes: 512, blockCount: 2048, timePasses: true };

function plan(text: string, shape: Partial<DiskShape> = {}): WorkloadPlan {
  return planWorkload(parseJobFile('a.fio', text), { ...disk, ...shape });
}

const only = (lines: string): WorkloadPlan['groups'][0][0] => plan(`[a]\n${lines}`).groups[0]![0]!;

describe('planWorkload', () => {
  it('fills the disk where nothing is said', () => {
    expect(only('')).toMatchObject({
      offset: 0,
      ioBytes: 4096,
      blocks: 256,
      iosPerLoop: 256,
      loops: 1,
    });
    expect(only('offset=512k')).toMatchObject({ offset: 524288, blocks: 128 });
  });

  // fio 3.33 did so many I/Os of 4 KiB with these keys.
  it.each([
    ['size=10k', 2],
    ['size=512k\nio_size=50%', 64],
    ['size=512k\nio_size=1m', 256],
    ['size=512k\nnumber_ios=10', 10],
    ['size=512k\nnumber_ios=1000', 128],
    ['size=512k\nio_size=256k\nnumber_ios=1000', 64],
  ])('does as many I/Os as fio with %j', (lines, ios) => {
    expect(only(lines).iosPerLoop).toBe(ios);
  });

  it('takes percentages of the disk, down to whole blocks', () => {
    expect(only('size=50%')).toMatchObject({ blocks: 128 });
    expect(only('offset=33%\nsize=50%\nbs=512')).toMatchObject({ offset: 345600, blocks: 1024 });
    expect(only('offset=75%\nsize=50%')).toMatchObject({ offset: 786432, blocks: 64 });
  });

  it('starts a group at each stonewall and clones jobs inside of it', () => {
    const { groups } = plan(
      '[a]\nstonewall\nnumjobs=2\nsize=4k\noffset_increment=64k\n[b]\n[c]\nstonewall\n',
    );
    expect(groups.map((jobs) => jobs.map((job) => `${job.index}${job.name}${job.clone}`))).toEqual([
      ['0a0', '1a1', '2b0'],
      ['3c0'],
    ]);
    expect(groups[0]!.map((job) => job.offset)).toEqual([0, 65536, 0]);
  });

  it('flushes as often as the more frequent of fsync and fdatasync asks for', () => {
    expect(only('fsync=8\nfdatasync=2').flushEvery).toBe(2);
    expect(only('fsync=8').flushEvery).toBe(8);
    expect(only('fdatasync=3').flushEvery).toBe(3);
    expect(only('').flushEvery).toBe(0);
  });

  it('counts the buffers of the largest group', () => {
    expect(
      bufferBytes(plan('[a]\nbs=512\niodepth=4\n[b]\nbs=8k\niodepth=2\n[c]\nstonewall\n')),
    ).toBe(8 * 4096);
  });

  it.each([
    [
      'bs=1000',
      "a.fio:2: bs: 1000 is not accepted; expected a multiple of the disk's 512-byte blocks",
    ],
    ['bs=2g', 'bs: 2147483648 is not accepted; expected 1073741824 at most'],
    ['size=2m', 'a.fio:2: size: 2097152 bytes do not fit in the 1048576 bytes of the disk'],
    ['offset=1m', 'a.fio:1: size: no I/O of 4096 bytes fits in the 0 bytes from offset 1048576 on'],
    ['offset=2m\nsize=4k', 'a.fio:3: size: 4096 bytes do not fit'],
    ['offset=100', 'a.fio:2: offset: 100 is not accepted'],
    ['size=512', 'size: no I/O of 4096 bytes fits in the 512 bytes from offset 0 on'],
    ['io_size=512', 'io_size: no I/O of 4096 bytes fits'],
    ['io_size=0', 'io_size: no I/O of 4096 bytes fits'],
    ['time_based', 'time_based: needs the key runtime'],
    ['verify=pattern', "verify: 'pattern' needs the key verify_pattern"],
    ['numjobs=2\nsize=600k\noffset_increment=600k', 'size: 614400 bytes do not fit'],
  ])('refuses %j', (lines, message) => {
    expect(() => plan(`[a]\n${lines}`)).toThrow(message);
  });

  it('refuses to run for a time where no time passes', () => {
    const text = '[a]\ntime_based\nruntime=1';
    expect(() => plan(text, { timePasses: false })).toThrow(
      'a.fio:2: time_based: no virtual time passes',
    );
    expect(plan(text).groups[0]![0]).toMatchObject({ isTimeBased: true, runtimeNs: 1e9 });
  });

  it('refuses more blocks or I/Os than can be verified', () => {
    const large = { blockCount: 2 ** 30 };
    expect(() => plan('[a]\nrw=write\nbs=512\nverify=crc32c', large)).toThrow(
      /blocks are more than/,
    );
    expect(() => plan('[a]\nrw=read\nbs=512\nverify=crc32c', large)).not.toThrow();
    expect(() => plan('[a]\nrw=write\nverify=crc32c\nloops=4294967295')).toThrow(
      /I\/Os are more than/,
    );
  });

  it('refuses more than 1024 jobs in all', () => {
    expect(() => plan('[a]\nnumjobs=1024')).not.toThrow();
    expect(() => plan('[a]\nnumjobs=1024\n[b]')).toThrow(/a\.fio:3: numjobs: more than 1024/);
  });

  it('refuses jobs that spoil what another one verifies at the same time', () => {
    const write = 'rw=write\nverify=crc32c\nsize=512k\n';
    expect(() => plan(`[a]\n${write}[b]\nrw=randwrite\n`)).toThrow(
      /'a' and 'b' use the same blocks/,
    );
    expect(() => plan(`[a]\nrw=randwrite\n[b]\n${write}`)).toThrow(/same blocks/);
    expect(() => plan(`[a]\n${write}numjobs=2`)).toThrow(/same blocks/);
    expect(() => plan(`[a]\nrw=write\n[b]\nrw=read\nverify=crc32c`)).toThrow(/same blocks/);
    for (const text of [
      `[a]\n${write}[b]\nrw=randwrite\noffset=512k\n`,
      `[a]\n${write}[b]\nrw=randwrite\nstonewall\n`,
      `[a]\n${write}[b]\nrw=read\n`,
      `[a]\n${write}numjobs=2\noffset_increment=512k`,
      `[a]\n${write}do_verify=0\n[b]\nrw=write\n`,
    ]) {
      expect(() => plan(text), text).not.toThrow();
    }
  });
});
