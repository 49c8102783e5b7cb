/**
 * Device Self-test of one controller, which takes its time and finds nothing. NVMe Base 2.0, 5.9 and 5.16.1.7.
 *
 * Does not model: defects that it could find, its being put off by other commands.
 */
import type { Executor, Task } from '../../interfaces/executor.ts';
import { makeTask } from '../../sim/task.ts';
import {
  SELF_TEST_LOG_BYTES,
  SELF_TEST_RESULTS,
  selfTestLog,
  selfTestResult,
} from '../../wire/nvme-logs.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';

/** Minutes that the extended self-test takes (EDSTT). */
export const EXTENDED_SELF_TEST_MINUTES = 10;
/** Minutes that the short self-test takes. */
const SHORT_SELF_TEST_MINUTES = 1;

const NS_PER_MINUTE = 60_000_000_000;
const NS_PER_HOUR = 60 * NS_PER_MINUTE;
const CODE_SHORT = 1;
const CODE_EXTENDED = 2;
const CODE_ABORT = 0xf;

/** How a self-test ended. NVMe Base 2.0, figure 214. */
export const SelfTestResult = {
  passed: 0,
  abortedByCommand: 1,
  abortedByReset: 2,
  abortedByFormat: 4,
  abortedBySanitize: 9,
} as const;
/** One of {@link SelfTestResult}. */
export type SelfTestResult = (typeof SelfTestResult)[keyof typeof SelfTestResult];

const NO_RESULT = 0xf;
const VALID_NSID = 1;

interface Entry {
  readonly code: number;
  readonly result: SelfTestResult;
  readonly hours: number;
  readonly nsid: number;
}

/** Runs one self-test at a time, and remembers the last twenty. */
export class SelfTest {
  readonly #executor: Executor;
  readonly #task: Task;
  readonly #results: Entry[] = [];
  /** Code of the test that runs; 0 for none. */
  #code = 0;
  #nsid = 0;
  #sinceNs = 0;

  constructor(executor: Executor) {
    this.#executor = executor;
    // A test that runs does not keep the world from being idle.
    this.#task = makeTask('target-nvme', () => this.stop(SelfTestResult.passed), true);
  }

  /** Executes the command; returns its status. @param nsid the namespaces tested: 0 for none, one, or all */
  execute(code: number, nsid: number): number {
    if (code === CODE_ABORT) {
      this.stop(SelfTestResult.abortedByCommand);
      return NvmeStatus.success;
    }
    if (code !== CODE_SHORT && code !== CODE_EXTENDED) return NvmeStatus.invalidField;
    if (this.#code !== 0) return NvmeStatus.selfTestInProgress;
    this.#code = code;
    this.#nsid = nsid;
    this.#sinceNs = this.#executor.now;
    this.#executor.schedule(this.#task, this.#sinceNs + this.#durationNs);
    return NvmeStatus.success;
  }

  /** Ends the test that runs, if one does. */
  stop(result: SelfTestResult): void {
    if (this.#code === 0) return;
    this.#executor.cancel(this.#task);
    const hours = Math.floor(this.#executor.now / NS_PER_HOUR);
    this.#results.unshift({ code: this.#code, result, hours, nsid: this.#nsid });
    this.#results.length = Math.min(this.#results.length, SELF_TEST_RESULTS);
    this.#code = 0;
  }

  /** A controller reset ends the short test; the extended one goes on. */
  reset(): void {
    if (this.#code === CODE_SHORT) this.stop(SelfTestResult.abortedByReset);
  }

  /** Writes the log page to `into`; returns its length in bytes. */
  writeTo(into: Uint8Array): number {
    const view = new DataView(into.buffer, into.byteOffset, SELF_TEST_LOG_BYTES);
    into.fill(0, 0, SELF_TEST_LOG_BYTES);
    selfTestLog.operation.set(view, 0, this.#code);
    if (this.#code !== 0) {
      const part = (this.#executor.now - this.#sinceNs) / this.#durationNs;
      selfTestLog.percent.set(view, 0, Math.min(Math.floor(100 * part), 99));
    }
    for (let i = 0; i < SELF_TEST_RESULTS; i++) {
      const at = selfTestLog.first.at + i * selfTestResult.byteLength;
      const entry = this.#results[i];
      selfTestResult.result.set(view, at, entry?.result ?? NO_RESULT);
      if (entry === undefined) continue;
      selfTestResult.code.set(view, at, entry.code);
      selfTestResult.powerOnHours.set(view, at, entry.hours);
      if (entry.nsid === 0) continue;
      selfTestResult.valid.set(view, at, VALID_NSID);
      selfTestResult.nsid.set(view, at, entry.nsid);
    }
    return SELF_TEST_LOG_BYTES;
  }

  get #durationNs(): number {
    const isShort = this.#code === CODE_SHORT;
    return (isShort ? SHORT_SELF_TEST_MINUTES : EXTENDED_SELF_TEST_MINUTES) * NS_PER_MINUTE;
  }
}
