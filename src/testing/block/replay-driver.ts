/** The device of a replay: ends each request after a fixed time, with what the recording says happened to it. */
import { BlkStatus, type QueueLimits } from '../../interfaces/bio.ts';
import {
  type BlkMqOps,
  QueueRqResult,
  type Request,
  TimeoutVerdict,
} from '../../interfaces/blk-mq.ts';
import type { Executor, Task } from '../../interfaces/executor.ts';
import { makeTask } from '../../sim/task.ts';
import type { RecordedEvent } from './recorded-case.ts';

/** What happens to one request. */
interface Outcome {
  refusals: number;
  /** Sectors done before the rest comes again; -1 for all. */
  partial: number;
  status: BlkStatus;
}

const PLAIN: Outcome = { refusals: 0, partial: -1, status: BlkStatus.ok };

/** Errors as `errno` by block status, as the kernel maps them. */
const ERRNO: readonly (readonly [number, BlkStatus])[] = [
  [-11, BlkStatus.again],
  [-61, BlkStatus.medium],
  [-5, BlkStatus.ioError],
  [-95, BlkStatus.notSupported],
  [-110, BlkStatus.timeout],
  [-28, BlkStatus.noSpace],
  [-121, BlkStatus.target],
  [-67, BlkStatus.transport],
];

/** The negative errno that a block status is told as; 0 for `ok`. */
export function errnoOf(status: number): number {
  if (status === BlkStatus.ok) return 0;
  return ERRNO.find(([, each]) => each === status)?.[0] ?? -5;
}

/** A driver that plays back what a recording says. */
export class ReplayDriver implements BlkMqOps {
  readonly limits: QueueLimits;
  readonly capacitySectors = 2 ** 40;
  readonly hardwareQueueCount = 1;
  readonly queueDepth: number;
  readonly #executor: Executor;
  readonly #serviceNs: number;
  readonly #outcomes: Map<string, Outcome[]>;
  readonly #tasks = new Map<Request, Task>();

  constructor(
    executor: Executor,
    limits: QueueLimits,
    queueDepth: number,
    serviceNs: number,
    events: readonly RecordedEvent[],
  ) {
    this.limits = limits;
    this.queueDepth = queueDepth;
    this.#executor = executor;
    this.#serviceNs = serviceNs;
    this.#outcomes = outcomesOf(events);
  }

  queueRq(_hardwareQueue: number, request: Request): QueueRqResult {
    const list = this.#outcomes.get(`${request.sector}+${request.sectorCount}`);
    const outcome = list?.[0] ?? PLAIN;
    if (outcome.refusals > 0) {
      outcome.refusals -= 1;
      return QueueRqResult.resource;
    }
    list?.shift();
    const task = makeTask('replay-driver', () => {
      this.#tasks.delete(request);
      if (outcome.partial >= 0) {
        request.requeue(request, outcome.partial);
        return;
      }
      request.status = outcome.status;
      request.end(request);
    });
    this.#tasks.set(request, task);
    this.#executor.schedule(task, this.#executor.now + this.#serviceNs);
    return QueueRqResult.ok;
  }

  commitRqs(): void {}

  timeout(): TimeoutVerdict {
    return TimeoutVerdict.resetTimer;
  }
}

function outcomesOf(events: readonly RecordedEvent[]): Map<string, Outcome[]> {
  const all = new Map<string, Outcome[]>();
  const refusals = new Map<string, number>();
  for (const [i, [, action, , sector, sectors]] of events.entries()) {
    const key = `${sector}+${sectors}`;
    if (action === 'R') refusals.set(key, (refusals.get(key) ?? 0) + 1);
    if (action !== 'D') continue;
    const after = events.slice(i + 1);
    const end = after.find(
      ([, name, , start, count]) =>
        start === sector && ((name === 'C' && count > 0) || (name === 'R' && count === sectors)),
    );
    // Handed over and refused at once: it comes again, and is counted then.
    if (end === undefined || end[1] === 'R') continue;
    const isPartial = end[4] < sectors && end[6]?.err === undefined;
    const list = all.get(key) ?? [];
    if (list.length === 0) all.set(key, list);
    list.push({
      refusals: isPartial ? 0 : refusedOf(refusals, key, events, i),
      partial: isPartial ? end[4] : -1,
      status: ERRNO.find(([errno]) => errno === end[6]?.err)?.[1] ?? BlkStatus.ok,
    });
  }
  return all;
}

/** Refusals before this D; the R of a rest that comes again is none. */
function refusedOf(
  refusals: Map<string, number>,
  key: string,
  events: readonly RecordedEvent[],
  at: number,
): number {
  const count = refusals.get(key) ?? 0;
  refusals.set(key, 0);
  const [, , , sector] = events[at]!;
  const isRest = events
    .slice(0, at)
    .some(([, name, , start, sectors]) => name === 'C' && start + sectors === sector && count === 1);
  return isRest ? 0 : count;
}
