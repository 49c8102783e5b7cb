/** A guest, and whoever else reaches the shared memory of the rings, does what it likes to a whole stack. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StackOptions } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import {
  accessPci,
  arbitraryPciAccess,
  arbitrarySqe,
  RawNvmeHost,
  type RawQueue,
} from '../../src/testing/nvme/index.ts';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { checkProperty, runs } from '../support/runs.ts';

const GUEST_BYTES = 2 << 20;
/** Memory that nobody was given is filled with this, and stays so. */
const PATTERN = 0x5a;
/** Data pointers reach that far above guest RAM, over all the memory of the VMM. */
const VMM_REACH = 1 << 20;
const IDENTIFY_AT = 0x18_0000;

const word = fc.oneof(fc.nat(64), fc.nat(0xffff), fc.integer());
const words = fc.array(word, { minLength: 1, maxLength: 8 });

/** A command that succeeds if its one page may be written: Identify, or Read of block 0 on the I/O queue. */
const soundRead = fc
  .tuple(fc.constantFrom(0x06, 0x02), fc.nat((GUEST_BYTES + VMM_REACH) / 4096))
  .map(([opcode, page]) => {
    const cdw10 = opcode === 0x06 ? 1 : 0;
    return Int32Array.of(opcode, 1, 0, 0, 0, 0, page * 4096, 0, 0, 0, cdw10, 0, 0, 0, 0, 0);
  });

const deed = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('access' as const),
      access: arbitraryPciAccess(16 * 1024),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      queue: fc.nat(1),
      sqe: fc.oneof(arbitrarySqe(GUEST_BYTES + VMM_REACH), soundRead),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ram' as const),
      at: fc.nat(GUEST_BYTES / 4 - 8),
      words,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('ring' as const), at: fc.nat(0xffff), words }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const), steps: fc.nat(60) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** A booted stack whose controller a raw host has taken over, with one I/O queue. */
class HostileGuest {
  readonly stack: Stack;
  readonly host: RawNvmeHost;
  readonly io: RawQueue;
  /** Free pages of the VMM: no command of the guest names them. */
  readonly #unnamed: number[] = [];
  /** Free pages of the host kernel: not even a ring can name them. */
  readonly #private: number[] = [];
  /** The memory of the VMM, above guest RAM. */
  readonly shared: { base: number; size: number };

  constructor(options: StackOptions) {
    this.stack = createStack({ ...options, guest: { memory: GUEST_BYTES, queueDepth: 16 } });
    this.stack.guest.boot();
    const { executor, memory, guest } = this.stack;
    this.host = new RawNvmeHost(executor, memory.guest, guest.pci);
    this.host.disable();
    expect(this.host.enable()).toBe(true);
    this.io = this.host.createQueue(1, 0x3_0000, 16);
    this.shared = memory.vmm.regions.at(-1)!;
    for (let gpa = memory.vmmPages.take(1); gpa >= 0; gpa = memory.vmmPages.take(1)) {
      this.#unnamed.push(gpa);
    }
    for (let gpa = memory.hostPages.take(1); gpa >= 0; gpa = memory.hostPages.take(1)) {
      this.#private.push(gpa);
    }
    for (const gpa of [...this.#unnamed, ...this.#private]) memory.host.fill(gpa, PATTERN, 4096);
  }

  perform(one: Deed): void {
    const { host, io, stack } = this;
    if (one.kind === 'access') accessPci(stack.guest.pci, one.access);
    else if (one.kind === 'ram') this.#scribble(4 * one.at, one.words);
    else if (one.kind === 'ring') this.#scribble(this.shared.base + 4 * one.at, one.words);
    else if (one.kind === 'step') for (let i = 0; i < one.steps && stack.executor.step(); i++);
    else {
      const queue = one.queue === 0 ? host.admin : io;
      host.pushWords(queue, one.sqe);
      host.ring(queue);
    }
  }

  /** Resets the controller; true when it answers Identify afterwards. */
  recovers(): boolean {
    this.host.disable();
    if (!this.host.enable()) return false;
    const identify = { opcode: AdminOpcode.identify, prp1: IDENTIFY_AT, cdw10: 1 };
    return this.host.command(this.host.admin, identify)?.status === 0;
  }

  /** Free pages that do not hold what they held. */
  changedPages(areRingsHostile: boolean): number[] {
    const pages = areRingsHostile ? this.#private : [...this.#unnamed, ...this.#private];
    const bytes = new Uint8Array(4096);
    return pages.filter((gpa) => {
      this.stack.memory.host.load(gpa, bytes, 0, 4096);
      return bytes.some((byte) => byte !== PATTERN);
    });
  }

  #scribble(gpa: number, values: readonly number[]): void {
    for (const [i, value] of values.entries()) {
      this.stack.memory.vmm.write32(gpa + 4 * i, value >>> 0);
    }
  }
}

const stacks: [string, StackOptions][] = [
  ['direct to RD_MCP', { road: 'direct', backend: { type: 'rd_mcp', size: '256KiB' } }],
  [
    'vhost-nvme-bar to RD_MCP',
    { road: 'vhost-nvme-bar', backend: { type: 'rd_mcp', size: '256KiB' } },
  ],
  ['vhost-nvme to RD_MCP', { backend: { type: 'rd_mcp', size: '256KiB' } }],
  ['vhost-nvme to FILEIO', { backend: { type: 'fileio', size: '256KiB' } }],
  ['vhost-nvme to SCSI', { backend: { type: 'iblock', disk: 'scsi', size: '256KiB' } }],
  ['vhost-nvme to NVMe', { backend: { type: 'iblock', disk: 'nvme', size: '256KiB' } }],
];

describe.each(stacks)('%s', (_name, options) => {
  it('whatever a guest or a ring says, nothing throws or hangs, no other memory changes, and a reset recovers', () => {
    const shape = fc.record({
      costs: fc.constantFrom('none' as const, 'server' as const),
      order: fc.constantFrom('fifo' as const, 'seeded' as const),
      seed: fc.nat(1000),
      areRingsHostile: fc.boolean(),
      virtqueue: fc.constantFrom({ size: 16, indirect: false }, { size: 16, indirect: true }),
    });
    checkProperty(
      fc.property(
        shape,
        fc.array(deed, { maxLength: 60 }),
        ({ areRingsHostile, ...how }, deeds) => {
          const guest = new HostileGuest({ ...options, ...how });
          for (const one of deeds) {
            if (areRingsHostile || one.kind !== 'ring') guest.perform(one);
          }
          guest.stack.executor.runUntilIdle();
          expect(guest.changedPages(areRingsHostile)).toEqual([]);
          expect(guest.recovers()).toBe(true);
        },
      ),
      runs(40, 400),
    );
  });
});
