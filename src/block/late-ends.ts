/** Bios that end without having gone anywhere: on a later turn, as nothing ends inside the call that submits it. */
import type { Bio, BlkStatus } from '../interfaces/bio.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';

/** Ends bios in the order in which they were given. */
export class LateEnds {
  readonly #executor: Executor;
  readonly #task: Task;
  #bios: Bio[] = [];
  #statuses: BlkStatus[] = [];
  #spareBios: Bio[] = [];
  #spareStatuses: BlkStatus[] = [];

  constructor(executor: Executor, owner: string) {
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.#endAll());
  }

  /** Ends the bio with this status, at this instant but on a later turn. */
  end(bio: Bio, status: BlkStatus): void {
    this.#bios.push(bio);
    this.#statuses.push(status);
    this.#executor.post(this.#task);
  }

  #endAll(): void {
    const bios = this.#bios;
    const statuses = this.#statuses;
    // What comes in while these end gets a turn of its own.
    this.#bios = this.#spareBios;
    this.#statuses = this.#spareStatuses;
    for (let i = 0; i < bios.length; i++) {
      const bio = bios[i]!;
      bio.status = statuses[i]!;
      bio.end(bio);
    }
    bios.length = 0;
    statuses.length = 0;
    this.#spareBios = bios;
    this.#spareStatuses = statuses;
  }
}
