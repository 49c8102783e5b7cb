/** Any backend, later: every command waits a fixed time before it goes on. */
import { assert } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor } from '../interfaces/executor.ts';
import { AbortResult } from '../interfaces/request.ts';
import type { Geometry, TargetCommand } from '../interfaces/target.ts';
import { whenBoth } from './drain.ts';
import { statusOfTurn } from './rd-mcp.ts';
import { ServiceQueue, Turn } from './service-queue.ts';

/** Delays each command by the same virtual time; commands do not wait for one another. */
export class DelayBackend implements Backend {
  readonly geometry: Geometry;
  readonly #inner: Backend;
  readonly #executor: Executor;
  readonly #delayNs: number;
  readonly #queue: ServiceQueue<TargetCommand>;

  /** @param delayNs virtual nanoseconds, an integer of 0 and more */
  constructor(inner: Backend, executor: Executor, delayNs: number) {
    assert(Number.isSafeInteger(delayNs) && delayNs >= 0, 'delayNs is an integer >= 0');
    this.geometry = inner.geometry;
    this.#inner = inner;
    this.#executor = executor;
    this.#delayNs = delayNs;
    this.#queue = new ServiceQueue<TargetCommand>(executor, 'delay', (command, turn) => {
      if (turn === Turn.serve) {
        inner.submit(command);
        return;
      }
      command.status = statusOfTurn(turn);
      command.end(command);
    });
  }

  submit(command: TargetCommand): void {
    this.#queue.pushAt(command, this.#executor.now + this.#delayNs);
  }

  abort(command: TargetCommand): AbortResult {
    const answer = this.#queue.abort(command);
    return answer === AbortResult.unknown ? this.#inner.abort(command) : answer;
  }

  reset(done: () => void): void {
    const oneIsDone = whenBoth(done);
    this.#queue.reset(oneIsDone);
    this.#inner.reset(oneIsDone);
  }

  close(): void {
    assert(this.#queue.count === 0, 'a backend is closed with nothing in flight');
    this.#inner.close();
  }
}
