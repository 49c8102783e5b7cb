import type { Mutant } from './mutant.ts';

const runner = ['tests/workload/workload-runner.test.ts'];

export const mutants: readonly Mutant[] = [
  {
    name: 'read-back-finds-its-own-buffer',
    file: 'src/workload/job-run.ts',
    find: 'if (kind === IoKind.verify) this.#verifier!.scrub',
    replace: 'if (kind === IoKind.flush) this.#verifier!.scrub',
    kills: runner,
    note: 'a read that moves nothing passes verification, because its buffer still holds what was written',
  },
  {
    name: 'stale-block-accepted',
    file: 'src/workload/block-verifier.ts',
    find: 'if (sequence !== ANY_SEQUENCE && words[5] !== sequence)',
    replace: 'if (sequence !== ANY_SEQUENCE && words[5]! > sequence)',
    kills: [...runner, 'tests/workload/block-verifier.test.ts'],
    note: 'a write that was lost leaves an older block with a right checksum, which passes verification',
  },
  {
    name: 'flush-overtakes-writes',
    file: 'src/workload/job-run.ts',
    find: 'if (this.#inFlight() > 0) return undefined;\n      this.#writesAtFlush',
    replace: 'this.#writesAtFlush',
    kills: runner,
    note: 'a flush is issued while the writes that it is for are in flight',
  },
  {
    name: 'writes-of-one-block-race',
    file: 'src/workload/job-run.ts',
    find: 'this.#isDrawn = this.#busy[generator.block] === 1;',
    replace: 'this.#isDrawn = false;',
    kills: runner,
    note: 'two writes of one block are in flight at once, and nobody knows which one is to be read back',
  },
  {
    name: 'part-of-an-io-wakes-nobody',
    file: 'src/workload/job-run.ts',
    find: 'if (slot.isDone) this.#settle(slot);',
    replace: 'if (!slot.isDone) return;\n    this.#settle(slot);',
    kills: runner,
    note: 'a queue that was full in the middle of an I/O is never tried again',
  },
  {
    name: 'last-block-never-drawn',
    file: 'src/workload/permutation.ts',
    find: 'if (value < this.#count) return value;',
    replace: 'if (value < Math.max(1, this.#count - 1)) return value;',
    kills: ['tests/workload/permutation.test.ts'],
    note: 'random jobs never touch the last block of their region',
  },
  {
    name: 'percentile-one-bucket-low',
    file: 'src/workload/latency-histogram.ts',
    find: 'if (seen > 0 && seen >= wanted)',
    replace: 'if (seen > 0 && seen >= wanted - 1)',
    kills: ['tests/workload/latency-histogram.test.ts'],
    note: 'percentiles are taken one I/O too early',
  },
  {
    name: 'overlap-of-neighbours-missed',
    file: 'src/workload/workload-plan.ts',
    find: 'verifier.offset < writer.offset + writer.blocks * writer.ioBytes;',
    replace: 'verifier.offset + 4096 * 256 < writer.offset + writer.blocks * writer.ioBytes;',
    kills: ['tests/workload/workload-plan.test.ts'],
    note: 'a job may overwrite what another one verifies at the same time',
  },
];
