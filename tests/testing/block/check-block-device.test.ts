import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../../src/block/request-queue.ts';
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type BlockDevice,
} from '../../../src/interfaces/bio.ts';
import type { BlkMqOps, QueueRqResult, Request } from '../../../src/interfaces/blk-mq.ts';
import type { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';
import { BlockLaw } from '../../../src/testing/block/block-laws.ts';
import {
  type BlkMqOpsFactory,
  type BlockDeviceFactory,
  checkBlkMqOps,
  checkBlockDevice,
} from '../../../src/testing/block/check-block-device.ts';
import { DRIVERS, type DriverName, makeDriver, makeMedium } from '../../block-drivers/worlds.ts';
import { runs } from '../../support/runs.ts';

/** A driver on a medium, and what is left of it after a power cut, each time wrapped by `bend`. */
function driverFactory(
  name: DriverName,
  options: { writeCache?: boolean; fua?: boolean; sectorBytes?: number; bend?: Bend } = {},
): BlkMqOpsFactory {
  const { writeCache = true, fua = true, sectorBytes = 512, bend = (ops) => ops } = options;
  return (executor, memory) => {
    const medium = makeMedium({ writeCache, sectorBytes, sectorCount: 2048 });
    const make = (on: SimExecutor): BlkMqOps =>
      bend(makeDriver(name, on, medium, memory, { fua }), on);
    return {
      ops: make(executor),
      powerCut: (chance, next) => {
        medium.powerCut(chance);
        return make(next);
      },
    };
  };
}

type Bend = (ops: BlkMqOps, executor: SimExecutor) => BlkMqOps;

/** Passes on to a driver, but for what `change` overrides. */
function bent(ops: BlkMqOps, change: Partial<BlkMqOps>): BlkMqOps {
  return {
    limits: ops.limits,
    capacitySectors: ops.capacitySectors,
    hardwareQueueCount: ops.hardwareQueueCount,
    queueDepth: ops.queueDepth,
    queueRq: (queue, request, last) => ops.queueRq(queue, request, last),
    commitRqs: (queue) => ops.commitRqs(queue),
    timeout: (request) => ops.timeout(request),
    ...change,
  };
}

describe('checkBlkMqOps', () => {
  const cases = DRIVERS.flatMap((name) =>
    [true, false].flatMap((writeCache) =>
      [true, false].map((fua) => [name, writeCache, fua] as const),
    ),
  );

  it.each(cases)('passes on %s with write cache %s and FUA %s', (name, writeCache, fua) => {
    checkBlkMqOps(driverFactory(name, { writeCache, fua }), { rounds: runs(6, 40) });
  });

  it.each(DRIVERS)('passes on %s with blocks of 4096 bytes', (name) => {
    checkBlkMqOps(driverFactory(name, { sectorBytes: 4096 }), { rounds: runs(5, 30) });
  });

  const broken: [string, Bend, string][] = [
    [
      'ends a request inside queueRq',
      (ops) =>
        bent(ops, {
          queueRq: (_, request) => {
            request.end(request);
            return 0 as QueueRqResult;
          },
        }),
      BlockLaw.endsLater,
    ],
    ['ends a request twice', endsTwice, BlockLaw.endsOnce],
    [
      'loses a request',
      (ops) => {
        let left = 5;
        return bent(ops, {
          queueRq: (queue, request, last) => {
            left -= 1;
            return left === 0 ? 0 : ops.queueRq(queue, request, last);
          },
        });
      },
      BlockLaw.endsOnce,
    ],
    [
      'says that a flush is done without one',
      (ops, executor) => fake(ops, executor, (request) => request.op === BioOp.flush),
      BlockLaw.durability,
    ],
    [
      'forgets FUA',
      (ops) =>
        bent(ops, {
          queueRq: (queue, request, last) => {
            request.flags &= ~BioFlag.fua;
            return ops.queueRq(queue, request, last);
          },
        }),
      BlockLaw.durability,
    ],
    [
      'says that a write is done without one',
      (ops, executor) =>
        fake(ops, executor, (request) => request.op === BioOp.write && request.sector % 7 === 0),
      BlockLaw.readsSeeWrites,
    ],
    [
      'fails what it should do',
      (ops) =>
        bent(ops, {
          queueRq: (queue, request, last) => {
            if (request.op === BioOp.read) request.sector = ops.capacitySectors;
            return ops.queueRq(queue, request, last);
          },
        }),
      BlockLaw.endsWell,
    ],
  ];

  it.each(broken)('names the law that a driver breaks which %s', (_, bend, law) => {
    expect(() => checkBlkMqOps(driverFactory('scsi', { bend }))).toThrow(law);
  });
});

/** A driver that ends the requests that `isFake` picks without doing anything. */
function fake(
  ops: BlkMqOps,
  executor: SimExecutor,
  isFake: (request: Request) => boolean,
): BlkMqOps {
  return bent(ops, {
    queueRq: (queue, request, last) => {
      if (!isFake(request)) return ops.queueRq(queue, request, last);
      const task = makeTask('fake', () => {
        request.status = BlkStatus.ok;
        request.end(request);
      });
      executor.post(task);
      return 0 as QueueRqResult;
    },
  });
}

function endsTwice(ops: BlkMqOps, executor: SimExecutor): BlkMqOps {
  return bent(ops, {
    queueRq: (queue, request, last) => {
      const { end } = request;
      request.end = (ended) => {
        const again = makeTask('again', () => end(ended));
        executor.post(again);
        end(ended);
      };
      return ops.queueRq(queue, request, last);
    },
  });
}

describe('checkBlockDevice', () => {
  type Wrap = (device: BlockDevice, executor: SimExecutor) => BlockDevice;

  function layerFactory(wrap: Wrap = (device) => device, narrow = false): BlockDeviceFactory {
    return (executor, memory, watch) => {
      const medium = makeMedium();
      const make = (on: SimExecutor, judge: (ops: BlkMqOps) => BlkMqOps): BlockDevice => {
        const ops = judge(
          makeDriver('null_blk', on, medium, memory, { fua: false, limits: { maxSegments: 16 } }),
        );
        const limits = narrow ? { ...ops.limits, maxSegments: 999 } : ops.limits;
        return wrap(new RequestQueue(on, bent(ops, { limits })), on);
      };
      return {
        device: make(executor, watch),
        powerCut: (chance, next) => {
          medium.powerCut(chance);
          return make(next, (ops) => ops);
        },
      };
    };
  }

  /** Passes on to a device, but for what `submitBio` does. */
  function wrapped(device: BlockDevice, submitBio: (bio: Bio) => void): BlockDevice {
    return {
      limits: device.limits,
      capacitySectors: device.capacitySectors,
      plug: () => device.plug(),
      unplug: () => device.unplug(),
      submitBio,
    };
  }

  it('passes on the block layer of this library', () => {
    checkBlockDevice(layerFactory(), { rounds: runs(12, 100) });
  });

  const broken: [string, Wrap, string][] = [
    [
      'drops PREFLUSH and FUA',
      (device) =>
        wrapped(device, (bio) => {
          if (bio.sectorCount > 0) bio.flags = 0;
          device.submitBio(bio);
        }),
      BlockLaw.durability,
    ],
    [
      'ends a refused bio inside submitBio',
      (device) =>
        wrapped(device, (bio) => {
          if (bio.sector + bio.sectorCount <= device.capacitySectors) return device.submitBio(bio);
          bio.status = BlkStatus.ioError;
          bio.end(bio);
        }),
      BlockLaw.endsLater,
    ],
    [
      'writes to the sector beside',
      (device) =>
        wrapped(device, (bio) => {
          const { sector } = bio;
          if (bio.op === BioOp.write && sector > 0 && bio.sectorCount === 3) bio.sector -= 1;
          device.submitBio(bio);
          bio.sector = sector;
        }),
      BlockLaw.readsSeeWrites,
    ],
    [
      'sends a write twice',
      (device) =>
        wrapped(device, (bio) => {
          device.submitBio(bio);
          if (bio.op === BioOp.write && bio.sectorCount > 0) device.submitBio({ ...bio, end() {} });
        }),
      BlockLaw.everyByteOnce,
    ],
  ];

  it.each(broken)('names the law that a device breaks which %s', (_, wrap, law) => {
    expect(() => checkBlockDevice(layerFactory(wrap))).toThrow(law);
  });

  it('names the law that a device breaks which ignores a limit', () => {
    expect(() => checkBlockDevice(layerFactory(undefined, true))).toThrow(BlockLaw.limits);
  });
});
