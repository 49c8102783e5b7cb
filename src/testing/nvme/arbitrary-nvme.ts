/** Arbitrary commands and register accesses, of the kind that breaks controllers. */
import * as fc from 'fast-check';
import type { AccessBytes, PciFunction } from '../../interfaces/pci-function.ts';
import { DOORBELL_BASE } from '../../wire/nvme-registers.ts';

/** Any 32 bits, the edges often. */
const word: fc.Arbitrary<number> = fc.oneof(
  fc.nat(64),
  fc.nat(0xffff_ffff),
  fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);

/**
 * Submission queue entries: any bits, with opcodes that exist, small namespaces, and data pointers that often hit memory.
 *
 * @param memoryBytes addresses below this are mapped in the world of the test
 */
export function arbitrarySqe(memoryBytes: number): fc.Arbitrary<Int32Array> {
  const opcode = fc.oneof(fc.nat(0x1c), fc.nat(255));
  const flags = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(255));
  const address = fc.oneof(
    fc.nat(memoryBytes / 4096 - 1).map((page) => page * 4096),
    fc.nat(memoryBytes - 1),
    word,
  );
  const high = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, word);
  return fc
    .tuple(
      fc.record({ opcode, flags, cid: fc.nat(0xffff), nsid: fc.oneof(fc.nat(3), word) }),
      fc.tuple(address, high, address, high),
      fc.array(word, { minLength: 6, maxLength: 6 }),
    )
    .map(([head, prps, dwords]) =>
      Int32Array.of(
        head.opcode | (head.flags << 8) | (head.cid << 16),
        head.nsid,
        ...[0, 0, 0, 0],
        ...prps,
        ...dwords,
      ),
    );
}

/** One access of a function. */
export interface PciAccess {
  /** Configuration space or BAR0. */
  space: 'config' | 'bar';
  write: boolean;
  at: number;
  size: AccessBytes;
  value: number;
}

/** Accesses anywhere in and around configuration space and BAR0; registers and doorbells often. */
export function arbitraryPciAccess(barBytes: number): fc.Arbitrary<PciAccess> {
  const barOffset = fc.oneof(
    fc.nat(15).map((index) => 4 * index),
    fc.nat(63),
    fc.nat(15).map((index) => DOORBELL_BASE + 4 * index),
    fc.nat(barBytes - 1),
    fc.integer({ min: -16, max: 2 ** 31 - 1 }),
  );
  const configOffset = fc.oneof(fc.nat(255), fc.integer({ min: -16, max: 5000 }));
  const rest = {
    write: fc.boolean(),
    size: fc.constantFrom<AccessBytes>(1, 2, 4, 4, 4),
    value: word,
  };
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ space: fc.constant('bar' as const), at: barOffset, ...rest }),
    },
    fc.record({ space: fc.constant('config' as const), at: configOffset, ...rest }),
  );
}

/** Makes one access and gives what a read returned, 0 for a write. */
export function accessPci(pci: PciFunction, access: PciAccess): number {
  const { at, size, value } = access;
  if (access.space === 'config') {
    if (!access.write) return pci.configRead(at, size);
    pci.configWrite(at, size, value);
  } else {
    if (!access.write) return pci.mmioRead(at, size);
    pci.mmioWrite(at, size, value);
  }
  return 0;
}
