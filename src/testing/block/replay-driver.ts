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

/** What happened to each request, in the order of its tries, by its place. */
function outcomesOf(events: readonly RecordedEvent[]): Map<string, Outcome[]> {
  const all = new Map<string, Outcome[]>();
  const refusals = new Map<string, number>();
  // The R with which the rest of a request comes again is no refusal.
  const rests = new Set<RecordedEvent>();
  for (const [i, event] of events.entries()) {
    const [, action, , sector, sectors] = event;
    const key = `${sector}+${sectors}`;
    if (action === 'R' && !rests.has(event)) refusals.set(key, (refusals.get(key) ?? 0) + 1);
    if (action !== 'D') continue;
    const end = endOf(events, i);
    // Handed over and refused at once: it comes again, and is counted then.
    if (end === undefined || end.event[1] === 'R') continue;
    if (end.rest !== undefined) rests.add(end.rest);
    const list = all.get(key) ?? [];
    if (list.length === 0) all.set(key, list);
    const [, , , , done, , extra] = end.event;
    list.push({
      refusals: refusals.get(key) ?? 0,
      partial: end.rest === undefined ? -1 : done,
      status: ERRNO.find(([errno]) => errno === extra?.err)?.[1] ?? BlkStatus.ok,
    });
    refusals.set(key, 0);
  }
  return all;
}

/** How a request that was handed over ended: as a whole, refused, or in part with the R of its rest. */
function endOf(
  events: readonly RecordedEvent[],
  at: number,
): { event: RecordedEvent; rest?: RecordedEvent } | undefined {
  const [, , , sector, sectors] = events[at]!;
  const after = events.slice(at + 1);
  for (const event of after) {
    const [, action, , start, count] = event;
    if (start !== sector || (action !== 'C' && action !== 'R')) continue;
    if (count === sectors) return { event };
    if (action === 'R' || count === 0 || count > sectors) continue;
    const rest = after.find(
      ([, name, , from, left]) =>
        name === 'R' && from === sector + count && left === sectors - count,
    );
    if (rest !== undefined) return { event, rest };
  }
  return undefined;
}
