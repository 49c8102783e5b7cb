import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { TraceRecorder } from '../../src/sim/trace-recorder.ts';
import { parseJobFile } from '../../src/workload/job-file.ts';
import { planWorkload } from '../../src/workload/workload-plan.ts';
import {
  isClean,
  type JobResult,
  type WorkloadResult,
} from '../../src/workload/workload-result.ts';
import { STALL_NS, WorkloadRunner } from '../../src/workload/workload-runner.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { BLOCK, FakeTarget } from './fake-target.ts';

function start(target: FakeTarget, text: string, seed = 1): WorkloadRunner {
  const { blockBytes, blockCount } = target.namespaces[0]!;
  const plan = planWorkload(parseJobFile('a.fio', text), {
    blockBytes,
    blockCount,
    timePasses: true,
  });
  return new WorkloadRunner(target, plan, makePrng(seed));
}

function run(target: FakeTarget, text: string, seed = 1): WorkloadResult {
  const runner = start(target, text, seed);
  while (runner.slice(1000));
  return runner.result();
}

function only(target: FakeTarget, lines: string): JobResult {
  const result = run(target, `[a]\n${lines}`);
  expect(result.jobs).toHaveLength(1);
  return result.jobs[0]!;
}

const opcodes = (target: FakeTarget): number[] => target.seen.map((each) => each.opcode);

describe('WorkloadRunner', () => {
  it('reads the disk from start to end', () => {
    const target = new FakeTarget({ blocks: 64 });
    const job = only(target, 'bs=4k');
    expect(target.seen.map(({ opcode, slba, blocks }) => [opcode, slba, blocks])).toEqual(
      Array.from({ length: 8 }, (_, i) => [2, i * 8, 8]),
    );
    expect([job.read.ios, job.read.bytes, job.write.ios, job.errorCount]).toEqual([8, 32768, 0, 0]);
    expect([job.read.latency.min, job.read.latency.max, job.runtimeNs]).toEqual([1000, 1000, 8000]);
  });

  it('keeps as many I/Os in flight as iodepth says, and rings once for what it queues together', () => {
    const target = new FakeTarget({ blocks: 512 });
    const job = only(target, 'bs=512\niodepth=16');
    expect(target.deepest).toBe(16);
    expect(target.commits).toBe(32);
    expect(job.runtimeNs).toBe(32_000);
  });

  it('runs the jobs of a group at once, on queues of their own, and groups one after the other', () => {
    const target = new FakeTarget({ blocks: 64, queues: 2 });
    const result = run(
      target,
      '[a]\nsize=8k\nnumjobs=2\n[b]\nrw=write\nsize=8k\n[c]\nstonewall\nsize=4k\n',
    );
    expect(result.jobs.map((job) => `${job.name} ${job.group}`)).toEqual([
      'a 0',
      'a 0',
      'b 0',
      'c 1',
    ]);
    expect(
      target.seen.slice(0, 3).map(({ queueId, opcode, atNs }) => [queueId, opcode, atNs]),
    ).toEqual([
      [1, 2, 0],
      [2, 2, 0],
      [1, 1, 0],
    ]);
    expect(target.seen.map((each) => each.atNs)).toEqual([0, 0, 0, 1000, 1000, 1000, 2000]);
    expect(result).toMatchObject({ isComplete: true, wasInterrupted: false, virtualNs: 3000 });
  });

  it('shows jobs that report as a group as one', () => {
    const result = run(
      new FakeTarget(),
      '[a]\nsize=8k\nnumjobs=3\ngroup_reporting\n[b]\nstonewall\nsize=4k',
    );
    expect(result.jobs.map((job) => [job.name, job.jobs, job.read.ios])).toEqual([
      ['a', 3, 6],
      ['b', 1, 1],
    ]);
  });

  it('goes on when a queue was full', () => {
    const target = new FakeTarget({ blocks: 256, depth: 3 });
    const result = run(target, '[a]\nbs=512\niodepth=8\n[b]\nbs=512\niodepth=8\n');
    expect(result.jobs.map((job) => job.read.ios)).toEqual([256, 256]);
    expect(target.deepest).toBe(3);
  });

  it('cuts an I/O into commands that the driver takes, and counts it once', () => {
    const target = new FakeTarget({ blocks: 64, maxTransferBytes: 8192, depth: 2 });
    const job = only(target, 'rw=write\nbs=20k\nverify=crc32c');
    expect(target.seen.slice(0, 3).map(({ slba, blocks }) => [slba, blocks])).toEqual([
      [0, 16],
      [16, 16],
      [32, 8],
    ]);
    expect([job.write.ios, job.verify.ios, job.verifyErrors]).toEqual([1, 1, 0]);
    expect(job.write.bytes).toBe(20480);
  });

  // fio 3.33: 16 writes with fsync=4 make 3 syncs.
  it('flushes after so many writes, when they have ended, but not behind the last', () => {
    const target = new FakeTarget({ blocks: 128 });
    const job = only(target, 'rw=write\nfsync=4\niodepth=8');
    expect(opcodes(target).join('')).toBe('1111011110111101111');
    expect(job.sync.ios).toBe(3);
    const flushes = target.seen.filter((each) => each.opcode === 0);
    for (const flush of flushes) {
      const before = target.seen.slice(0, target.seen.indexOf(flush));
      expect(before.every((each) => each.atNs < flush.atNs)).toBe(true);
    }
  });

  it('repeats its loops, and reads back each one', () => {
    const target = new FakeTarget({ blocks: 64 });
    const job = only(target, 'rw=write\nloops=3\nverify=crc32c');
    expect(opcodes(target).join('')).toBe('1111111122222222'.repeat(3));
    expect([job.write.ios, job.verify.ios, job.read.ios, job.verifyErrors]).toEqual([24, 24, 0, 0]);
    expect(job.runtimeNs).toBe(24_000);
    expect(job.verifyRuntimeNs).toBe(24_000);
  });

  it('reads back what a mix wrote and nothing else', () => {
    const target = new FakeTarget();
    const job = only(target, 'rw=randrw\nverify=crc32c\nnumber_ios=100\niodepth=4');
    expect(job.read.ios + job.write.ios).toBe(100);
    expect(job.verify.ios).toBe(job.write.ios);
    expect(job.verifyErrors).toBe(0);
  });

  it('never lets two writes of one block race when it verifies', () => {
    const target = new FakeTarget({ blocks: 16 });
    const job = only(
      target,
      'rw=randwrite\nbs=1k\nnorandommap\nio_size=200k\niodepth=8\nverify=crc32c',
    );
    expect([job.write.ios, job.verifyErrors]).toEqual([200, 0]);
    const writes = target.seen.filter((each) => each.opcode === 1);
    for (const atNs of new Set(writes.map((each) => each.atNs))) {
      const batch = writes.filter((each) => each.atNs === atNs).map((each) => each.slba);
      expect(new Set(batch).size).toBe(batch.length);
    }
  });

  it('stops after a virtual time, and fills it when it is time based', () => {
    const capped = only(new FakeTarget(), 'runtime=10us\nbs=512');
    expect([capped.read.ios, capped.runtimeNs]).toEqual([10, 10_000]);
    const filling = only(new FakeTarget({ blocks: 8 }), 'runtime=1ms\ntime_based\nbs=512');
    expect(filling.read.ios).toBe(1000);
  });

  it('finds nothing wrong in what an earlier job wrote, of either kind', () => {
    for (const verify of ['verify=crc32c', 'verify=pattern\nverify_pattern=0xcafe%o']) {
      const result = run(
        new FakeTarget(),
        `[global]\n${verify}\n[w]\nrw=randwrite\ndo_verify=0\n[r]\nstonewall\nrw=read\n`,
      );
      expect(
        result.jobs.map((job) => [job.read.ios, job.write.ios, job.verify.ios, job.verifyErrors]),
      ).toEqual([
        [0, 256, 0, 0],
        [256, 0, 0, 0],
      ]);
      expect(isClean(result)).toBe(true);
    }
  });
});

describe('what goes wrong', () => {
  it('is counted by status, and the job goes on', () => {
    const target = new FakeTarget({
      blocks: 64,
      decide: (request) => (request.slba === 8 ? 0x281 : request.slba === 16 ? 0x6 : 0),
    });
    const result = run(target, '[a]\nloops=2\n');
    const job = result.jobs[0]!;
    expect([...job.errors]).toEqual([
      [0x281, 2],
      [0x6, 2],
    ]);
    expect([job.read.ios, job.errorCount, job.read.latency.count]).toEqual([12, 4, 12]);
    expect(result.isComplete).toBe(true);
    expect(isClean(result)).toBe(false);
  });

  it('of one command of several fails the whole I/O once', () => {
    const target = new FakeTarget({
      blocks: 64,
      maxTransferBytes: 4096,
      decide: (request) => (request.slba === 8 ? 6 : 0),
    });
    const job = only(target, 'bs=16k');
    expect([job.read.ios, job.errorCount]).toEqual([1, 1]);
  });

  it.each([
    ['a lost write', 'not the block that was written last'],
    ['a changed byte', 'wrong checksum'],
    ['a misplaced write', 'the block of another offset'],
    ['zeroes', 'no header'],
  ])('is found by reading back: %s', (harm, text) => {
    const decide = (_: unknown, nth: number): number => {
      // Writes 0..7 are the first loop, reads 8..15, writes 16..23 the second loop.
      if (nth === 24) {
        if (harm === 'a changed byte') target.bytes[3 * 4096 + 2000]! ^= 1;
        if (harm === 'a misplaced write') target.bytes.copyWithin(3 * 4096, 2 * 4096, 3 * 4096);
        if (harm === 'zeroes') target.bytes.fill(0, 3 * 4096, 4 * 4096);
        if (harm === 'a lost write') target.bytes.set(first, 3 * 4096);
      }
      if (nth === 8) first.set(target.bytes.subarray(3 * 4096, 4 * 4096));
      return 0;
    };
    const first = new Uint8Array(4096);
    const target = new FakeTarget({ blocks: 64, decide });
    const result = run(target, '[a]\nrw=write\nloops=2\nverify=crc32c');
    expect(result.jobs[0]!.verifyErrors).toBe(1);
    expect(result.jobs[0]!.samples).toEqual([`verify: ${text} at offset 12288, length 4096`]);
    expect(isClean(result)).toBe(false);
  });

  it.each(['verify=crc32c', 'verify=pattern\nverify_pattern=0x00'])(
    'is found when a read ends well and has moved nothing, with %j',
    (verify) => {
      const target = new FakeTarget({ blocks: 64, isIdle: true });
      expect(only(target, `rw=write\nbs=4k\n${verify}`).verifyErrors).toBe(8);
    },
  );

  it('is found in a pattern too', () => {
    const target = new FakeTarget({
      blocks: 64,
      decide: (_, nth) => {
        if (nth === 8) target.bytes[5000] = 0;
        return 0;
      },
    });
    const job = only(target, 'rw=write\nverify=pattern\nverify_pattern=0xab');
    expect(job.samples).toEqual([
      'verify: bytes that differ from the pattern at offset 4096, length 4096',
    ]);
  });

  it('is found by a job that reads alone', () => {
    const job = only(new FakeTarget({ blocks: 64 }), 'rw=read\nverify=crc32c');
    expect(job.verifyErrors).toBe(8);
    expect(job.samples[0]).toBe('verify: no header at offset 0, length 4096');
  });

  it('leaves a block out of verification after its write failed', () => {
    const target = new FakeTarget({
      blocks: 64,
      decide: (request) => (request.opcode === 1 && request.slba === 8 ? 6 : 0),
    });
    const job = only(target, 'rw=write\nverify=crc32c');
    expect([job.write.ios, job.verify.ios, job.verifyErrors, job.errorCount]).toEqual([7, 7, 0, 1]);
  });

  it('and never ends is given up and said, at once when the world is idle', () => {
    const target = new FakeTarget({ blocks: 64, decide: (_, nth) => (nth === 3 ? Number.NaN : 0) });
    const result = run(target, '[a]\niodepth=2\n[b]\nstonewall\n');
    expect(result.jobs).toHaveLength(1);
    expect(result.jobs[0]).toMatchObject({ lost: 1 });
    expect(result.jobs[0]!.read.ios).toBe(7);
    expect(result).toMatchObject({ isComplete: false, wasInterrupted: false });
    expect(isClean(result)).toBe(false);
  });

  it('and never ends is given up after a long time when something else goes on', () => {
    const target = new FakeTarget({ blocks: 64, decide: () => Number.NaN });
    const tick = {
      owner: 'tick',
      run: (): void => target.executor.schedule(tick, target.executor.now + 1e9),
      background: true,
      dueNs: 0,
      sequence: 0,
      slot: -1,
    };
    target.executor.post(tick);
    const result = run(target, '[a]\n');
    expect(result.isComplete).toBe(false);
    expect(target.executor.now).toBeGreaterThan(STALL_NS);
    expect(target.executor.now).toBeLessThan(STALL_NS + 3e9);
  });

  it('refuses buffers that do not fit, before anything is issued', () => {
    const target = new FakeTarget({ memoryBytes: 1 << 16 });
    expect(() => start(target, '[a]\nrw=write\niodepth=17')).toThrow(
      /69632 is not accepted; expected jobs whose buffers fit in the 65536 bytes/,
    );
    expect(target.seen).toEqual([]);
    expect(() => start(target, '[a]\nrw=write\niodepth=16')).not.toThrow();
  });
});

describe('a run that is stopped', () => {
  it('ends what is in flight, skips the rest and says so', () => {
    const target = new FakeTarget();
    const runner = start(
      target,
      '[a]\nrw=write\nverify=crc32c\niodepth=4\nloops=5\n[b]\nstonewall\n',
    );
    runner.slice(20);
    expect(runner.progress()).toMatchObject({ group: 0, groupCount: 2 });
    runner.stop();
    while (runner.slice(10));
    const result = runner.result();
    expect(result).toMatchObject({ wasInterrupted: true, isComplete: false });
    expect(result.jobs).toHaveLength(1);
    expect(result.jobs[0]!.write.ios).toBe(target.seen.length);
    expect(target.seen.every((each) => each.opcode === 1)).toBe(true);
    expect(target.buffers.freePages).toBe(1024);
    runner.stop();
    expect(runner.isDone).toBe(true);
  });
});

describe('progress', () => {
  it('goes from 0 to 1 and never back', () => {
    const runner = start(
      new FakeTarget(),
      '[a]\nrw=write\nloops=2\n[b]\nruntime=200us\ntime_based\n[c]\nstonewall\n',
    );
    let last = runner.progress().share;
    expect(last).toBe(0);
    while (runner.slice(7)) {
      const { share } = runner.progress();
      expect(share).toBeGreaterThanOrEqual(last);
      expect(share).toBeLessThanOrEqual(1);
      last = share;
    }
    expect(runner.progress()).toMatchObject({ share: 1, ios: 512 + 256 + 200 });
  });
});

describe('chance', () => {
  const text = '[a]\nrw=randrw\niodepth=4\nnumjobs=2\nbs=1k\n';
  const trace = (job: string, seed: number): string => {
    const lines: string[] = [];
    const target: FakeTarget = new FakeTarget({
      tracer: { event: (...args) => recorder.event(...args) },
    });
    const recorder = new TraceRecorder(target.executor, (line) => lines.push(line));
    run(target, job, seed);
    return lines.join('\n');
  };

  it('is the same for the same seed, to the byte of a trace, and other for another seed, job or randseed', () => {
    const first = trace(text, 1);
    expect(first).toContain('"layer":"workload","event":"issue","io":1,');
    expect(first.match(/"event":"issue"/g)).toHaveLength(2048);
    expect(first.match(/"event":"end"/g)).toHaveLength(2048);
    expect(trace(text, 1)).toBe(first);
    expect(trace(text, 2)).not.toBe(first);
    expect(trace(`${text}randseed=5`, 1)).not.toBe(first);
    expect(trace(text.replace('[a]', '[b]'), 1)).not.toBe(first);
  });

  it('gives each clone its own offsets', () => {
    const target = new FakeTarget({ queues: 2 });
    run(target, '[a]\nrw=randread\nnumjobs=2\n');
    const of = (queueId: number): number[] =>
      target.seen.filter((each) => each.queueId === queueId).map((each) => each.slba);
    expect(of(1)).not.toEqual(of(2));
    expect([...of(1)].sort()).toEqual([...of(2)].sort());
  });
});

describe('a world where nothing costs time', () => {
  it('is no livelock for a long run', () => {
    const target = new FakeTarget({ latencyNs: 0 });
    const job = only(target, 'rw=randread\nbs=512\nio_size=100m\niodepth=32');
    expect(job.read.ios).toBe(204_800);
    expect(job.runtimeNs).toBeGreaterThan(0);
    expect(job.runtimeNs).toBeLessThan(10_000);
  });
});

describe('any job', () => {
  it('does what it says, verifies clean, and gives its buffers back', () => {
    const kilobytes = fc.constantFrom(512, 1024, 4096, 12_288, 20_480);
    const job = fc.record({
      rw: fc.constantFrom('read', 'write', 'randread', 'randwrite', 'rw', 'randrw'),
      bs: kilobytes,
      iodepth: fc.integer({ min: 1, max: 12 }),
      loops: fc.integer({ min: 1, max: 3 }),
      fsync: fc.nat(5),
      numberIos: fc.nat(40),
      repeats: fc.boolean(),
      verify: fc.constantFrom('', 'verify=crc32c', 'verify=pattern\nverify_pattern=%o"x"'),
    });
    checkProperty(
      fc.property(job, fc.nat(), fc.integer({ min: 1, max: 9 }), (each, seed, depth) => {
        const target = new FakeTarget({ blocks: 256, depth, queues: 2, maxTransferBytes: 8192 });
        const isRead = each.rw.endsWith('read');
        const lines = [
          `rw=${each.rw}\nbs=${each.bs}\niodepth=${each.iodepth}\nloops=${each.loops}\nfsync=${each.fsync}`,
          `number_ios=${each.numberIos}\nnorandommap=${Number(each.repeats)}`,
          isRead ? '' : each.verify,
        ];
        const found = only(target, `${lines.join('\n')}\nrandseed=${seed}`);
        const perLoop = Math.floor((256 * BLOCK) / each.bs);
        const ios =
          (each.numberIos === 0 ? perLoop : Math.min(perLoop, each.numberIos)) * each.loops;
        expect(found.read.ios + found.write.ios).toBe(ios);
        expect([found.errorCount, found.verifyErrors, found.lost]).toEqual([0, 0, 0]);
        expect(target.buffers.freePages).toBe(1024);
        expect(target.executor.isIdle).toBe(true);
        if (each.fsync > 0)
          expect(found.sync.ios).toBeGreaterThanOrEqual(
            Math.floor(found.write.ios / each.fsync) - each.loops,
          );
      }),
      runs(60),
    );
  });
});
