import { describe, expect, it } from 'vitest';
import {
  exploreInterleavings,
  libraryVirtqueue,
  type QueueConfig,
  type VirtqueueImplementation,
} from '../../../src/testing/virtqueue/index.ts';

const one = { out: [], into: [16] };
const two = { out: [8], into: [16] };

const configs: QueueConfig[] = ['split' as const, 'packed' as const].flatMap((format) =>
  [1, 2].flatMap((size) =>
    [false, true].flatMap((eventIdx) =>
      [false, true].map((inOrder) => ({ format, size, eventIdx, indirect: false, inOrder })),
    ),
  ),
);

describe('every interleaving of the ring accesses of four buffers', () => {
  const name =
    '$format, size $size, eventIdx $eventIdx, inOrder $inOrder, misses and loses nothing';
  it.each(configs)(name, (config) => {
    const buffers = config.size === 1 ? [one, one, one, one] : [one, two, one, one];
    const report = exploreInterleavings(libraryVirtqueue, config, buffers);
    expect(report.violation).toBeUndefined();
    expect(report.states).toBeGreaterThan(2_000);
    expect(report.ends).toBeGreaterThan(1);
  });

  it('and a packed ring of three, whose size is no power of two', () => {
    const config = { format: 'packed', size: 3, eventIdx: true, indirect: false, inOrder: false };
    const report = exploreInterleavings(libraryVirtqueue, config as QueueConfig, [two, one, two]);
    expect(report.violation).toBeUndefined();
  });
});

describe('the exploration finds', () => {
  const config = {
    format: 'split',
    size: 2,
    eventIdx: false,
    indirect: false,
    inOrder: false,
  } as const;

  it('a device that does not look again after it enabled notifications', () => {
    const hasty: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDevice(setup) {
        const device = libraryVirtqueue.createDevice(setup);
        const enable = device.enableNotify.bind(device);
        device.enableNotify = () => enable() && false;
        return device;
      },
    };
    const report = exploreInterleavings(hasty, config, [one, one, one]);
    expect(report.violation).toMatch(/^both sides wait: a notification was missed after [dv]+$/);
  });

  it('a driver that publishes the index before the entry', () => {
    const early: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDriver(setup) {
        const { driver } = setup.areas;
        let held: [number, number] | undefined;
        const swapped = {
          ...driver,
          set16(at: number, value: number) {
            if (at >= 4 && at < 4 + 2 * setup.size) {
              held = [at, value];
              return;
            }
            driver.set16(at, value);
            if (held !== undefined) driver.set16(...held);
            held = undefined;
          },
        };
        return libraryVirtqueue.createDriver({
          ...setup,
          areas: { ...setup.areas, driver: swapped },
        });
      },
    };
    const report = exploreInterleavings(early, config, [one, one, one]);
    expect(report.violation).toBeDefined();
  });

  it('more states than it may look at', () => {
    const report = exploreInterleavings(libraryVirtqueue, config, [one, one], 100);
    expect(report.violation).toBe('more than 100 states');
  });
});
