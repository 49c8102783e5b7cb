/** Any backend, for reading alone: whatever would change it ends as write protected. */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetOp, TargetStatus } from '../interfaces/target.ts';
import { whenBoth } from './drain.ts';
import { ServiceQueue } from './service-queue.ts';

/** Lets reads and flushes through and refuses everything else. */
export class ReadOnlyBackend implements Backend {
  readonly geometry: Geometry;
  readonly #inner: Backend;
  readonly #refused: ServiceQueue<TargetCommand>;

  constructor(inner: Backend, executor: Executor) {
    this.geometry = { ...inner.geometry, readOnly: true, unmap: false, writeZeroes: false };
    this.#inner = inner;
    this.#refused = new ServiceQueue<TargetCommand>(executor, 'read-only', (command) => {
      command.status = TargetStatus.writeProtected;
      command.end(command);
    });
  }

  submit(command: TargetCommand): void {
    if (command.op === TargetOp.read || command.op === TargetOp.flush) this.#inner.submit(command);
    else this.#refused.push(command, 0);
  }

  abort(command: TargetCommand): AbortResult {
    return this.#refused.has(command) ? AbortResult.tooLate : this.#inner.abort(command);
  }

  reset(done: () => void): void {
    const oneIsDone = whenBoth(done);
    this.#refused.reset(oneIsDone);
    this.#inner.reset(oneIsDone);
  }

  close(): void {
    assert(this.#refused.count === 0, 'a backend is closed with nothing in flight');
    this.#inner.close();
  }
}
