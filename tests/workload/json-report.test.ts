import { describe, expect, it } from 'vitest';
import { jsonReport } from '../../src/workload/json-report.ts';
import { JobResult } from '../../src/workload/workload-result.ts';

describe('jsonReport', () => {
  it('has the names of fio where they apply, and numbers in bytes and virtual nanoseconds', () => {
    const access = { reads: true, writes: true, random: true };
    const job = new JobResult({
      name: 'a',
      description: undefined,
      group: 2,
      access,
      ioBytes: 512,
      iodepth: 3,
    });
    job.read.ios = 4;
    for (const ns of [100, 100, 100, 300]) job.read.latency.add(ns);
    job.runtimeNs = 1000;
    job.errors.set(6, 2);
    job.verifyErrors = 1;
    job.sample('line');
    const report = jsonReport(
      { jobs: [job], isComplete: true, wasInterrupted: false, virtualNs: 1500, wallMs: 2 },
      (status) => `status ${status}`,
    );
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      complete: true,
      interrupted: false,
      clean: false,
      virtual_ns: 1500,
      wall_ms: 2,
      jobs: [
        {
          jobname: 'a',
          groupid: 2,
          error: 2,
          'job options': { rw: 'randrw', bs: 512, iodepth: 3, numjobs: 1 },
          read: {
            io_bytes: 2048,
            bw_bytes: 2_048_000_000,
            iops: 4_000_000,
            runtime_ns: 1000,
            total_ios: 4,
            lat_ns: {
              min: 100,
              max: 300,
              mean: 150,
              stddev: 100,
              N: 4,
              percentile: { '50.000000': 100, '99.990000': 302 },
            },
          },
          write: { io_bytes: 0, iops: 0, total_ios: 0 },
          verify: { total_ios: 0, iops: 0, errors: 1 },
          sync: { total_ios: 0 },
          errors: { 'status 6': 2 },
          lost: 0,
          messages: ['line'],
        },
      ],
    });
  });
});
