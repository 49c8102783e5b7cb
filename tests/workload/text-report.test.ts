import { describe, expect, it } from 'vitest';
import { accessName, textReport } from '../../src/workload/text-report.ts';
import { JobResult, type WorkloadResult } from '../../src/workload/workload-result.ts';

const access = { reads: false, writes: true, random: true };

function sample(): JobResult {
  const job = new JobResult({
    name: 'oltp',
    description: 'of a kind',
    group: 0,
    access,
    ioBytes: 4096,
    iodepth: 4,
  });
  job.write.ios = 200;
  for (let i = 0; i < 200; i++) job.write.latency.add(i === 199 ? 20_000 : 10_000);
  job.runtimeNs = 1_000_000;
  job.verify.ios = 200;
  job.verify.latency.add(5000);
  job.verifyRuntimeNs = 2_000_000;
  job.sync.ios = 2;
  job.sync.latency.add(3000);
  job.verifyErrors = 1;
  job.errors.set(0x281, 3);
  job.sample('verify: no header at offset 4096, length 4096');
  return job;
}

function report(job: JobResult, more: Partial<WorkloadResult> = {}): string {
  const result = {
    jobs: [job],
    isComplete: true,
    wasInterrupted: false,
    virtualNs: 3e6,
    wallMs: 20,
    ...more,
  };
  return textReport(result, (status) => (status === 0x281 ? 'Unrecovered Read Error' : '?'));
}

describe('textReport', () => {
  it('reads as users of fio expect', () => {
    expect(report(sample()).split('\n')).toEqual([
      'oltp: (groupid=0, jobs=1): err=3: rw=randwrite, bs=4096B, iodepth=4',
      '  Description  : [of a kind]',
      '  write: IOPS=200k, BW=781MiB/s (819MB/s)(800KiB/1000usec)',
      '    lat (nsec): min=10000, max=20000, avg=10050.00, stdev=707.11',
      '    lat percentiles (nsec):',
      '     |  1.00th=[10048],  5.00th=[10048], 10.00th=[10048], 20.00th=[10048],',
      '     | 30.00th=[10048], 40.00th=[10048], 50.00th=[10048], 60.00th=[10048],',
      '     | 70.00th=[10048], 80.00th=[10048], 90.00th=[10048], 95.00th=[10048],',
      '     | 99.00th=[10048], 99.50th=[10048], 99.90th=[20096], 99.95th=[20096],',
      '     | 99.99th=[20096]',
      '  verify: IOPS=100k, BW=391MiB/s (410MB/s)(800KiB/2000usec)',
      '    lat (nsec): min=5000, max=5000, avg=5000.00, stdev=0.00',
      '    lat percentiles (nsec):',
      '     |  1.00th=[5024],  5.00th=[5024], 10.00th=[5024], 20.00th=[5024],',
      '     | 30.00th=[5024], 40.00th=[5024], 50.00th=[5024], 60.00th=[5024],',
      '     | 70.00th=[5024], 80.00th=[5024], 90.00th=[5024], 95.00th=[5024],',
      '     | 99.00th=[5024], 99.50th=[5024], 99.90th=[5024], 99.95th=[5024],',
      '     | 99.99th=[5024]',
      '  fsync/fdatasync:',
      '    sync (nsec): min=3000, max=3000, avg=3000.00, stdev=0.00',
      '    sync percentiles (nsec):',
      '     |  1.00th=[2992],  5.00th=[2992], 10.00th=[2992], 20.00th=[2992],',
      '     | 30.00th=[2992], 40.00th=[2992], 50.00th=[2992], 60.00th=[2992],',
      '     | 70.00th=[2992], 80.00th=[2992], 90.00th=[2992], 95.00th=[2992],',
      '     | 99.00th=[2992], 99.50th=[2992], 99.90th=[2992], 99.95th=[2992],',
      '     | 99.99th=[2992]',
      '     issued rwts: total=0,200,0,2; verify: blocks=200, errors=1',
      '     errors: 3 x Unrecovered Read Error (status 281h)',
      '     verify: no header at offset 4096, length 4096',
      '',
      'Run status group 0 (all jobs):',
      '  WRITE: bw=781MiB/s (819MB/s), io=800KiB (819kB), run=1000usec-1000usec',
      ' VERIFY: bw=391MiB/s (410MB/s), io=800KiB (819kB), run=2000usec-2000usec',
      '',
      '402 I/Os in 3000usec of virtual time; on the wall clock 20.0msec, 20.1k IO/s',
      'There were errors.',
    ]);
  });

  it('gives no rates where no time has passed', () => {
    const job = sample();
    job.runtimeNs = 0;
    expect(report(job)).toContain('write: IOPS=-, BW=- (no virtual time passed)');
    expect(report(job)).toContain('WRITE: bw=-, io=800KiB (819kB), run=0nsec-0nsec');
    expect(report(job, { wallMs: 0 })).toContain('on the wall clock 0nsec\n');
  });

  it('says when it was interrupted, when it stalled, and when all was well', () => {
    const well = new JobResult({
      name: 'a',
      description: undefined,
      group: 0,
      access,
      ioBytes: 512,
      iodepth: 1,
    });
    expect(report(well)).toMatch(/\nNo errors\.$/);
    expect(report(well, { isComplete: false, wasInterrupted: true })).toMatch(
      /\nInterrupted: .*up to then\.$/,
    );
    well.lost = 2;
    const stalled = report(well, { isComplete: false });
    expect(stalled).toMatch(/\nStalled: .*up to then\.$/);
    expect(stalled).toContain('lost: 2 I/Os never ended');
  });
});

describe('accessName', () => {
  it.each([
    [true, false, false, 'read'],
    [false, true, false, 'write'],
    [true, true, false, 'rw'],
    [true, false, true, 'randread'],
    [false, true, true, 'randwrite'],
    [true, true, true, 'randrw'],
  ])('of reads %s, writes %s, random %s is %s', (reads, writes, random, name) => {
    expect(accessName({ reads, writes, random })).toBe(name);
  });
});
