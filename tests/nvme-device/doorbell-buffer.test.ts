import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { needEvent } from '../../src/base/seq16.ts';
import type { EventIndexPolicy } from '../../src/nvme-device/doorbell-buffer.ts';
import type { RawQueue } from '../../src/testing/nvme/raw-nvme-host.ts';
import { Oacs } from '../../src/wire/nvme-identify.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { DATA, DeviceWorld } from './device-world.ts';

const SHADOWS = 0x30_0000;
const EVENTS = 0x30_1000;
const READ = { opcode: IoOpcode.read, nsid: 1, prp1: DATA };
const CONFIG = { opcode: AdminOpcode.doorbellBufferConfig, prp1: SHADOWS, prp2: EVENTS };

/** A host that rings as the event indices say, and counts. */
class ShadowWorld extends DeviceWorld {
  rings = 0;

  constructor(policy: EventIndexPolicy = 'empty', hasMessages = true) {
    super({ eventIndexPolicy: policy }, {}, { oacs: Oacs.doorbellBuffer });
    if (hasMessages) this.openVectors();
    this.host.enable();
  }

  configure(fields: object = {}): number {
    return this.host.command(this.host.admin, { ...CONFIG, ...fields })!.status & STATUS_CODE_MASK;
  }

  move(index: number, value: number): void {
    const old = this.ram.read32(SHADOWS + 4 * index);
    this.ram.write32(SHADOWS + 4 * index, value);
    if (!needEvent(this.ram.read32(EVENTS + 4 * index), value, old)) return;
    this.rings += 1;
    this.host.doorbell(index, value);
  }

  submit(queue: RawQueue, count: number): void {
    for (let i = 0; i < count; i++) this.host.push(queue, READ);
    this.move(2 * queue.id, queue.tail);
  }

  reap(queue: RawQueue): number {
    const count = this.host.take(queue, false).length;
    if (count > 0) this.move(2 * queue.cqid + 1, queue.head);
    return count;
  }
}

describe('Doorbell Buffer Config', () => {
  it('writes nothing beyond its pages: a queue whose place lies there has its doorbell alone', () => {
    const limits = { oacs: Oacs.doorbellBuffer };
    const world = new DeviceWorld({ doorbellStride: 8 }, {}, limits);
    world.openVectors();
    world.host.enable();
    world.ram.fill(SHADOWS, 0xee, 5 * 4096);
    const { status } = world.host.command(world.host.admin, { ...CONFIG, prp2: SHADOWS + 8192 })!;
    expect(status).toBe(0);
    // A doorbell takes 1 KiB: the page has room for the doorbells of queues 0 and 1.
    const near = world.host.createQueue(1, 0x10_0000, 8);
    const beyond = world.host.createQueue(2, 0x14_0000, 8);
    for (const page of [1, 3, 4]) {
      expect(world.ram.read32(SHADOWS + 4096 * page)).toBe(0xeeee_eeee);
    }
    expect(world.host.command(beyond, READ)?.status).toBe(0);
    world.host.push(near, READ);
    world.ram.write32(SHADOWS + 2048, near.tail);
    world.host.ring(near);
    world.executor.runUntilIdle();
    expect(world.host.take(near, false)).toHaveLength(1);
  });

  it('clears both pages and starts each shadow as a copy of its doorbell', () => {
    const world = new ShadowWorld();
    const queue = world.host.createQueue(1, 0x10_0000, 8);
    for (let i = 0; i < 3; i++) world.host.command(queue, READ);
    world.ram.fill(SHADOWS, 0xee, 8192);
    expect(world.configure()).toBe(0);
    const words = Array.from({ length: 2048 }, (_, i) => world.ram.read32(SHADOWS + 4 * i));
    expect(words.slice(0, 5)).toEqual([0, 0, 3, 3, 0]);
    expect(words.slice(4, 1026).every((word) => word === 0)).toBe(true);
    expect(words.slice(1026, 1029)).toEqual([3, 2, 0]);
  });

  it('refuses pages that are not aligned or not there', () => {
    const world = new ShadowWorld();
    expect(world.configure({ prp1: SHADOWS + 16 })).toBe(NvmeStatus.invalidField);
    expect(world.configure({ prp2: EVENTS + 8 })).toBe(NvmeStatus.invalidField);
    expect(world.configure({ prp1: 0x4000_0000 })).toBe(NvmeStatus.dataTransferError);
    expect(world.configure({ prp2: 0x4000_0000 })).toBe(NvmeStatus.dataTransferError);
  });

  it('ends with a reset: then only registers count', () => {
    const world = new ShadowWorld();
    world.configure();
    world.host.disable();
    world.host.enable();
    const queue = world.host.createQueue(1, 0x10_0000, 8);
    world.memory.accesses.length = 0;
    world.host.command(queue, READ);
    const touched = world.memory.accesses.filter(({ gpa }) => gpa >= SHADOWS && gpa < DATA << 1);
    expect(touched).toEqual([]);
  });

  it('takes an impossible shadow as one bad doorbell, not as one for each look', () => {
    const world = new ShadowWorld();
    world.configure();
    const queue = world.host.createQueue(1, 0x10_0000, 8);
    world.port.reported.length = 0;
    world.ram.write32(SHADOWS + 8, 100);
    for (let i = 0; i < 5; i++) {
      world.host.doorbell(2, 100);
      world.executor.runUntilIdle();
    }
    expect(world.port.reported).toEqual([[1, 0xffff, NvmeStatus.invalidField]]);
    world.ram.write32(SHADOWS + 8, 0);
    world.submit(queue, 1);
    world.executor.runUntilIdle();
    expect(world.host.take(queue)).toMatchObject([{ status: 0 }]);
  });
});

describe('shadow doorbells', () => {
  it.each<EventIndexPolicy>(['empty', 'idle'])(
    'lose no command, however small the queues are for the load (M14, P7), policy %s',
    (policy) => {
      const size = fc.integer({ min: 2, max: 9 });
      const steps = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 60 });
      checkProperty(
        fc.property(size, size, steps, fc.boolean(), (sqSize, cqSize, loads, isHeld) => {
          const world = new ShadowWorld(policy);
          world.configure();
          const queue = world.host.createQueue(1, 0x10_0000, sqSize, cqSize);
          let sent = 0;
          let done = 0;
          world.port.held = isHeld;
          for (const load of loads) {
            const room = sqSize - 1 - (sent - done);
            const count = Math.min(load, room);
            if (count > 0) world.submit(queue, count);
            sent += Math.max(0, count);
            if (load % 2 === 0) world.executor.runUntilIdle();
            if (load % 3 === 0) done += world.reap(queue);
          }
          world.port.held = false;
          world.port.release();
          for (let i = 0; i < 3 * sent + 8; i++) {
            world.executor.runUntil(world.executor.now + 20_000);
            done += world.reap(queue);
          }
          expect(done).toBe(sent);
        }),
        runs(60),
      );
    },
  );

  it('ring for a completion queue only when it was full', () => {
    const world = new ShadowWorld();
    world.configure();
    const queue = world.host.createQueue(1, 0x10_0000, 64, 8);
    world.submit(queue, 4);
    world.executor.runUntilIdle();
    expect([world.reap(queue), world.rings]).toEqual([4, 1]);
    world.submit(queue, 10);
    world.executor.runUntilIdle();
    expect([world.reap(queue), world.rings]).toEqual([7, 3]);
    world.executor.runUntilIdle();
    expect(world.reap(queue)).toBe(3);
  });

  it('with the policy idle, are looked into at each completion instead of ringing', () => {
    const world = new ShadowWorld('idle');
    world.configure();
    const queue = world.host.createQueue(1, 0x10_0000, 64);
    world.port.held = true;
    world.submit(queue, 1);
    world.executor.runUntilIdle();
    world.submit(queue, 3);
    expect(world.rings).toBe(1);
    world.port.release(1);
    world.executor.runUntilIdle();
    expect([world.port.waiting, world.rings]).toEqual([3, 1]);
  });

  it('still lower the pin when the host has read all entries', () => {
    const world = new ShadowWorld('empty', false);
    world.configure();
    const queue = world.host.createQueue(1, 0x10_0000, 64);
    world.executor.runUntilIdle();
    world.levels.length = 0;
    for (let i = 0; i < 5; i++) {
      world.submit(queue, 2);
      world.executor.runUntilIdle();
      world.reap(queue);
      world.executor.runUntilIdle();
    }
    expect(world.levels).toEqual([true, false, true, false, true, false, true, false, true, false]);
  });
});
