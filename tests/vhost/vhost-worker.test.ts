import { expect, test } from 'vitest';
import type { VhostWork } from '../../src/interfaces/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { VhostWorker } from '../../src/vhost/index.ts';

class Pile implements VhostWork {
  queued = false;
  units = 0;
  returned = 0;
  readonly name: string;
  readonly log: string[];
  readonly clock: SimExecutor;

  constructor(name: string, units: number, log: string[], clock: SimExecutor) {
    this.name = name;
    this.units = units;
    this.log = log;
    this.clock = clock;
  }

  take(): boolean {
    if (this.units === 0) return false;
    this.units -= 1;
    return true;
  }

  apply(): void {
    this.log.push(`${this.name}@${this.clock.now}`);
  }

  putBack(): void {
    this.units += 1;
    this.returned += 1;
  }
}

function makeWorld(options: { unitNs?: number; weight?: number } = {}) {
  const executor = new SimExecutor({ livelockLimit: 1_000 });
  const log: string[] = [];
  const worker = new VhostWorker(executor, () => log.push('turn'), options);
  const pile = (name: string, units: number) => new Pile(name, units, log, executor);
  return { executor, log, worker, pile };
}

test('without a cost, all that is queued is done at once and drivers are called once', () => {
  const { executor, log, worker, pile } = makeWorld();
  worker.queue(pile('a', 2));
  worker.queue(pile('b', 1));
  expect(log).toEqual([]);
  executor.runUntilIdle();
  expect(log).toEqual(['a@0', 'a@0', 'b@0', 'turn']);
  expect(worker.isIdle).toBe(true);
});

test('work that reached its weight goes behind what waits', () => {
  const { executor, log, worker, pile } = makeWorld({ weight: 2 });
  worker.queue(pile('a', 3));
  worker.queue(pile('b', 1));
  executor.runUntilIdle();
  expect(log).toEqual(['a@0', 'a@0', 'b@0', 'turn', 'a@0', 'turn']);
});

test('with a cost, each unit is applied when its time is spent, and a busy worker delays the next', () => {
  const { executor, log, worker, pile } = makeWorld({ unitNs: 100, weight: 2 });
  worker.queue(pile('a', 3));
  worker.queue(pile('b', 1));
  executor.runUntilIdle();
  expect(log).toEqual(['a@100', 'a@200', 'turn', 'b@300', 'turn', 'a@400', 'turn']);
});

test('work that is queued while it runs is not lost', () => {
  for (const unitNs of [0, 10]) {
    const { executor, log, worker, pile } = makeWorld({ unitNs });
    const a = pile('a', 1);
    const b = pile('b', 1);
    b.apply = () => {
      a.units = 1;
      worker.queue(a);
      worker.queue(a);
    };
    worker.queue(b);
    executor.runUntilIdle();
    expect(log.filter((line) => line.startsWith('a'))).toHaveLength(1);
    worker.queue(a);
    executor.runUntilIdle();
    expect(worker.isIdle).toBe(true);
  }
});

test('flush calls back behind what is queued, never inside the call', () => {
  const { executor, log, worker, pile } = makeWorld({ unitNs: 5 });
  worker.queue(pile('a', 2));
  worker.flush(() => log.push('flushed'));
  worker.flush(() => log.push('flushed too'));
  expect(log).toEqual([]);
  executor.runUntilIdle();
  expect(log).toEqual(['a@5', 'a@10', 'turn', 'flushed', 'flushed too', 'turn']);
});

test('stop puts back the unit that was taken and forgets the rest', () => {
  const { executor, log, worker, pile } = makeWorld({ unitNs: 100 });
  const a = pile('a', 3);
  const b = pile('b', 1);
  worker.queue(a);
  worker.queue(b);
  executor.runUntil(150);
  worker.stop();
  executor.runUntilIdle();
  expect([a.units, a.returned, b.units, a.queued, b.queued]).toEqual([2, 1, 1, false, false]);
  expect(log).toEqual(['a@100']);
  worker.queue(b);
  executor.runUntilIdle();
  expect(log).toEqual(['a@100', 'b@250', 'turn']);
});
