/** A binary block trace as a file, under the name that `blkparse -i PREFIX` looks for. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { BlktraceWriter } from '../../block/index.ts';
import type { Executor } from '../../interfaces/executor.ts';
import { UsageError } from './usage-error.ts';

/** Writes the events of one device. */
export class BlktraceFile {
  readonly #descriptor: number;
  #writer: BlktraceWriter | undefined = undefined;

  /** Makes, or empties, `PREFIX.blktrace.0`. @throws UsageError when the file cannot be made */
  constructor(prefix: string) {
    try {
      this.#descriptor = openSync(`${prefix}.blktrace.0`, 'w');
    } catch (error) {
      throw new UsageError(`--blktrace ${prefix}: ${(error as Error).message}`);
    }
  }

  /** The observer of the device whose clock this is. */
  observe(clock: Executor): BlktraceWriter {
    this.#writer = new BlktraceWriter(clock, (bytes) => writeSync(this.#descriptor, bytes));
    return this.#writer;
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.#writer?.flush();
    closeSync(this.#descriptor);
  }
}
