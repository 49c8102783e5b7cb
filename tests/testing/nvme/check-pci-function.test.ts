import { describe, expect, it } from 'vitest';
import type { PciFunction } from '../../../src/interfaces/pci-function.ts';
import { NvmePciFunction } from '../../../src/nvme-device/index.ts';
import { checkPciFunction, type PciWorld } from '../../../src/testing/nvme/check-pci-function.ts';
import { MemoryCommandPort } from '../../../src/testing/nvme/memory-command-port.ts';
import { NvmeLaw } from '../../../src/testing/nvme/nvme-laws.ts';
import { NvmeRegister } from '../../../src/wire/nvme-registers.ts';

const make = ({ executor, memory, interrupts }: PciWorld) =>
  new NvmePciFunction(executor, memory, new MemoryCommandPort(executor), interrupts);

type Patch = (pci: NvmePciFunction, world: PciWorld) => Partial<PciFunction>;

/** Our function with some of its methods replaced. */
function broken(patch: Patch): (world: PciWorld) => PciFunction {
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

const defects: readonly (readonly [string, NvmeLaw, Patch])[] = [
  ['a size that is no power of two', NvmeLaw.sizing, () => ({ barBytes: 0x3000 })],
  ['a BAR of another size', NvmeLaw.sizing, (pci) => ({ barBytes: 2 * pci.barBytes })],
  [
    'ids that can be written',
    NvmeLaw.identity,
    (pci) => {
      let id = pci.configRead(0, 4);
      return {
        configRead: (at, size) => (at === 0 && size === 4 ? id : pci.configRead(at, size)),
        configWrite: (at, size, value) => {
          if (at === 0) id = value;
          pci.configWrite(at, size, value);
        },
      };
    },
  ],
  [
    'zeroes beyond configuration space',
    NvmeLaw.outside,
    (pci) => ({ configRead: (at, size) => (at > 255 ? 0 : pci.configRead(at, size)) }),
  ],
  [
    'a controller that never becomes ready',
    NvmeLaw.ready,
    (pci) => ({
      mmioRead: (at, size) => (at === NvmeRegister.csts ? 0 : pci.mmioRead(at, size)),
    }),
  ],
  [
    'a high half that is added to',
    NvmeLaw.adminQueue,
    (pci) => ({
      mmioWrite: (at, size, value) => {
        const old = at === NvmeRegister.asq + 4 ? pci.mmioRead(at, 4) : 0;
        pci.mmioWrite(at, size, (old | value) >>> 0);
      },
    }),
  ],
  [
    'doorbells that fetch while disabled',
    NvmeLaw.quiet,
    (pci, world) => ({
      mmioWrite: (at, size, value) => {
        if (at >= 0x1000 && at < 0x1100) world.memory.read32(0);
        pci.mmioWrite(at, size, value);
      },
    }),
  ],
  [
    'doorbells that fetch later while disabled',
    NvmeLaw.harmless,
    (pci, world) => ({
      mmioWrite: (at, size, value) => {
        const task = { owner: 'late', background: false, dueNs: 0, sequence: 0, slot: -1 };
        if (at >= 0x1000 && at < 0x1100) {
          world.executor.post({ ...task, run: () => void world.memory.read32(0) });
        }
        pci.mmioWrite(at, size, value);
      },
    }),
  ],
  [
    'a write that throws',
    NvmeLaw.total,
    (pci) => ({
      mmioWrite: (at, size, value) => {
        if (size !== 4) throw new Error('assertion failed');
        pci.mmioWrite(at, size, value);
      },
    }),
  ],
  [
    'a read that is not unsigned',
    NvmeLaw.total,
    (pci) => ({
      mmioRead: (at, size) => pci.mmioRead(at, size) | 0,
      mmioRead64: (at, halves) => {
        halves.lo = pci.mmioRead(at, 4) | 0;
        halves.hi = pci.mmioRead(at + 4, 4) | 0;
      },
    }),
  ],
  [
    'a high half of CAP that reads as VS',
    NvmeLaw.halves,
    (pci) => ({
      mmioRead: (at, size) => pci.mmioRead(at === 4 && size === 4 ? NvmeRegister.vs : at, size),
    }),
  ],
];

describe('checkPciFunction', () => {
  it('lets our function pass, from any seed', () => {
    for (let seed = 0; seed < 5; seed++) checkPciFunction(make, { seed, rounds: 200 });
  });

  it.each(defects)('catches %s', (_name, law, patch) => {
    expect(() => checkPciFunction(broken(patch))).toThrow(law);
  });
});
