import { describe, expect, it } from 'vitest';
import type { GuestMemory } from '../../../src/interfaces/guest-memory.ts';
import type { PciFunction } from '../../../src/interfaces/pci-function.ts';
import { NvmePciFunction } from '../../../src/nvme-device/index.ts';
import { makeTask } from '../../../src/sim/task.ts';
import type { PciFunctionFactory, PciWorld } from '../../../src/testing/nvme/check-pci-function.ts';
import { fuzzController } from '../../../src/testing/nvme/fuzz-controller.ts';
import { MemoryCommandPort } from '../../../src/testing/nvme/memory-command-port.ts';
import { NvmeLaw, NvmeLawError } from '../../../src/testing/nvme/nvme-laws.ts';
import { NvmeRegister } from '../../../src/wire/nvme-registers.ts';

const make = ({ executor, memory, interrupts }: PciWorld) =>
  new NvmePciFunction(
    executor,
    memory,
    new MemoryCommandPort(executor, { maxInFlight: 6 }),
    interrupts,
  );

type Patch = (pci: NvmePciFunction, world: PciWorld) => Partial<PciFunction>;

/** Our function with some of its methods replaced. */
function broken(patch: Patch): PciFunctionFactory {
  return (world) => {
    const pci = make(world);
    return {
      barBytes: pci.barBytes,
      configRead: (at, size) => pci.configRead(at, size),
      configWrite: (at, size, value) => pci.configWrite(at, size, value),
      mmioRead: (at, size) => pci.mmioRead(at, size),
      mmioWrite: (at, size, value) => pci.mmioWrite(at, size, value),
      mmioRead64: (at, halves) => pci.mmioRead64(at, halves),
      mmioWrite64: (at, lo, hi) => pci.mmioWrite64(at, lo, hi),
      ...patch(pci, world),
    };
  };
}

/** Runs `work` in a task of its own at each doorbell. */
function later(pci: NvmePciFunction, world: PciWorld, work: () => void): Partial<PciFunction> {
  const task = makeTask('later', work);
  return {
    mmioWrite: (at, size, value) => {
      pci.mmioWrite(at, size, value);
      if (at >= 0x1000) world.executor.post(task);
    },
  };
}

/** Our function on a memory with some of its methods replaced. */
function on(patch: (memory: GuestMemory) => Partial<GuestMemory>): PciFunctionFactory {
  return (world) => {
    const { memory } = world;
    const patched = new Proxy(memory, {
      get: (target, name) => {
        const own = (patch(target) as Record<PropertyKey, unknown>)[name];
        const value: unknown = own ?? Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return make({ ...world, memory: patched });
  };
}

const defects: readonly (readonly [string, NvmeLaw, PciFunctionFactory])[] = [
  [
    'reads what nobody named',
    NvmeLaw.confined,
    broken((pci, world) => later(pci, world, () => void world.memory.read32(0x7_fff0))),
  ],
  [
    'writes what nobody named',
    NvmeLaw.confined,
    broken((pci, world) => later(pci, world, () => void world.memory.write8(0x7_fff0, 1))),
  ],
  [
    'moves one byte more than it should',
    NvmeLaw.confined,
    on((memory) => ({
      store: (gpa, from, at, length) =>
        memory.store(gpa, from, at, length) && memory.write8(gpa + length, 0),
      storeWords: (gpa, from, at, count) =>
        memory.storeWords(gpa, from, at, count) && (count < 8 || memory.write8(gpa + 4 * count, 0)),
    })),
  ],
  [
    'fetches two entries where one is',
    NvmeLaw.confined,
    on((memory) => ({
      loadWords: (gpa, into, at, count) => {
        const done = memory.loadWords(gpa, into, at, count);
        if (count === 16) memory.read32(gpa + 0x1000);
        return done;
      },
    })),
  ],
  [
    'touches memory inside an access',
    NvmeLaw.quiet,
    broken((pci, world) => ({
      mmioWrite: (at, size, value) => {
        pci.mmioWrite(at, size, value);
        if (at === 0x1000) world.memory.read32(0x1_0000);
      },
    })),
  ],
  [
    'completes what was not fetched',
    NvmeLaw.onlyFetched,
    on((memory) => ({
      storeWords: (gpa, from, at, count) => {
        if (count === 4) from[at + 3]! ^= 0x40;
        return memory.storeWords(gpa, from, at, count);
      },
    })),
  ],
  [
    'throws at an odd access',
    NvmeLaw.total,
    broken((pci) => ({
      mmioRead: (at, size) => {
        if (size === 2 && at > 0x100) throw new Error('unexpected size');
        return pci.mmioRead(at, size);
      },
    })),
  ],
  [
    'never comes to rest',
    NvmeLaw.settles,
    broken((pci, world) => {
      const task = makeTask('restless', () => {
        world.executor.schedule(task, world.executor.now + 1);
      });
      return later(pci, world, () => world.executor.schedule(task, world.executor.now + 1));
    }),
  ],
  [
    'stays dead after a fatal error',
    NvmeLaw.recovers,
    broken((pci) => {
      let isDead = false;
      return {
        mmioRead: (at, size) => {
          const value = pci.mmioRead(at, size);
          if (at !== NvmeRegister.csts || size !== 4) return value;
          isDead ||= (value & 2) !== 0;
          return isDead ? value | 2 : value;
        },
      };
    }),
  ],
  [
    'answers eight bytes otherwise than twice four',
    NvmeLaw.halves,
    broken((pci) => ({
      mmioRead64: (at, halves) => {
        pci.mmioRead64(at, halves);
        halves.hi = 0;
      },
    })),
  ],
];

/** The error that the fuzz ends with. */
function findLaw(factory: PciFunctionFactory, seed = 1): NvmeLawError {
  try {
    fuzzController(factory, { runs: 6_000, seed });
  } catch (error) {
    if (error instanceof NvmeLawError) return error;
    throw error;
  }
  throw new Error('nothing was found');
}

describe('fuzzController', () => {
  it('lets our controller pass, and counts what it did', () => {
    const report = fuzzController(make, { runs: 500, seed: 3 });
    expect(report).toMatchObject({ runs: 500, worlds: 7 });
    expect(report.posted).toBeGreaterThan(200);
    // One seed, one course of things.
    expect(fuzzController(make, { runs: 500, seed: 3 })).toEqual(report);
  });

  it.each(defects)('catches a controller that %s', (_name, law, factory) => {
    expect(findLaw(factory).law).toBe(law);
  });

  it('names a seed that repeats the failure at once', () => {
    const [, law, factory] = defects.find(([name]) => name.startsWith('stays dead'))!;
    const found = findLaw(factory);
    const seed = Number(/seed (\d+)/.exec(found.message)![1]);
    const again = findLaw(factory, seed);
    expect(again.law).toBe(law);
    expect(again.message).toContain(`seed ${seed}`);
  });
});
