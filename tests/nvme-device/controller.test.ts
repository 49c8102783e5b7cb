import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbortResult } from '../../src/interfaces/request.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { NvmeDeviceController } from '../../src/nvme-device/index.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { Cc, Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { DATA, DeviceWorld, MEMORY_BYTES } from './device-world.ts';

const ENTRY_SIZES = (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
const SHUTDOWN_COMPLETE = 2 << Csts.shstShift;

describe('the registers', () => {
  it('describe the controller in CAP and VS', () => {
    const { pci } = new DeviceWorld({
      maxQueueEntries: 64,
      readyTimeoutUnits: 4,
      doorbellStride: 2,
      maxPageShift: 3,
      commandSets: 0xc1,
      version: 0x1_0400,
    });
    const halves = { lo: 0, hi: 0 };
    pci.mmioRead64(NvmeRegister.cap, halves);
    expect(halves).toEqual({ lo: 0x0401_003f, hi: 2 | (0xc1 << 5) | (3 << 20) });
    // Each half on its own, too: the second one is not the version.
    expect(pci.mmioRead(NvmeRegister.cap, 4)).toBe(halves.lo);
    expect(pci.mmioRead(NvmeRegister.cap + 4, 4)).toBe(halves.hi);
    expect(pci.mmioRead(NvmeRegister.vs, 4)).toBe(0x1_0400);
  });

  it('keep the admin queue addresses, each half by itself, and only while disabled', () => {
    const { host, pci } = new DeviceWorld();
    pci.mmioWrite64(NvmeRegister.asq, 0x1111_1000, 0x22);
    pci.mmioWrite(NvmeRegister.asq + 4, 4, 0x01);
    expect(pci.mmioRead(NvmeRegister.asq + 4, 4)).toBe(1);
    expect(host.enable()).toBe(true);
    pci.mmioWrite64(NvmeRegister.asq, 0x5000, 0x6000);
    pci.mmioWrite(NvmeRegister.aqa, 4, 0);
    expect(pci.mmioRead(NvmeRegister.asq, 4)).toBe(host.admin.sq);
    expect(pci.mmioRead(NvmeRegister.asq + 4, 4)).toBe(0);
    expect(pci.mmioRead(NvmeRegister.aqa, 4)).toBe(0x001f_001f);
  });

  it('are read and written by byte and word inside a dword', () => {
    const { pci } = new DeviceWorld();
    pci.mmioWrite(NvmeRegister.asq, 4, 0x1234_5678);
    pci.mmioWrite(NvmeRegister.asq + 1, 1, 0xab);
    pci.mmioWrite(NvmeRegister.asq + 2, 2, 0xcdef);
    expect(pci.mmioRead(NvmeRegister.asq, 4)).toBe(0xcdef_ab78);
    expect(pci.mmioRead(NvmeRegister.asq + 1, 2)).toBe(0xefab);
    expect(pci.mmioRead(NvmeRegister.cap + 2, 4)).toBe(
      (pci.mmioRead(NvmeRegister.cap, 4) >>> 16) +
        (pci.mmioRead(NvmeRegister.cap + 4, 4) & 0xffff) * 0x1_0000,
    );
    // Across two registers: nothing is written.
    pci.mmioWrite(NvmeRegister.asq + 2, 4, 0);
    expect(pci.mmioRead(NvmeRegister.asq, 4)).toBe(0xcdef_ab78);
  });

  it('set and clear interrupt masks bit by bit', () => {
    const { pci } = new DeviceWorld();
    pci.mmioWrite(NvmeRegister.intms, 4, 0x8000_0005);
    pci.mmioWrite(NvmeRegister.intmc, 1, 0x01);
    expect(pci.mmioRead(NvmeRegister.intms, 4)).toBe(0x8000_0004);
    expect(pci.mmioRead(NvmeRegister.intmc, 4)).toBe(0x8000_0004);
  });

  it('read as zero where there is none, and NSSR is not supported', () => {
    const { pci } = new DeviceWorld();
    for (const at of [NvmeRegister.nssr, 0x18, 0x38, 0x100, 0xffc, 0x1000]) {
      pci.mmioWrite(at, 4, 0x4e56_4d65);
      expect(pci.mmioRead(at, 4)).toBe(0);
    }
  });
});

describe('enabling', () => {
  it('takes its time, and becomes ready from a task', () => {
    const { executor, host, pci } = new DeviceWorld({ readyDelayNs: 1_000_000 });
    host.enable();
    expect(executor.now).toBe(1_000_000);
    pci.mmioWrite(NvmeRegister.cc, 4, 0);
    executor.runUntilIdle();
    pci.mmioWrite(NvmeRegister.cc, 4, ENTRY_SIZES | Cc.en);
    expect(host.csts).toBe(0);
    executor.runUntil(1_999_999);
    expect(host.csts).toBe(0);
    executor.runUntil(2_000_000);
    expect(host.csts).toBe(Csts.rdy);
  });

  it.each([
    ['ASQ is not at the start of a page', { asq: 0x1_0010 }],
    ['ACQ is not at the start of a page', { acq: 0x2_0010 }],
    ['ASQ is not at the start of a 64-KiB page', { asq: 0x1_1000, mps: 4 }],
    ['the admin submission queue has one entry', { aqa: 31 << 16 }],
    ['the admin completion queue has one entry', { aqa: 31 }],
    ['MPS is beyond CAP.MPSMAX', { mps: 5 }],
    ['the command set is not supported', { cc: ENTRY_SIZES | (1 << Cc.cssShift) }],
    ['the command set is that of CAP.CSS bit 6', { cc: ENTRY_SIZES | (6 << Cc.cssShift) }],
    ['arbitration is weighted', { cc: ENTRY_SIZES | (1 << Cc.amsShift) }],
    ['IOSQES is 7', { cc: ENTRY_SIZES + (1 << Cc.iosqesShift) }],
    ['IOSQES is 0', { cc: 4 << Cc.iocqesShift }],
    ['IOCQES is 3', { cc: ENTRY_SIZES - (1 << Cc.iocqesShift) }],
    ['IOCQES is 5', { cc: ENTRY_SIZES + (1 << Cc.iocqesShift) }],
  ])('ends in CSTS.CFS when %s, and works after a reset', (_name, settings) => {
    const { host } = new DeviceWorld();
    expect(host.enable(settings)).toBe(false);
    expect(host.csts).toBe(Csts.cfs);
    host.disable();
    expect(host.csts).toBe(0);
    expect(host.enable()).toBe(true);
  });

  it('takes every advertised page size and command set', () => {
    for (const mps of [0, 1, 2, 3, 4]) {
      expect(new DeviceWorld().host.enable({ mps, asq: 0x1_0000, acq: 0x2_0000 })).toBe(true);
    }
    const { host } = new DeviceWorld({ commandSets: 0xc1 });
    expect(host.enable({ cc: ENTRY_SIZES | (7 << Cc.cssShift) })).toBe(true);
  });

  it('is taken back when the host clears CC.EN before it is ready', () => {
    const { executor, host, pci, port } = new DeviceWorld({ readyDelayNs: 1_000 });
    pci.mmioWrite(NvmeRegister.cc, 4, ENTRY_SIZES | Cc.en);
    executor.runUntil(500);
    pci.mmioWrite(NvmeRegister.cc, 4, ENTRY_SIZES);
    executor.runUntilIdle();
    expect([host.csts, port.waiting]).toEqual([0, 0]);
    expect(host.enable()).toBe(true);
  });
});

describe('a reset', () => {
  it('keeps ready until the port has let go, and posts nothing late', () => {
    const { executor, host, port, ram } = new DeviceWorld();
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 8);
    port.held = true;
    host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(queue);
    executor.runUntilIdle();
    expect(port.waiting).toBe(1);
    host.write(NvmeRegister.cc, ENTRY_SIZES);
    expect(host.csts).toBe(Csts.rdy);
    executor.runUntilIdle();
    expect(host.csts).toBe(0);
    expect(host.peek(queue)).toBeUndefined();
    expect(ram.read32(queue.cq + 12)).toBe(0);
  });

  it('may be followed by an enable at once', () => {
    const { executor, host, pci, port } = new DeviceWorld();
    host.enable();
    host.createQueue(1, 0x10_0000, 8);
    pci.mmioWrite(NvmeRegister.cc, 4, ENTRY_SIZES);
    pci.mmioWrite(NvmeRegister.cc, 4, ENTRY_SIZES | Cc.en);
    executor.runUntilIdle();
    expect(host.csts).toBe(Csts.rdy);
    // The I/O queues are gone: their doorbells ring nothing.
    host.doorbell(2, 1);
    executor.runUntilIdle();
    expect(port.seen).toEqual([]);
  });

  it('at any moment posts no completion afterwards, and the next life works (P17)', () => {
    checkProperty(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 12 }), fc.nat(3), (steps, depth, held) => {
        const { executor, host, port, ram } = new DeviceWorld({}, { maxInFlight: 5 });
        host.enable();
        const queue = host.createQueue(1, 0x10_0000, 16);
        for (let i = 0; i < depth; i++) host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
        port.held = held === 0;
        host.ring(queue);
        for (let i = 0; i < steps; i++) executor.step();
        host.write(NvmeRegister.cc, ENTRY_SIZES);
        ram.fill(queue.cq, 0, 256);
        executor.runUntilIdle();
        port.release();
        executor.runUntilIdle();
        expect(ram.view(queue.cq, 256)!.some((byte) => byte !== 0)).toBe(false);
        expect([host.csts, port.waiting]).toEqual([0, 0]);
        port.held = false;
        expect(host.enable()).toBe(true);
        const again = host.createQueue(1, 0x10_0000, 16);
        expect(host.command(again, { opcode: 2, nsid: 1, prp1: DATA })).toMatchObject({
          status: 0,
          sqhd: 1,
          phase: 1,
        });
      }),
      runs(60),
    );
  });

  it('gives back every slot, that of a deletion that waits too (P17)', () => {
    const { executor, host, port } = new DeviceWorld({}, { maxInFlight: 2 });
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 8);
    port.held = true;
    port.abort = () => AbortResult.unknown;
    host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(queue);
    executor.runUntilIdle();
    host.push(host.admin, { opcode: 0, cdw10: 1 });
    host.ring(host.admin);
    executor.runUntilIdle();
    host.write(NvmeRegister.cc, ENTRY_SIZES);
    port.release();
    executor.runUntilIdle();
    port.held = false;
    expect(host.enable()).toBe(true);
    const again = host.createQueue(1, 0x10_0000, 8);
    port.held = true;
    for (let i = 0; i < 2; i++) host.push(again, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(again);
    executor.runUntilIdle();
    expect(port.waiting).toBe(2);
  });

  it('of the function is as a power cycle', () => {
    const { executor, host, pci, port } = new DeviceWorld();
    host.enable();
    pci.controller.hardReset();
    executor.runUntilIdle();
    for (const at of [NvmeRegister.cc, NvmeRegister.csts, NvmeRegister.aqa, NvmeRegister.asq]) {
      expect(pci.mmioRead(at, 4)).toBe(0);
    }
    expect(port.waiting).toBe(0);
    expect(host.enable()).toBe(true);
  });

  it('of the function says when nothing is in flight any more, and never inside the call', () => {
    const executor = new SimExecutor();
    const memory = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
    const port = new MemoryCommandPort(executor);
    const resets: (() => void)[] = [];
    const reset = port.reset.bind(port);
    port.reset = (done) => reset(() => resets.push(done));
    const controller = new NvmeDeviceController(executor, memory, port, {
      raise: () => {},
      lower: () => {},
    });
    let dones = 0;
    controller.hardReset(() => void (dones += 1));
    expect(dones).toBe(0);
    executor.runUntilIdle();
    expect(dones).toBe(1);

    controller.write(NvmeRegister.aqa, 4, 0x1f_001f);
    controller.write(NvmeRegister.asq, 4, 0x1_0000);
    controller.write(NvmeRegister.acq, 4, 0x2_0000);
    controller.write(NvmeRegister.cc, 4, ENTRY_SIZES | Cc.en);
    executor.runUntilIdle();
    controller.hardReset(() => void (dones += 1));
    controller.hardReset(() => void (dones += 1));
    executor.runUntilIdle();
    expect([resets.length, dones]).toEqual([1, 1]);
    resets[0]!();
    executor.runUntilIdle();
    expect(dones).toBe(3);
  });
});

describe('a shutdown', () => {
  it.each([
    ['normal', 1],
    ['abrupt', 2],
  ])('that is %s goes through the port and shows in CSTS', (_name, shn) => {
    const { executor, host, port } = new DeviceWorld();
    host.enable();
    host.write(NvmeRegister.cc, ENTRY_SIZES | Cc.en | (shn << Cc.shnShift));
    expect(host.csts).toBe(Csts.rdy | (1 << Csts.shstShift));
    executor.runUntilIdle();
    expect(host.csts).toBe(Csts.rdy | SHUTDOWN_COMPLETE);
    expect(port.shutdowns).toBe(1);
  });

  it('fetches no more commands, completes what is in flight, and is over after a reset', () => {
    const { executor, host, port } = new DeviceWorld();
    host.enable();
    const queue = host.createQueue(1, 0x10_0000, 8);
    port.held = true;
    host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(queue);
    executor.runUntilIdle();
    host.write(NvmeRegister.cc, ENTRY_SIZES | Cc.en | (1 << Cc.shnShift));
    host.push(queue, { opcode: 2, nsid: 1, prp1: DATA });
    host.ring(queue);
    executor.runUntilIdle();
    port.release();
    executor.runUntilIdle();
    expect(host.take(queue).length).toBe(1);
    expect(port.waiting).toBe(0);
    host.disable();
    expect(host.csts).toBe(0);
    port.held = false;
    expect(host.enable()).toBe(true);
  });

  it('of a controller that is not enabled is over with the next enable, and with a reset of the function', () => {
    const { executor, host, pci } = new DeviceWorld();
    host.write(NvmeRegister.cc, 1 << Cc.shnShift);
    executor.runUntilIdle();
    expect(host.enable()).toBe(true);
    expect(host.csts).toBe(Csts.rdy);
    // It fetches: a queue can be made.
    const queue = host.createQueue(1, 0x10_0000, 8);
    expect(host.command(queue, { opcode: 2, nsid: 1, prp1: DATA })?.status).toBe(0);
    host.disable();
    host.write(NvmeRegister.cc, 1 << Cc.shnShift);
    executor.runUntilIdle();
    pci.controller.hardReset();
    executor.runUntilIdle();
    expect(host.csts).toBe(0);
  });

  it('of a controller that is not enabled is complete at once', () => {
    const { executor, host, port } = new DeviceWorld();
    host.write(NvmeRegister.cc, 1 << Cc.shnShift);
    executor.runUntilIdle();
    expect(host.csts).toBe(SHUTDOWN_COMPLETE);
    expect(port.shutdowns).toBe(0);
  });
});
