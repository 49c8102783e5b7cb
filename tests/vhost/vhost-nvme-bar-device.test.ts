import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { VhostErrno } from '../../src/interfaces/vhost.ts';
import { VhostNvmeBarDevice } from '../../src/vhost/index.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { BarWorld, BEYOND_GUEST } from '../support/bar-world.ts';
import { expectSameBytes } from '../support/bytes.ts';

const DATA = 0x20_0000;

describe('the order of the ioctls', () => {
  it('is owner, memory table, endpoint; what comes too early or twice is refused', () => {
    const { device, regions, target } = new BarWorld();
    expect(device.abiVersion).toBe(0);
    expect(device.setMemTable(regions)).toBe(VhostErrno.notOwner);
    expect(device.setVectorCall(0, undefined)).toBe(VhostErrno.notOwner);
    expect(device.setEndpoint(target)).toBe(VhostErrno.notOwner);
    expect(device.setOwner()).toBe(VhostErrno.ok);
    expect(device.setOwner()).toBe(VhostErrno.busy);
    expect(device.setEndpoint(target)).toBe(VhostErrno.fault);
    expect(device.setMemTable(regions)).toBe(VhostErrno.ok);
    expect(device.setEndpoint(target)).toBe(VhostErrno.ok);
    expect(device.setEndpoint(target)).toBe(VhostErrno.exists);
    expect(device.setMemTable(regions)).toBe(VhostErrno.busy);
  });

  it.each([-1, 3, 0.5])('knows no vector %d', (vector) => {
    const { device } = new BarWorld(3);
    device.setOwner();
    expect(device.setVectorCall(vector, undefined)).toBe(VhostErrno.invalid);
  });

  it.each([0, 2049, 1.5])('makes no device with %d vectors', (vectorCount) => {
    const { memory } = new BarWorld();
    const make = () => new VhostNvmeBarDevice(memory, () => undefined as never, { vectorCount });
    expect(make).toThrow(ConfigError);
  });

  it('without an endpoint there is no controller', () => {
    const { device } = new BarWorld();
    expect(device.barRead(0, 4)).toBe(VhostErrno.noDevice);
    expect(device.barWrite(NvmeRegister.cc, 4, 1)).toBe(VhostErrno.noDevice);
    expect(device.resetController()).toBe(VhostErrno.noDevice);
    expect(device.setInterruptMode(1, true)).toBe(VhostErrno.noDevice);
    expect(device.setBusMaster(true)).toBe(VhostErrno.noDevice);
    expect(device.clearEndpoint(() => {})).toBe(VhostErrno.noDevice);
    expect(device.pinLevel).toBe(false);
  });

  it('refuses more vectors than there are', () => {
    const { device, forwarder, regions, target } = new BarWorld(3);
    forwarder.start(regions, target);
    expect(device.setInterruptMode(4, false)).toBe(VhostErrno.invalid);
    expect(device.setInterruptMode(0, false)).toBe(VhostErrno.invalid);
  });
});

describe('an endpoint that is cleared', () => {
  it('ends what the target holds before it calls back, and touches no memory from then on', () => {
    const { device, executor, forwarder, host, memory, regions, target } = new BarWorld();
    forwarder.start(regions, target);
    host.enable();
    target.holds = true;
    expect(host.command(host.admin, { opcode: AdminOpcode.identify, prp1: DATA })).toBeUndefined();
    expect(target.held.length).toBe(1);
    target.holdsReset = true;
    let cleared = 0;
    expect(device.clearEndpoint(() => void (cleared += 1))).toBe(VhostErrno.ok);
    expect(device.clearEndpoint(() => {})).toBe(VhostErrno.noDevice);
    executor.runUntilIdle();
    expect(cleared).toBe(0);
    const before = memory.view(0, BEYOND_GUEST)!.slice();
    target.releaseReset();
    executor.runUntilIdle();
    expect(cleared).toBe(1);
    expectSameBytes(memory.view(0, BEYOND_GUEST)!, before);
    expect(device.barRead(0, 4)).toBe(VhostErrno.noDevice);
  });

  it('makes room for another, at power-on', () => {
    const { device, executor, forwarder, host, regions, target } = new BarWorld();
    forwarder.start(regions, target);
    host.enable();
    device.clearEndpoint(() => {});
    executor.runUntilIdle();
    expect(device.setMemTable(regions)).toBe(VhostErrno.ok);
    expect(device.setEndpoint(target)).toBe(VhostErrno.ok);
    expect(device.barRead(NvmeRegister.cc, 4)).toBe(0);
    device.setBusMaster(true);
    expect(host.enable()).toBe(true);
  });

  it('calls back for a controller that was never enabled, and not inside the call', () => {
    const { device, executor, forwarder, regions, target } = new BarWorld();
    forwarder.start(regions, target);
    let cleared = false;
    device.clearEndpoint(() => {
      cleared = true;
    });
    expect(cleared).toBe(false);
    executor.runUntilIdle();
    expect(cleared).toBe(true);
  });
});

it('reads and writes nothing that the memory table does not name', () => {
  const { forwarder, host, memory, regions, target } = new BarWorld();
  forwarder.start(regions, target);
  host.enable();
  const io = host.createQueue(1, 0x3_0000, 16);
  memory.fill(BEYOND_GUEST, 0x5a, 4096);
  for (const prp1 of [DATA, BEYOND_GUEST]) {
    const status = host.command(io, { opcode: IoOpcode.read, nsid: 1, prp1 })?.status;
    expect(status === 0).toBe(prp1 === DATA);
  }
  expect(memory.view(BEYOND_GUEST, 4096)!.every((byte) => byte === 0x5a)).toBe(true);
  // A queue outside the table is a fatal error, as any ring that cannot be read.
  host.disable();
  expect(host.enable({ asq: BEYOND_GUEST })).toBe(true);
  host.command(host.admin, { opcode: AdminOpcode.identify, prp1: DATA });
  expect(host.csts & 2).toBe(2);
});
