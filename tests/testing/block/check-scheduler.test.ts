import { describe, expect, it } from 'vitest';
import type { BlkRequest } from '../../../src/block/blk-request.ts';
import {
  type IoScheduler,
  NoneScheduler,
  type SchedulerHost,
} from '../../../src/block/io-scheduler.ts';
import { makeScheduler, SCHEDULER_NAMES } from '../../../src/block/make-scheduler.ts';
import { MergeKind } from '../../../src/block/merge-rule.ts';
import { BioOp } from '../../../src/interfaces/bio.ts';
import { BlockLaw } from '../../../src/testing/block/block-laws.ts';
import { checkScheduler } from '../../../src/testing/block/check-scheduler.ts';
import { runs } from '../../support/runs.ts';

/** First in, first out over all hardware queues, in the fewest lines; tests override what they want broken. */
class PlainScheduler implements IoScheduler {
  readonly name = 'plain';
  readonly isDirect = false;
  protected readonly waiting: BlkRequest[] = [];
  protected host: SchedulerHost | undefined;

  attach(host: SchedulerHost): void {
    this.host = host;
  }

  slotLimit(_op: BioOp, _flags: number, slots: number): number {
    return slots;
  }

  mergeBio(): MergeKind {
    return MergeKind.none;
  }

  insert(request: BlkRequest, atHead: boolean): void {
    this.host!.inserted(request);
    if (atHead) this.waiting.unshift(request);
    else this.waiting.push(request);
  }

  hasWork(): boolean {
    return this.waiting.length > 0;
  }

  dispatch(): BlkRequest | undefined {
    return this.waiting.shift();
  }

  ended(): void {}
}

describe('checkScheduler', () => {
  it.each(SCHEDULER_NAMES)('passes on %s', (name) => {
    checkScheduler(() => makeScheduler(name), { rounds: runs(3, 30) });
  });

  it("passes on a user's own", () => {
    checkScheduler(() => new PlainScheduler(), { rounds: 6 });
  });

  const broken: [string, () => IoScheduler, string][] = [
    [
      'loses a request',
      () =>
        new (class extends PlainScheduler {
          #count = 0;
          override insert(request: BlkRequest, atHead: boolean): void {
            this.#count += 1;
            if (this.#count % 50 === 0) this.host!.inserted(request);
            else super.insert(request, atHead);
          }
        })(),
      BlockLaw.scheduled,
    ],
    [
      'gives a request twice',
      () =>
        new (class extends PlainScheduler {
          #last: BlkRequest | undefined;
          override dispatch(): BlkRequest | undefined {
            this.#last = super.dispatch() ?? this.#last;
            return this.#last;
          }
        })(),
      BlockLaw.scheduled,
    ],
    [
      'says that it has no work',
      () =>
        new (class extends PlainScheduler {
          override hasWork(): boolean {
            return this.waiting.length > 3;
          }
        })(),
      BlockLaw.scheduled,
    ],
    [
      'lets writes have no slot',
      () =>
        new (class extends PlainScheduler {
          override slotLimit(op: BioOp, _flags: number, slots: number): number {
            return op === BioOp.write ? slots >> 2 : slots;
          }
        })(),
      BlockLaw.scheduled,
    ],
    [
      'does not tell of what it takes',
      () =>
        new (class extends PlainScheduler {
          override insert(request: BlkRequest): void {
            this.waiting.push(request);
          }
        })(),
      BlockLaw.scheduled,
    ],
    [
      'always sends reads first',
      () =>
        new (class extends PlainScheduler {
          override dispatch(): BlkRequest | undefined {
            const read = this.waiting.findIndex(({ op }) => op === BioOp.read);
            return this.waiting.splice(Math.max(0, read), 1)[0];
          }
        })(),
      BlockLaw.noStarvation,
    ],
    [
      'swallows what it merges',
      () =>
        new (class extends PlainScheduler {
          override insert(request: BlkRequest, atHead: boolean): void {
            const last = this.waiting.at(-1);
            const end = last === undefined ? -1 : last.sector + last.sectorCount;
            if (last === undefined || end !== request.sector || last.op !== request.op) {
              super.insert(request, atHead);
              return;
            }
            // The second bio never hears of its end.
            last.sectorCount += request.sectorCount;
            last.data.append(request.data);
            this.host!.inserted(request);
          }
        })(),
      BlockLaw.endsOnce,
    ],
  ];

  it.each(broken)('names the law that one breaks which %s', (_, make, law) => {
    expect(() => checkScheduler(make, { rounds: 60 })).toThrow(law);
  });

  it('holds a scheduler to the overtakes that it is given', () => {
    checkScheduler(() => new NoneScheduler(), { mostOvertakes: 40, rounds: 1 });
    const eager = () => makeScheduler('mq-deadline', { fifo_batch: 100 });
    expect(() => checkScheduler(eager, { mostOvertakes: 40, rounds: 1 })).toThrow(
      BlockLaw.noStarvation,
    );
  });
});
