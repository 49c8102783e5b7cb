/**
 * Any backend, with harm: a plan decides for each command whether it is refused, late, lost, swallowed or changed.
 *
 * A command that the plan lets alone goes to the inner backend as it is. Faults allocate; undisturbed commands do not.
 */
import { assert } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import { FaultAction, type FaultPlan } from '../interfaces/fault-plan.ts';
import { AbortResult } from '../interfaces/request.ts';
import { type Geometry, type TargetCommand, TargetOp, TargetStatus } from '../interfaces/target.ts';
import { Layer } from '../interfaces/tracer.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { loadSg, storeSg } from '../memory/sg-copy.ts';
import { makeTask } from '../sim/task.ts';
import { whenBoth } from './drain.ts';
import { statusOfTurn } from './rd-mcp.ts';
import { ServiceQueue, Turn } from './service-queue.ts';

/** A command that waits for the end of its delay. */
interface Late {
  readonly command: TargetCommand;
  readonly task: Task;
}

/** Asks a plan about each command, as layer `backend` with the target operation and the LBA. */
export class FaultBackend implements Backend {
  readonly geometry: Geometry;
  readonly #inner: Backend;
  readonly #executor: Executor;
  readonly #plan: FaultPlan;
  /** Commands whose status is decided, `good` included. */
  readonly #decided: ServiceQueue<TargetCommand>;
  readonly #late = new Set<Late>();
  readonly #hung = new Set<TargetCommand>();
  /** Copies on their way through the inner backend, by the command they stand for. */
  readonly #copies = new Map<TargetCommand, TargetCommand>();

  constructor(inner: Backend, executor: Executor, plan: FaultPlan) {
    this.geometry = inner.geometry;
    this.#inner = inner;
    this.#executor = executor;
    this.#plan = plan;
    this.#decided = new ServiceQueue<TargetCommand>(executor, 'fault', (command, turn) => {
      if (turn === Turn.refuse) command.status = statusOfTurn(turn);
      command.end(command);
    });
  }

  submit(command: TargetCommand): void {
    const { op, lba, ioId } = command;
    const decision = this.#plan.decide(Layer.backend, op, lba, ioId);
    switch (decision.action) {
      case FaultAction.none:
        this.#inner.submit(command);
        return;
      case FaultAction.status:
        this.#decide(command, decision.status as TargetStatus);
        return;
      case FaultAction.drop:
        this.#decide(command, TargetStatus.good);
        return;
      case FaultAction.hang:
        this.#hung.add(command);
        return;
      case FaultAction.delay:
        this.#delay(command, decision.delayNs);
        return;
      case FaultAction.corrupt:
        this.#corrupt(command);
    }
  }

  abort(command: TargetCommand): AbortResult {
    if (this.#takeWaiting(command)) {
      this.#decide(command, TargetStatus.aborted);
      return AbortResult.aborted;
    }
    if (this.#decided.has(command)) return AbortResult.tooLate;
    return this.#inner.abort(this.#copies.get(command) ?? command);
  }

  reset(done: () => void): void {
    const waiting = [...this.#hung, ...[...this.#late].map((late) => late.command)];
    for (const command of waiting) {
      this.#takeWaiting(command);
      this.#decide(command, TargetStatus.aborted);
    }
    const oneIsDone = whenBoth(done);
    this.#decided.reset(oneIsDone);
    this.#inner.reset(oneIsDone);
  }

  close(): void {
    const waits = this.#hung.size + this.#late.size + this.#copies.size + this.#decided.count;
    assert(waits === 0, 'a backend is closed with nothing in flight');
    this.#inner.close();
  }

  #decide(command: TargetCommand, status: TargetStatus): void {
    command.status = status;
    this.#decided.push(command, 0);
  }

  /** Takes a command out of what hangs or is late; false when it is neither. */
  #takeWaiting(command: TargetCommand): boolean {
    if (this.#hung.delete(command)) return true;
    for (const late of this.#late) {
      if (late.command !== command) continue;
      this.#executor.cancel(late.task);
      return this.#late.delete(late);
    }
    return false;
  }

  #delay(command: TargetCommand, delayNs: number): void {
    const task = makeTask('fault', () => {
      this.#late.delete(late);
      this.#inner.submit(command);
    });
    const late: Late = { command, task };
    this.#late.add(late);
    this.#executor.schedule(task, this.#executor.now + delayNs);
  }

  /** Turns the first bit of the data: of a copy that is written, or of what was read. */
  #corrupt(command: TargetCommand): void {
    const bytes = command.blockCount * this.geometry.blockBytes;
    if (command.op > TargetOp.write || bytes === 0) {
      this.#inner.submit(command);
      return;
    }
    const copy: TargetCommand = {
      ...command,
      end: ({ status }) => {
        this.#copies.delete(command);
        if (command.op === TargetOp.read && status === TargetStatus.good) flipFirstBit(command);
        command.status = status;
        command.end(command);
      },
    };
    if (command.op === TargetOp.write) {
      const held = new Uint8Array(bytes);
      if (loadSg(command.memory, command.data, 0, held, 0, bytes)) {
        held[0]! ^= 1;
        copy.memory = new RegionMemory([{ base: 0, bytes: held }]);
        copy.data = new SgList();
        copy.data.pushAddress(0, bytes);
      }
    }
    this.#copies.set(command, copy);
    this.#inner.submit(copy);
  }
}

function flipFirstBit(command: TargetCommand): void {
  const byte = new Uint8Array(1);
  if (!loadSg(command.memory, command.data, 0, byte, 0, 1)) return;
  byte[0]! ^= 1;
  storeSg(command.memory, command.data, 0, byte, 0, 1);
}
