import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  libraryVirtqueue,
  queueConfigArbitrary,
  runQueueScript,
  scriptArbitrary,
  type VirtqueueImplementation,
} from '../../../src/testing/virtqueue/index.ts';
import { checkProperty, runs } from '../../support/runs.ts';

const seed = fc.nat();

describe('two actors on one queue', () => {
  it('deliver each token once, with its length, and never both sleep with work left (P9, P10)', () => {
    const run = queueConfigArbitrary().chain((config) =>
      fc.tuple(fc.constant(config), scriptArbitrary(config.size), seed),
    );
    checkProperty(
      fc.property(run, ([config, script, order]) => {
        const report = runQueueScript(libraryVirtqueue, config, script, order);
        expect(report.violation).toBeUndefined();
        expect(report.delivered.length).toBe(script.length);
      }),
      runs(400, 8_000),
    );
  });

  it('deliver the same on split, packed and in-order rings, and in order on the last (P12)', () => {
    const run = fc.constantFrom(1, 2, 4, 8).chain((size) =>
      fc.record({
        size: fc.constant(size),
        script: scriptArbitrary(size, 40),
        order: seed,
        eventIdx: fc.boolean(),
        indirect: fc.boolean(),
      }),
    );
    checkProperty(
      fc.property(run, ({ size, script, order, eventIdx, indirect }) => {
        const deliver = (format: 'split' | 'packed', inOrder: boolean) => {
          const config = { format, size, eventIdx, indirect, inOrder };
          const { delivered, violation } = runQueueScript(libraryVirtqueue, config, script, order);
          expect(violation).toBeUndefined();
          const tokens = delivered.map(([token]) => token);
          if (inOrder) expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
          return [...delivered].sort((a, b) => a[0] - b[0]);
        };
        const split = deliver('split', false);
        expect(deliver('packed', false)).toEqual(split);
        expect(deliver('split', true)).toEqual(split);
        expect(deliver('packed', true)).toEqual(split);
      }),
      runs(100, 2_000),
    );
  });
});

describe('the actors notice', () => {
  const config = {
    format: 'split',
    size: 4,
    eventIdx: true,
    indirect: false,
    inOrder: false,
  } as const;
  const script = Array.from({ length: 30 }, () => ({ out: [16], into: [64] }));
  const violationOf = (implementation: VirtqueueImplementation): string | undefined => {
    for (let order = 0; order < 300; order++) {
      const { violation } = runQueueScript(implementation, config, script, order);
      if (violation !== undefined) return violation;
    }
    return undefined;
  };

  it('a driver that never kicks', () => {
    const silent: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDriver(setup) {
        const driver = libraryVirtqueue.createDriver({ ...setup, notify: () => true });
        return driver;
      },
    };
    expect(violationOf(silent)).toMatch(/a notification was missed/);
  });

  it('a device that does not look again after it enabled notifications', () => {
    const hasty: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDevice(setup) {
        const device = libraryVirtqueue.createDevice(setup);
        const enable = device.enableNotify.bind(device);
        device.enableNotify = () => {
          enable();
          return false;
        };
        return device;
      },
    };
    expect(violationOf(hasty)).toMatch(/a notification was missed/);
  });

  it('a device that writes another length', () => {
    const wrong: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDevice(setup) {
        const device = libraryVirtqueue.createDevice(setup);
        const addUsed = device.addUsed.bind(device);
        device.addUsed = (id, count, length) => addUsed(id, count, length + 1);
        return device;
      },
    };
    expect(violationOf(wrong)).toMatch(/came back with/);
  });
});
