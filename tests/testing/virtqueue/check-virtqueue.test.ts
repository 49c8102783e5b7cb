import { describe, expect, it } from 'vitest';
import {
  checkVirtqueue,
  libraryVirtqueue,
  type VirtqueueImplementation,
} from '../../../src/testing/virtqueue/index.ts';
import { runs } from '../../support/runs.ts';

const numRuns = runs(60, 1_000);

/** The library's driver side with some methods put in the place of its own. */
function withDriver(
  change: (driver: ReturnType<VirtqueueImplementation['createDriver']>) => void,
): VirtqueueImplementation {
  return {
    ...libraryVirtqueue,
    createDriver(setup) {
      const driver = libraryVirtqueue.createDriver(setup);
      change(driver);
      return driver;
    },
  };
}

describe('checkVirtqueue', () => {
  it('passes the library', () => {
    checkVirtqueue(libraryVirtqueue, { numRuns });
  });

  it('passes an implementation of the split format alone, without any feature', () => {
    const options = {
      formats: ['split'],
      eventIdx: false,
      indirect: false,
      inOrder: false,
    } as const;
    checkVirtqueue(libraryVirtqueue, { ...options, numRuns });
  });

  it('fails a device side that accepts an illegal chain', () => {
    const lax: VirtqueueImplementation = {
      ...libraryVirtqueue,
      createDevice: (setup) => libraryVirtqueue.createDevice({ ...setup, acceptUnmapped: true }),
    };
    expect(() => checkVirtqueue(lax, { numRuns })).toThrow(/^split: what VIRTIO forbids/);
  });

  it('fails a driver side that returns a token twice', () => {
    const twice = withDriver((driver) => {
      const getBuf = driver.getBuf.bind(driver);
      let last = -1;
      driver.getBuf = () => {
        const token = getBuf();
        if (token >= 0) last = token;
        return last;
      };
    });
    expect(() => checkVirtqueue(twice, { numRuns })).toThrow(/^split: /);
  });

  it('fails a driver side that never asks for interrupts again', () => {
    const deaf = withDriver((driver) => {
      driver.enableCb = () => true;
      driver.enableCbDelayed = () => true;
    });
    expect(() => checkVirtqueue(deaf, { numRuns })).toThrow(/a notification was missed/);
  });
});
