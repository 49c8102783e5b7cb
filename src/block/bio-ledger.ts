/** The bios that a queue has: each ends once, when its last part does, with the first error of any part. */
import { type Bio, BlkStatus } from '../interfaces/bio.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { makeTask } from '../sim/task.ts';
import { type BioWalk, BioWalkList, BioWalkPool } from './bio-walk.ts';

/** Keeps a slot for each bio between its submission and its end. */
export class BioLedger {
  /** Called after each end while somebody waits for the last one. */
  onEnd: (() => void) | undefined = undefined;
  readonly #executor: Executor;
  readonly #walks = new BioWalkPool();
  /** Bios that end without having reached the driver, on a later turn. */
  readonly #ending = new BioWalkList();
  readonly #task: Task;

  constructor(executor: Executor, owner: string) {
    this.#executor = executor;
    this.#task = makeTask(owner, () => this.#endWaiting());
  }

  /** Bios that have not ended. */
  get inFlight(): number {
    return this.#walks.inUse;
  }

  /** Takes up a bio; `flags` are those that apply here. */
  begin(bio: Bio, flags: number): BioWalk {
    const walk = this.#walks.take();
    walk.begin(bio, flags);
    return walk;
  }

  /** One of its parts ended. */
  partEnded(walk: BioWalk, status: BlkStatus): void {
    if (walk.status === BlkStatus.ok) walk.status = status;
    walk.partsInFlight -= 1;
    if (walk.isTaken && walk.partsInFlight === 0) this.#end(walk);
  }

  /** It gets no more parts: it ends when what is in flight has ended, on a later turn. */
  giveUp(walk: BioWalk, status: BlkStatus): void {
    if (walk.status === BlkStatus.ok) walk.status = status;
    walk.isTaken = true;
    if (walk.partsInFlight > 0) return;
    this.#ending.push(walk);
    this.#executor.post(this.#task);
  }

  #endWaiting(): void {
    // What comes in while these end gets a turn of its own.
    for (let walk = this.#ending.takeAll(); walk !== undefined; ) {
      const next: BioWalk | undefined = walk.next;
      this.#end(walk);
      walk = next;
    }
  }

  #end(walk: BioWalk): void {
    const bio = walk.bio!;
    bio.status = walk.status;
    this.#walks.give(walk);
    bio.end(bio);
    if (this.onEnd !== undefined) this.onEnd();
  }
}
