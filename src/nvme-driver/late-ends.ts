/** Requests that end without a completion: never inside the call that refused them. */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import { makeTask } from '../sim/task.ts';

/** Ends requests from a task. */
export class LateEnds {
  readonly #executor: Executor;
  readonly #requests: NvmeHostRequest[] = [];
  readonly #task: Task;

  constructor(executor: Executor, owner: string) {
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.flush());
  }

  /** Ends `request` with `status` in a moment. */
  add(request: NvmeHostRequest, status: number): void {
    request.status = status;
    request.dw0 = 0;
    this.#requests.push(request);
    this.#executor.post(this.#task);
  }

  /** Ends all of them now: from a task. */
  flush(): void {
    for (const request of this.#requests.splice(0)) request.end(request);
  }
}
