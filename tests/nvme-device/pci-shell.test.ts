import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { NvmePciShell } from '../../src/nvme-device/pci-shell.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import {
  accessPci,
  arbitraryPciAccess,
  arbitrarySqe,
} from '../../src/testing/nvme/arbitrary-nvme.ts';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { PciRegister } from '../../src/wire/pci.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { DATA, DeviceWorld, MEMORY_BYTES } from './device-world.ts';

const RING = 0x10_0000;
const READ = { opcode: IoOpcode.read, nsid: 1, prp1: DATA };

describe('NvmePciShell', () => {
  it.each([0, 2049, 1.5])('has no table of %d vectors', (vectorCount) => {
    const sink = { msix: () => {}, intx: () => {} };
    const make = () =>
      new NvmePciShell(new SimExecutor(), () => undefined as never, sink, { vectorCount });
    expect(make).toThrow(ConfigError);
  });

  it('has room for registers, doorbells and the MSI-X table in BAR0, on pages of their own', () => {
    const { pci } = new DeviceWorld({ ioQueues: 1024, vectorCount: 2048, doorbellStride: 1 });
    const tableAt = pci.configRead(0x44, 4) & ~7;
    const pendingAt = pci.configRead(0x48, 4) & ~7;
    expect(tableAt).toBeGreaterThanOrEqual(0x1000 + 2 * 1025 * 8);
    expect(tableAt % 4096).toBe(0);
    expect(pendingAt).toBe(tableAt + 2048 * 16);
    expect(pci.barBytes).toBeGreaterThanOrEqual(pendingAt + 256);
  });

  it('says who it is by option', () => {
    const { pci } = new DeviceWorld({ vendorId: 0x1234, deviceId: 0x5678 });
    expect(pci.configRead(PciRegister.vendorId, 4)).toBe(0x5678_1234);
    expect(() => new DeviceWorld({ vendorId: 0x1_0000 })).toThrow(ConfigError);
    expect(() => new DeviceWorld({ revisionId: 256 })).toThrow('revisionId');
  });
});

describe('MSI-X', () => {
  function started(): DeviceWorld {
    const world = new DeviceWorld();
    world.host.enable();
    world.openVectors();
    world.messages.length = 0;
    return world;
  }
  const maskAt = (world: DeviceWorld, vector: number) =>
    (world.pci.configRead(0x44, 4) & ~7) + 16 * vector + 12;

  it('holds a masked vector back as a pending bit and sends it when the mask opens', () => {
    const world = started();
    const { host, messages, pci } = world;
    const queue = host.createQueue(1, RING, 8, 8, { vector: 3 });
    messages.length = 0;
    pci.mmioWrite(maskAt(world, 3), 4, 1);
    host.command(queue, READ);
    const pendingAt = pci.configRead(0x48, 4) & ~7;
    expect([messages, pci.mmioRead(pendingAt, 4)]).toEqual([[], 8]);
    expect(pci.mmioRead(pendingAt + 1, 1)).toBe(0);
    pci.mmioWrite(maskAt(world, 3), 4, 0);
    expect(messages).toEqual([]);
    world.executor.runUntilIdle();
    expect([messages, pci.mmioRead(pendingAt, 4)]).toEqual([[3], 0]);
  });

  it('holds everything back behind the function mask', () => {
    const { executor, host, messages, pci } = started();
    const queue = host.createQueue(1, RING, 8, 8, { vector: 1 });
    messages.length = 0;
    pci.configWrite(0x42, 2, 0xc000);
    host.command(queue, READ);
    expect(messages).toEqual([]);
    pci.configWrite(0x42, 2, 0x8000);
    executor.runUntilIdle();
    expect(messages).toEqual([1]);
  });

  it('keeps what the host writes into the table, and ignores pieces of a dword', () => {
    const { pci } = started();
    const tableAt = pci.configRead(0x44, 4) & ~7;
    pci.mmioWrite64(tableAt, 0xfee0_0000, 7);
    pci.mmioWrite(tableAt, 2, 0xffff);
    const halves = { lo: 0, hi: 0 };
    pci.mmioRead64(tableAt, halves);
    expect(halves).toEqual({ lo: 0xfee0_0000, hi: 7 });
    expect(pci.mmioRead(tableAt + 2, 2)).toBe(0xfee0);
    expect(pci.mmioRead(tableAt + 3, 2)).toBe(0);
    // The pending bits are read-only.
    const pendingAt = pci.configRead(0x48, 4) & ~7;
    pci.mmioWrite(pendingAt, 4, 1);
    expect(pci.mmioRead(pendingAt, 4)).toBe(0);
  });
});

describe('the INTx pin', () => {
  it('is high while completions are unread and MSI-X is off', () => {
    const { executor, host, levels, pci } = new DeviceWorld();
    host.enable();
    host.push(host.admin, { opcode: 8 });
    host.ring(host.admin);
    executor.runUntilIdle();
    expect(levels).toEqual([true]);
    expect(pci.configRead(PciRegister.status, 2) & 8).toBe(8);
    host.take(host.admin);
    executor.runUntilIdle();
    expect(levels).toEqual([true, false]);
  });

  it('is hidden by INTMS and by the command register', () => {
    const { executor, host, levels, pci } = new DeviceWorld();
    host.enable();
    host.push(host.admin, { opcode: 8 });
    host.ring(host.admin);
    executor.runUntilIdle();
    host.write(NvmeRegister.intms, 1);
    executor.runUntilIdle();
    host.write(NvmeRegister.intmc, 1);
    executor.runUntilIdle();
    pci.configWrite(PciRegister.command, 2, 0x0406);
    executor.runUntilIdle();
    pci.configWrite(PciRegister.command, 2, 0x0006);
    executor.runUntilIdle();
    expect(levels).toEqual([true, false, true, false, true]);
    pci.configWrite(0x42, 2, 0x8000);
    executor.runUntilIdle();
    expect(levels.at(-1)).toBe(false);
  });
});

describe('a function level reset', () => {
  it('takes the controller, the command register and MSI-X back to power-on', () => {
    const world = new DeviceWorld();
    const { executor, host, pci, port } = world;
    host.enable();
    world.openVectors();
    const queue = host.createQueue(1, RING, 8);
    port.held = true;
    host.push(queue, READ);
    host.ring(queue);
    executor.runUntilIdle();
    pci.configWrite(0x68, 2, 0x8000);
    executor.runUntilIdle();
    expect(host.csts).toBe(0);
    expect(pci.configRead(PciRegister.command, 2)).toBe(0);
    expect(pci.configRead(0x42, 2) & 0x8000).toBe(0);
    expect(host.peek(queue)).toBeUndefined();
    port.held = false;
    expect(host.enable()).toBe(true);
  });
});

describe('hostile input', () => {
  it('any accesses of configuration space and BAR0 throw nothing, hang nothing, and read numbers (P18)', () => {
    checkProperty(
      fc.property(fc.array(arbitraryPciAccess(0x4000), { maxLength: 120 }), (accesses) => {
        const world = new DeviceWorld({}, { maxInFlight: 4 });
        for (const access of accesses) {
          const value = accessPci(world.pci, access);
          expect(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff).toBe(true);
          world.executor.runUntilIdle();
        }
      }),
      runs(60),
    );
  });

  it('any entries end once each and touch nothing but rings, lists and named pages (P1, P8)', () => {
    // Admin opcodes that hold, create or delete have their own tests; here each entry has one completion.
    const entries = fc.array(arbitrarySqe(MEMORY_BYTES), { minLength: 1, maxLength: 14 });
    checkProperty(
      fc.property(entries, (words) => {
        const { executor, host, memory, ram } = new DeviceWorld();
        host.enable();
        const queue = host.createQueue(1, RING, 16);
        // What a command does not name must keep its bytes: the guard lies where no entry points.
        const guard = ram.view(MEMORY_BYTES - 4096, 4096)!.fill(0x5a);
        memory.accesses.length = 0;
        const named = new Set<number>();
        for (const sqe of words) {
          for (const at of [6, 8]) named.add((sqe[at]! >>> 0) & ~4095);
          host.pushWords(queue, sqe);
        }
        host.ring(queue);
        executor.runUntilIdle();
        const entries = host.take(queue, false);
        expect(entries.length).toBe(words.length);
        expect(entries.map(({ cid }) => cid).sort()).toEqual(
          words.map((sqe) => sqe[0]! >>> 16).sort(),
        );
        const isLong = words.some((sqe) => (sqe[12]! & 0xffff) > 15);
        if (isLong) return;
        for (const { gpa, length } of memory.accesses) {
          const isRing = gpa >= RING && gpa + length <= RING + 0x1_0100;
          const isNamed = [...named].some((page) => gpa >= page && gpa + length <= page + 8192);
          expect(isRing || isNamed).toBe(true);
        }
        if (!named.has(MEMORY_BYTES - 4096) && !named.has(MEMORY_BYTES - 8192)) {
          expect(guard.every((byte) => byte === 0x5a)).toBe(true);
        }
      }),
      runs(100),
    );
  });

  it('any entries, doorbells and shadows end once each where everything is advertised (P1, P5, P18)', () => {
    const limits = { sgls: 0xd_0001, fuses: 1, oacs: 0x100 };
    const doorbells = fc.array(fc.tuple(fc.nat(9), fc.nat(20)), { maxLength: 6 });
    const entry = fc.tuple(arbitrarySqe(MEMORY_BYTES), fc.nat(3), fc.nat(3));
    checkProperty(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 14 }), doorbells, (all, rings) => {
        const world: DeviceWorld = new DeviceWorld(
          { bitBucketGpa: MEMORY_BYTES - 4096, weightedRoundRobin: true },
          { maxInFlight: 3 },
          limits,
          (first, second) => {
            world.port.submit(first);
            world.port.submit(second);
          },
        );
        const { executor, host, ram } = world;
        host.enable();
        const buffers = { opcode: 0x7c, prp1: MEMORY_BYTES - 12_288, prp2: MEMORY_BYTES - 8192 };
        expect(host.command(host.admin, buffers)?.status).toBe(0);
        const queue = host.createQueue(1, RING, 16, 4);
        for (const [sqe, fuse, psdt] of all) {
          // Reads become writes: one that lands on the rings would take the entries away.
          const opcode = (sqe[0]! & 0xff) === 2 ? 1 : sqe[0]! & 0xff;
          sqe[0] = (sqe[0]! & ~0xc3ff) | opcode | (fuse << 8) | (psdt << 14);
          host.pushWords(queue, sqe);
        }
        for (const [index, value] of rings) {
          // Those of the queue itself stay true: its entries are counted.
          if (index >> 1 !== 1) host.doorbell(index, index >> 1 === 0 ? 0xffff : value);
        }
        ram.write32(MEMORY_BYTES - 12_288 + 8, queue.tail);
        host.ring(queue);
        let done = 0;
        for (let i = 0; i <= all.length; i++) {
          executor.runUntilIdle();
          const taken = host.take(queue, false).length;
          expect(taken).toBeLessThanOrEqual(3);
          done += taken;
          ram.write32(MEMORY_BYTES - 12_288 + 12, queue.head);
          host.acknowledge(queue);
        }
        expect(done).toBe(all.length);
      }),
      runs(100, 1_500, 60_000),
    );
  });

  it('any admin entries leave a controller that a reset makes good', () => {
    checkProperty(
      fc.property(fc.array(arbitrarySqe(MEMORY_BYTES), { maxLength: 30 }), (words) => {
        const { executor, host } = new DeviceWorld();
        host.enable();
        for (const sqe of words) {
          host.pushWords(host.admin, sqe);
          host.ring(host.admin);
          executor.runUntilIdle();
          host.take(host.admin);
        }
        host.disable();
        expect(host.csts).toBe(0);
        expect(host.enable()).toBe(true);
      }),
      runs(60),
    );
  });
});
