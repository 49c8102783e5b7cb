import { describe, expect, it } from 'vitest';
import { VhostErrno } from '../../src/interfaces/vhost.ts';
import type { VhostNvmeBar } from '../../src/interfaces/vhost-nvme-bar.ts';
import {
  NvmeDeviceController,
  NvmePciShell,
  registerBytesOf,
} from '../../src/nvme-device/index.ts';
import { checkPciFunction } from '../../src/testing/nvme/check-pci-function.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { VhostNvmeBarDevice } from '../../src/vhost/index.ts';
import { BarForwarder } from '../../src/vmm/index.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { BarWorld } from '../support/bar-world.ts';

const DATA = 0x20_0000;

function started(): BarWorld {
  const world = new BarWorld();
  expect(world.forwarder.start(world.regions, world.target)).toBe(VhostErrno.ok);
  world.executor.runUntilIdle();
  return world;
}

function openVectors({ executor, pci }: BarWorld): void {
  const tableAt = pci.configRead(0x44, 4) & ~7;
  for (let vector = 0; vector < 3; vector++) pci.mmioWrite(tableAt + 16 * vector + 12, 4, 0);
  pci.configWrite(0x42, 2, 0x8000);
  executor.runUntilIdle();
}

it('makes a function that obeys the laws of PCI functions', () => {
  checkPciFunction(({ executor, memory, interrupts }) => {
    const options = { ioQueues: 4, vectorCount: 5 };
    const device = new VhostNvmeBarDevice(
      memory,
      (guest, target, up) => new NvmeDeviceController(executor, guest, target, up, options),
      { vectorCount: 5 },
    );
    let forwarder: BarForwarder | undefined;
    const pci = new NvmePciShell(
      executor,
      (up) => {
        const registerBytes = registerBytesOf(options);
        forwarder = new BarForwarder(executor, device, up, { registerBytes, vectorCount: 5 });
        return forwarder;
      },
      interrupts,
      { vectorCount: 5 },
    );
    const regions = [{ guestAddress: 0, size: 1 << 20, userAddress: 0 }];
    expect(forwarder!.start(regions, new MemoryCommandPort(executor))).toBe(VhostErrno.ok);
    return pci;
  });
});

describe('before the endpoint is set', () => {
  it('a register reads as all ones of its size, and a write goes nowhere', () => {
    const { device, forwarder } = new BarWorld();
    expect(forwarder.read(NvmeRegister.vs, 4)).toBe(0xffff_ffff);
    expect(forwarder.read(NvmeRegister.vs, 2)).toBe(0xffff);
    expect(forwarder.read(NvmeRegister.vs, 1)).toBe(0xff);
    const halves = { lo: 0, hi: 0 };
    forwarder.read64(NvmeRegister.cap, halves);
    expect(halves).toEqual({ lo: 0xffff_ffff, hi: 0xffff_ffff });
    forwarder.write64(NvmeRegister.asq, 0x1000, 0);
    forwarder.hardReset();
    expect(device.counters).toEqual({ barReads: 0, barWrites: 0, calls: 0 });
  });

  it('what the guest chose in configuration space reaches the host with the start', () => {
    const world = new BarWorld();
    world.pci.configWrite(4, 2, 6);
    openVectors(world);
    world.forwarder.start(world.regions, world.target);
    expect(world.host.enable()).toBe(true);
    world.host.command(world.host.admin, { opcode: AdminOpcode.identify, prp1: DATA });
    expect(world.messages).toEqual([0]);
    expect(world.levels).toEqual([]);
  });

  it.each([
    ['an owner', (world: BarWorld) => world.device.setOwner(), VhostErrno.busy],
    [
      'a table that cannot be',
      (world: BarWorld) => (world.regions[0]!.size *= 2),
      VhostErrno.fault,
    ],
  ])('%s that is there already makes the start answer the errno', (_name, spoil, errno) => {
    const world = new BarWorld();
    spoil(world);
    expect(world.forwarder.start(world.regions, world.target)).toBe(errno);
    expect(world.forwarder.read(0, 4)).toBe(0xffff_ffff);
  });
});

describe('interrupts', () => {
  it('are one eventfd for each vector', () => {
    const world = started();
    openVectors(world);
    world.host.enable();
    world.host.createQueue(1, 0x3_0000, 16, 16, { vector: 2 });
    const io = world.host.createQueue(2, 0x5_0000, 16, 16, { vector: 1 });
    world.messages.length = 0;
    world.host.command(io, { opcode: IoOpcode.flush, nsid: 1 });
    expect(world.messages).toEqual([1]);
    expect(world.forwarder.calls.map((fd) => fd.signals)).toEqual([4, 1, 0]);
  });

  it('by the pin rise with an entry and fall when it is consumed', () => {
    const { executor, host, levels } = started();
    host.enable();
    host.push(host.admin, { opcode: AdminOpcode.identify, prp1: DATA });
    host.ring(host.admin);
    executor.runUntilIdle();
    expect(levels).toEqual([true]);
    host.take(host.admin);
    executor.runUntilIdle();
    expect(levels).toEqual([true, false]);
  });

  it('that rise, fall and rise before the VMM runs leave the pin up', () => {
    const { device, executor, forwarder, levels } = started();
    const fd = forwarder.calls[0]!;
    const pin = { level: true };
    Object.defineProperty(device, 'pinLevel', { get: () => pin.level });
    for (let i = 0; i < 3; i++) fd.signal();
    executor.runUntilIdle();
    expect(levels).toEqual([true]);
    pin.level = false;
    fd.signal();
    executor.runUntilIdle();
    expect(levels).toEqual([true, false]);
  });

  it('of the pin are over when messages are switched on', () => {
    const world = started();
    world.host.enable();
    world.host.push(world.host.admin, { opcode: AdminOpcode.identify, prp1: DATA });
    world.host.ring(world.host.admin);
    world.executor.runUntilIdle();
    openVectors(world);
    expect(world.levels).toEqual([true, false]);
    world.pci.configWrite(0x42, 2, 0);
    world.executor.runUntilIdle();
    expect(world.levels).toEqual([true, false, true]);
  });
});

it('a reset of the function is a reset of the controller in the host', () => {
  const { executor, forwarder, host } = started();
  host.enable();
  forwarder.hardReset();
  executor.runUntilIdle();
  expect(host.csts).toBe(0);
  expect(host.enable()).toBe(true);
});

it('starts the device in the order of its ioctls, with what the guest has chosen', () => {
  const log: string[] = [];
  const said = (what: string): VhostErrno => {
    log.push(what);
    return VhostErrno.ok;
  };
  const { executor, regions, target } = new BarWorld();
  const bar: VhostNvmeBar = {
    abiVersion: 0,
    pinLevel: false,
    setOwner: () => said('owner'),
    setMemTable: () => said('table'),
    setVectorCall: (vector) => said(`call ${vector}`),
    setEndpoint: () => said('endpoint'),
    clearEndpoint: () => said('clear'),
    barRead: () => 0,
    barWrite: () => said('write'),
    resetController: () => said('reset'),
    setInterruptMode: (vectors, levels) => said(`mode ${vectors} ${levels}`),
    setBusMaster: (canMaster) => said(`master ${canMaster}`),
  };
  const interrupts = { raise: () => {}, lower: () => {} };
  const options = { registerBytes: 4096, vectorCount: 2 };
  const forwarder = new BarForwarder(executor, bar, interrupts, options);
  forwarder.setInterruptMode(2, false);
  forwarder.setBusMaster(true);
  log.length = 0;
  expect(forwarder.start(regions, target)).toBe(VhostErrno.ok);
  const setUp = ['owner', 'table', 'call 0', 'call 1', 'endpoint'];
  expect(log).toEqual([...setUp, 'mode 2 false', 'master true']);
});
