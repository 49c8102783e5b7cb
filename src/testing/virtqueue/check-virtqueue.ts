/** The compliance suite of virtqueues: what any implementation of the two sides must do. */
import fc from 'fast-check';
import { SgList } from '../../base/sg-list.ts';
import { NO_TOKEN, PopResult, VirtqueueResult } from '../../interfaces/virtqueue.ts';
import type { RingFormat } from '../../virtqueue/ring-layout.ts';
import { scriptArbitrary } from './chain-arbitraries.ts';
import { exploreInterleavings } from './explore-interleavings.ts';
import { illegalChains } from './illegal-chains.ts';
import type { VirtqueueImplementation } from './implementation.ts';
import { DATA_BASE, DATA_BYTES, makeChain, type QueueConfig, QueueWorld } from './queue-world.ts';
import { runQueueScript } from './run-queue-script.ts';

/** What to check, and how long. */
export interface CheckVirtqueueOptions {
  /** Formats that the implementation has. Default both. */
  readonly formats?: readonly RingFormat[];
  /** Does it know VIRTIO_F_EVENT_IDX? Default true. */
  readonly eventIdx?: boolean;
  /** Does it know VIRTIO_F_INDIRECT_DESC? Default true. */
  readonly indirect?: boolean;
  /** Does it know VIRTIO_F_IN_ORDER? Default true. */
  readonly inOrder?: boolean;
  /** Runs of each property for each format. Default 100. */
  readonly numRuns?: number;
  /** Seed of the properties. Default 1. */
  readonly seed?: number;
}

/** One law of the suite. */
interface Law {
  readonly title: string;
  check(suite: Suite, format: RingFormat): void;
}

/**
 * Checks an implementation against every law; the first one that it breaks throws an Error with the law's title.
 *
 * @example
 * ```ts
 * checkVirtqueue({ createDriver: (setup) => new MyRing(setup), createDevice: libraryVirtqueue.createDevice });
 * ```
 */
export function checkVirtqueue(
  implementation: VirtqueueImplementation,
  options: CheckVirtqueueOptions = {},
): void {
  const suite = new Suite(implementation, options);
  for (const format of options.formats ?? ['split', 'packed']) {
    for (const law of laws) {
      try {
        law.check(suite, format);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${format}: ${law.title}: ${why}`, { cause: error });
      }
    }
  }
}

class Suite {
  readonly implementation: VirtqueueImplementation;
  readonly parameters: {
    readonly numRuns: number;
    readonly seed: number;
    readonly includeErrorInReport: true;
  };
  readonly #options: CheckVirtqueueOptions;

  constructor(implementation: VirtqueueImplementation, options: CheckVirtqueueOptions) {
    this.implementation = implementation;
    const { numRuns = 100, seed = 1 } = options;
    this.parameters = { numRuns, seed, includeErrorInReport: true };
    this.#options = options;
  }

  world(format: RingFormat, indirect = false): QueueWorld {
    const config = { format, size: 4, eventIdx: false, indirect, inOrder: false };
    return new QueueWorld(this.implementation, config);
  }

  get hasIndirect(): boolean {
    return this.#options.indirect ?? true;
  }

  configs(format: RingFormat, sizes: readonly number[]): fc.Arbitrary<QueueConfig> {
    const choice = (has: boolean | undefined) =>
      (has ?? true) ? fc.boolean() : fc.constant(false);
    return fc.record({
      format: fc.constant(format),
      size: fc.constantFrom(...sizes),
      eventIdx: choice(this.#options.eventIdx),
      indirect: choice(this.#options.indirect),
      inOrder: choice(this.#options.inOrder),
    });
  }
}

const laws: readonly Law[] = [
  {
    title:
      'a full queue answers noSpace, changes nothing, and takes buffers again when one came back',
    check(suite, format) {
      const { driver, device } = suite.world(format);
      for (let token = 0; token < 4; token++) expectEqual(add(driver, token), VirtqueueResult.ok);
      expectEqual(driver.numFree, 0);
      expectEqual(add(driver, 4), VirtqueueResult.noSpace);
      const chain = makeChain();
      expectEqual(device.pop(chain), PopResult.chain);
      device.addUsed(chain.id, chain.descriptorCount, 3);
      expectEqual(driver.getBuf(), 0);
      expectEqual(driver.usedLength, 3);
      expectEqual(add(driver, 4), VirtqueueResult.ok);
      expectEqual(add(driver, 5), VirtqueueResult.noSpace);
    },
  },
  {
    title: 'every token comes back once from detachUnusedBuf, and none when all are back',
    check(suite, format) {
      const { driver } = suite.world(format);
      for (let token = 7; token < 10; token++) add(driver, token);
      const tokens = [driver.detachUnusedBuf(), driver.detachUnusedBuf(), driver.detachUnusedBuf()];
      expectEqual(tokens.sort((a, b) => a - b).join(), '7,8,9');
      expectEqual(driver.detachUnusedBuf(), NO_TOKEN);
      expectEqual(driver.numFree, 4);
    },
  },
  {
    title: 'a used id that is out of range or not in flight breaks the queue, and reinit mends it',
    check(suite, format) {
      for (const id of [4, 0xffff, 1]) {
        const { driver, device } = suite.world(format);
        add(driver, 0);
        device.addUsed(id, 1, 0);
        expectEqual(driver.getBuf(), NO_TOKEN);
        expectEqual(driver.isBroken, true);
        expectEqual(add(driver, 1), VirtqueueResult.broken);
        expectEqual(driver.poll(driver.enableCbPrepare()), false);
        driver.reinit();
        device.reinit();
        expectEqual(driver.isBroken, false);
        expectEqual(add(driver, 1), VirtqueueResult.ok);
        expectEqual(device.pop(makeChain()), PopResult.chain);
      }
    },
  },
  {
    title:
      'what VIRTIO forbids latches the device side with a reason, and nothing is taken after it',
    check(suite, format) {
      for (const illegal of illegalChains) {
        const needsIndirect = illegal.reason.includes('indirect');
        if (!illegal.formats.includes(format) || (needsIndirect && !suite.hasIndirect)) continue;
        const world = suite.world(format, suite.hasIndirect);
        illegal.send(world, format);
        const chain = makeChain();
        expectEqual(world.device.pop(chain), PopResult.broken, illegal.reason);
        expectEqual(world.device.brokenReason !== undefined, true, illegal.reason);
        expectEqual(world.device.pop(chain), PopResult.broken, illegal.reason);
      }
    },
  },
  {
    title:
      'any ring bytes end in chains of mapped segments or in a latch: no throw, no endless loop',
    check(suite, format) {
      const word = fc.oneof(fc.nat({ max: 8 }), fc.integer({ min: 0, max: 0xffff }));
      const bytes = fc.array(word, { minLength: 56, maxLength: 56 });
      fc.assert(
        fc.property(bytes, fc.boolean(), (halves, indirect) => {
          const { device, areas, memory } = suite.world(format, indirect && suite.hasIndirect);
          halves.slice(0, 32).forEach((half, i) => {
            areas.descriptors.set16(2 * i, half);
          });
          // Half of the addresses are good ones, so that walks go on.
          for (let i = 0; i < 4; i += 2) areas.descriptors.set32(16 * i, DATA_BASE + 0x100 * i);
          for (let i = 0; i < 4; i += 2) areas.descriptors.set32(16 * i + 4, 0);
          const driverHalves = format === 'split' ? 7 : 2;
          halves.slice(32, 32 + driverHalves).forEach((half, i) => {
            areas.driver.set16(2 * i, half);
          });
          const chain = makeChain();
          for (let pops = 0; pops < 10; pops++) {
            if (device.pop(chain) !== PopResult.chain) break;
            for (const list of [chain.readable, chain.writable]) {
              for (let i = 0; i < list.count; i++) {
                expectEqual(memory.isMapped(list.gpa(i), list.lengths[i]!), true);
              }
            }
            device.addUsed(chain.id, chain.descriptorCount, 0);
            device.signalNeeded();
          }
          device.enableNotify();
        }),
        suite.parameters,
      );
    },
  },
  {
    title:
      'two actors deliver each token once with its length, in order if so agreed, and miss no notification',
    check(suite, format) {
      const sizes = format === 'split' ? [1, 2, 4, 8] : [1, 2, 3, 5, 8];
      const run = suite
        .configs(format, sizes)
        .chain((config) =>
          fc.tuple(fc.constant(config), scriptArbitrary(config.size, 30), fc.nat()),
        );
      fc.assert(
        fc.property(run, ([config, script, seed]) => {
          const report = runQueueScript(suite.implementation, config, script, seed);
          if (report.violation !== undefined) throw new Error(report.violation);
          if (!config.inOrder) return;
          report.delivered.forEach(([token], at) => {
            expectEqual(token, at, 'position in order');
          });
        }),
        suite.parameters,
      );
    },
  },
  {
    title: 'every interleaving of the ring accesses of two buffers delivers both',
    check(suite, format) {
      const one = { out: [], into: [16] };
      for (const size of [1, 2]) {
        const config = { format, size, eventIdx: false, indirect: false, inOrder: false };
        const { violation } = exploreInterleavings(
          suite.implementation,
          config,
          [one, one],
          200_000,
        );
        if (violation !== undefined) throw new Error(violation);
      }
    },
  },
];

function add(driver: QueueWorld['driver'], token: number): VirtqueueResult {
  const out = new SgList();
  out.pushAddress(DATA_BASE + ((token * 64) % DATA_BYTES), 64);
  return driver.addSgs(out, new SgList(), token);
}

function expectEqual<T>(found: T, wanted: T, what = 'a result'): void {
  if (found !== wanted) throw new Error(`${what} is ${String(found)}, not ${String(wanted)}`);
}
