import { beforeEach, describe, expect, it } from 'vitest';
import type { NvmeCommand } from '../../src/interfaces/nvme-command-port.ts';
import type { RawFields, RawQueue } from '../../src/testing/nvme/raw-nvme-host.ts';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { Fuse } from '../../src/wire/nvme-sgl.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';
import { DATA, DeviceWorld } from './device-world.ts';

const SQ1 = 0x10_0000;
const COMPARE = { opcode: IoOpcode.compare, flags: Fuse.first, nsid: 1, prp1: DATA };
const WRITE = { opcode: IoOpcode.write, flags: Fuse.second, nsid: 1, prp1: DATA + 0x1000 };
const READ = { opcode: IoOpcode.read, nsid: 1, prp1: DATA };
const missing = NvmeStatus.abortedMissingFused;
const failed = NvmeStatus.abortedFailedFused;

describe('fused commands (ER10)', () => {
  let pairs: [NvmeCommand, NvmeCommand][];

  function start(maxInFlight = 64, size = 8): { world: DeviceWorld; queue: RawQueue } {
    pairs = [];
    const fuses = { fuses: 1 };
    const world: DeviceWorld = new DeviceWorld({}, { maxInFlight }, fuses, (first, second) => {
      pairs.push([first, second]);
      world.port.submit(second);
      world.port.submit(first);
    });
    expect(world.host.enable()).toBe(true);
    return { world, queue: world.host.createQueue(1, SQ1, size) };
  }

  let world: DeviceWorld;
  let queue: RawQueue;
  beforeEach(() => {
    ({ world, queue } = start());
  });

  const run = (...commands: RawFields[]) => {
    const cids = commands.map((each) => world.host.push(queue, each));
    world.host.ring(queue);
    world.executor.runUntilIdle();
    const done = new Map(
      world.host.take(queue).map(({ cid, status }) => [cid, status & STATUS_CODE_MASK]),
    );
    return cids.map((cid) => done.get(cid));
  };

  it('go to the port together, with their FUSE bits cleared', () => {
    run(READ, COMPARE, WRITE, READ);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]!.map(({ sqe }) => sqe[0]! & 0xffff)).toEqual([5, 1]);
    expect(pairs[0]!.map(({ data }) => data.gpa(0))).toEqual([DATA, DATA + 0x1000]);
  });

  it('end with Missing Fused Command when the other half is not next to them', () => {
    expect(run(COMPARE)).toEqual([missing]);
    expect(run(WRITE)).toEqual([missing]);
    expect(run(COMPARE, READ, WRITE)).toEqual([missing, 0, missing]);
    expect(run(COMPARE, COMPARE)).toEqual([missing, missing]);
    expect(pairs).toHaveLength(0);
  });

  it('end with Invalid Field when they are no Compare and Write of one range, or FUSE is 3', () => {
    const bad = NvmeStatus.invalidField;
    expect(run({ ...COMPARE, opcode: IoOpcode.read }, WRITE)).toEqual([bad, bad]);
    expect(run(COMPARE, { ...WRITE, cdw10: 1 })).toEqual([bad, bad]);
    expect(run({ ...READ, flags: Fuse.mask })).toEqual([bad]);
  });

  it('end with Failed Fused Command when the other half cannot be mapped', () => {
    const bad = NvmeStatus.invalidPrpOffset;
    expect(run({ ...COMPARE, prp1: DATA + 1 }, WRITE)).toEqual([bad, failed]);
    expect(run(COMPARE, { ...WRITE, prp1: DATA + 1 })).toEqual([failed, bad]);
  });

  it('end with Failed Fused Command when the second identifier is in use', () => {
    world.port.held = true;
    const { host } = world;
    host.push(queue, READ, 77);
    host.push(queue, COMPARE, 78);
    host.push(queue, WRITE, 77);
    host.ring(queue);
    world.executor.runUntilIdle();
    const statuses = host.take(queue).map(({ cid, status }) => [cid, status & STATUS_CODE_MASK]);
    expect(statuses).toEqual([
      [77, NvmeStatus.commandIdConflict],
      [78, failed],
    ]);
  });

  it('wait for two slots and two completion entries, and lose nothing', () => {
    ({ world, queue } = start(2));
    world.port.held = true;
    run(READ, COMPARE, WRITE, READ);
    expect([world.port.waiting, pairs.length]).toEqual([1, 0]);
    world.port.release();
    world.executor.runUntilIdle();
    expect([world.port.waiting, pairs.length]).toEqual([2, 1]);
    world.port.release();
    world.executor.runUntilIdle();
    world.port.release();
    world.executor.runUntilIdle();
    expect(world.host.take(queue)).toHaveLength(4);
    ({ world, queue } = start(1));
    expect(run(COMPARE, WRITE)).toEqual([missing, missing]);
  });

  it('are refused with Invalid Field where the port takes none', () => {
    const plain = new DeviceWorld();
    plain.host.enable();
    const other = plain.host.createQueue(1, SQ1, 8);
    const status = plain.host.command(other, COMPARE)!.status & STATUS_CODE_MASK;
    expect(status).toBe(NvmeStatus.invalidField);
  });
});
