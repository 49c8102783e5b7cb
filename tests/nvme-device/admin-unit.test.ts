import { beforeEach, describe, expect, it } from 'vitest';
import type { RawNvmeHost } from '../../src/testing/nvme/raw-nvme-host.ts';
import { AdminOpcode, FeatureId, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';
import { DATA, DeviceWorld } from './device-world.ts';

const RING = 0x10_0000;
const { createIoCq, createIoSq, deleteIoCq, deleteIoSq, abort, asyncEventRequest } = AdminOpcode;

let world: DeviceWorld;
let host: RawNvmeHost;

beforeEach(() => {
  world = new DeviceWorld({ ioQueues: 8, maxQueueEntries: 2048 });
  host = world.host;
  host.enable();
  world.openVectors();
});

const statusOf = (fields: Parameters<RawNvmeHost['command']>[1]) =>
  (host.command(host.admin, fields)?.status ?? -1) & STATUS_CODE_MASK;

function createCq(id: number, entries: number, flags = 3, vector = 0, prp1 = RING): number {
  const cdw10 = id | ((entries - 1) << 16);
  return statusOf({ opcode: createIoCq, prp1, cdw10, cdw11: flags | (vector << 16) });
}

function createSq(id: number, entries: number, cqid: number, flags = 1, prp1 = RING): number {
  const cdw10 = id | ((entries - 1) << 16);
  return statusOf({ opcode: createIoSq, prp1, cdw10, cdw11: flags | (cqid << 16) });
}

const deletionOf = (opcode: number, id: number) => statusOf({ opcode, cdw10: id });

describe('Create I/O Completion Queue (ER22)', () => {
  it.each<[string, number, Parameters<typeof createCq>]>([
    ['takes the highest queue', 0, [8, 16]],
    ['takes the largest size', 0, [1, 2048]],
    ['takes two entries', 0, [1, 2]],
    ['takes a queue without interrupts', 0, [1, 16, 1]],
    ['takes the last vector', 0, [1, 16, 3, 8]],
    ['refuses queue 0', NvmeStatus.invalidQueueId, [0, 16]],
    ['refuses a queue beyond the last', NvmeStatus.invalidQueueId, [9, 16]],
    ['refuses queue 65535', NvmeStatus.invalidQueueId, [65_535, 16]],
    ['refuses one entry', NvmeStatus.invalidQueueSize, [1, 1]],
    ['refuses one entry too many', NvmeStatus.invalidQueueSize, [1, 2049]],
    ['refuses 65536 entries', NvmeStatus.invalidQueueSize, [1, 65_536]],
    ['refuses an address inside a page', NvmeStatus.invalidPrpOffset, [1, 16, 3, 0, RING + 0x40]],
    ['refuses a queue in pieces', NvmeStatus.invalidField, [1, 16, 2]],
    ['refuses a vector beyond the last', NvmeStatus.invalidInterruptVector, [1, 16, 3, 9]],
    ['refuses vector 65535', NvmeStatus.invalidInterruptVector, [1, 16, 3, 65_535]],
  ])('%s', (_name, status, args) => {
    expect(createCq(...args)).toBe(status);
  });

  it('refuses a queue that exists', () => {
    expect([createCq(1, 16), createCq(1, 16)]).toEqual([0, NvmeStatus.invalidQueueId]);
  });

  it('takes vector 0 alone while MSI-X is off', () => {
    world.pci.configWrite(0x42, 2, 0);
    expect(createCq(1, 16, 3, 1)).toBe(NvmeStatus.invalidInterruptVector);
    expect(createCq(1, 16, 3, 0)).toBe(0);
  });
});

describe('Create I/O Submission Queue (ER22)', () => {
  beforeEach(() => {
    expect(createCq(1, 16, 3, 0, RING + 0x1_0000)).toBe(0);
  });

  it.each<[string, number, Parameters<typeof createSq>]>([
    ['takes a queue', 0, [1, 16, 1]],
    ['takes another one on the same completion queue', 0, [8, 16, 1]],
    ['takes any priority, which round robin does not look at', 0, [1, 16, 1, 7]],
    ['refuses queue 0', NvmeStatus.invalidQueueId, [0, 16, 1]],
    ['refuses a queue beyond the last', NvmeStatus.invalidQueueId, [9, 16, 1]],
    ['refuses the admin completion queue', NvmeStatus.invalidQueueId, [1, 16, 0]],
    ['refuses a completion queue that is not there', NvmeStatus.completionQueueInvalid, [1, 16, 2]],
    ['refuses a completion queue that cannot be', NvmeStatus.invalidQueueId, [1, 16, 9]],
    ['refuses one entry', NvmeStatus.invalidQueueSize, [1, 1, 1]],
    ['refuses one entry too many', NvmeStatus.invalidQueueSize, [1, 2049, 1]],
    ['refuses an address inside a page', NvmeStatus.invalidPrpOffset, [1, 16, 1, 1, RING + 0x40]],
    ['refuses a queue in pieces', NvmeStatus.invalidField, [1, 16, 1, 0]],
  ])('%s', (_name, status, args) => {
    expect(createSq(...args)).toBe(status);
  });

  it('refuses a queue that exists', () => {
    expect([createSq(1, 16, 1), createSq(1, 16, 1)]).toEqual([0, NvmeStatus.invalidQueueId]);
  });
});

describe('deleting queues (ER23)', () => {
  it('takes the submission queue first, then its completion queue, and makes room for new ones', () => {
    createCq(1, 16, 3, 0, RING + 0x1_0000);
    createSq(1, 16, 1);
    expect(deletionOf(deleteIoCq, 1)).toBe(NvmeStatus.invalidQueueDeletion);
    expect(deletionOf(deleteIoSq, 1)).toBe(0);
    expect(deletionOf(deleteIoSq, 1)).toBe(NvmeStatus.invalidQueueId);
    expect(deletionOf(deleteIoCq, 1)).toBe(0);
    expect(deletionOf(deleteIoCq, 1)).toBe(NvmeStatus.invalidQueueId);
    expect([createCq(1, 16, 3, 0, RING + 0x1_0000), createSq(1, 16, 1)]).toEqual([0, 0]);
  });

  it('refuses the admin queue and queues that cannot be', () => {
    for (const opcode of [deleteIoSq, deleteIoCq]) {
      for (const id of [0, 2, 9, 65_535]) {
        expect(deletionOf(opcode, id)).toBe(NvmeStatus.invalidQueueId);
      }
    }
  });

  it('ends what is in flight as aborted by the deletion, and the deletion after it (ER9)', () => {
    const queue = host.createQueue(1, RING, 8);
    world.port.held = true;
    for (let i = 0; i < 3; i++) host.push(queue, { opcode: IoOpcode.read, nsid: 1, prp1: DATA });
    host.ring(queue);
    world.executor.runUntilIdle();
    host.push(host.admin, { opcode: deleteIoSq, cdw10: 1 });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    const ended = host.take(queue, false).map(({ status }) => status & STATUS_CODE_MASK);
    const gone = NvmeStatus.abortedSqDeletion;
    expect(ended).toEqual([gone, gone, gone]);
    expect(host.take(host.admin)).toMatchObject([{ status: 0 }]);
    // Nobody answers for the queue any more.
    host.push(queue, { opcode: IoOpcode.read, nsid: 1, prp1: DATA });
    host.ring(queue);
    world.executor.runUntilIdle();
    expect(world.port.waiting).toBe(0);
  });

  it('waits for a command that cannot be stopped', () => {
    const queue = host.createQueue(1, RING, 8);
    world.port.held = true;
    world.port.abort = () => 1;
    host.push(queue, { opcode: IoOpcode.read, nsid: 1, prp1: DATA });
    host.ring(queue);
    world.executor.runUntilIdle();
    host.push(host.admin, { opcode: deleteIoSq, cdw10: 1 });
    host.push(host.admin, { opcode: deleteIoSq, cdw10: 1 });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    const again = host.take(host.admin);
    expect(again.map(({ status }) => status & STATUS_CODE_MASK)).toEqual([
      NvmeStatus.invalidQueueId,
    ]);
    world.port.release();
    world.executor.runUntilIdle();
    expect(host.take(queue, false)).toMatchObject([{ status: 0 }]);
    expect(host.take(host.admin)).toMatchObject([{ status: 0 }]);
  });
});

describe('Abort', () => {
  it('stops a command that is in flight, which ends as aborted (ER8)', () => {
    const queue = host.createQueue(1, RING, 8);
    world.port.held = true;
    const cid = host.push(queue, { opcode: IoOpcode.read, nsid: 1, prp1: DATA });
    host.ring(queue);
    world.executor.runUntilIdle();
    expect(host.command(host.admin, { opcode: abort, cdw10: 1 | (cid << 16) })).toMatchObject({
      status: 0,
      dw0: 0,
    });
    expect(host.take(queue)).toMatchObject([{ cid, status: NvmeStatus.abortRequested }]);
  });

  it.each([
    ['a command that is not there', 1 | (77 << 16)],
    ['a queue that is not there', 5],
    ['a queue that cannot be', 0xffff_ffff],
    ['itself', 0],
  ])('says that it did not abort %s', (_name, cdw10) => {
    host.createQueue(1, RING, 8);
    expect(host.command(host.admin, { opcode: abort, cdw10 })).toMatchObject({ status: 0, dw0: 1 });
  });

  it('takes an event request back', () => {
    const cid = host.push(host.admin, { opcode: asyncEventRequest });
    host.push(host.admin, { opcode: abort, cdw10: cid << 16 });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toMatchObject([
      { cid, status: NvmeStatus.abortRequested },
      { status: 0, dw0: 0 },
    ]);
  });
});

describe('Asynchronous Event Request', () => {
  it('is held until there is an event, and takes no entry of the queue while it waits', () => {
    host.disable();
    host.enable({ cqSize: 2 });
    const cid = host.push(host.admin, { opcode: asyncEventRequest });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toEqual([]);
    expect(host.command(host.admin, { opcode: abort })?.status).toBe(0);
    world.port.raise(0, 3, 1);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toMatchObject([{ cid, status: 0, dw0: 0x0001_0300 }]);
  });

  it('is refused beyond the limit (ER24)', () => {
    for (let i = 0; i < 5; i++) host.push(host.admin, { opcode: asyncEventRequest });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toMatchObject([{ status: NvmeStatus.asyncEventLimitExceeded }]);
  });

  it('waits for an event that comes before it', () => {
    world.port.raise(0, 0, 1);
    const entry = host.command(host.admin, { opcode: asyncEventRequest });
    expect(entry).toMatchObject({ status: 0, dw0: 0x0001_0000 });
  });

  it('is masked by type until the log page is read, and hears what the host asked for', () => {
    for (let i = 0; i < 2; i++) host.push(host.admin, { opcode: asyncEventRequest });
    host.ring(host.admin);
    world.port.raise(2, 0, 4);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toEqual([]);
    const setting = { opcode: AdminOpcode.setFeatures, cdw10: FeatureId.asyncEventConfig };
    host.command(host.admin, { ...setting, cdw11: 0x100 });
    world.port.raise(2, 0, 4);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toMatchObject([{ dw0: 0x0004_0002 }]);
    world.port.raise(2, 0, 4);
    world.executor.runUntilIdle();
    expect(host.take(host.admin)).toEqual([]);
    const log = { opcode: AdminOpcode.getLogPage, prp1: DATA, cdw10: 4 };
    // The port has no log pages: a read that fails unmasks nothing.
    host.command(host.admin, log);
    expect(host.take(host.admin)).toEqual([]);
    world.port.submit = (command) => {
      command.status = 0;
      world.executor.post({
        owner: 'test',
        run: () => command.end(command),
        background: false,
        dueNs: 0,
        sequence: 0,
        slot: -1,
      });
    };
    host.push(host.admin, { ...log, cdw10: 4 | 0x8000 });
    host.ring(host.admin);
    world.executor.runUntilIdle();
    expect(host.take(host.admin).length).toBe(1);
    host.push(host.admin, log);
    host.ring(host.admin);
    world.executor.runUntilIdle();
    expect(host.take(host.admin).map(({ dw0 }) => dw0)).toEqual([0, 0x0004_0002]);
  });
});

describe('the rest of the admin commands', () => {
  it('refuses Doorbell Buffer Config, which is not advertised', () => {
    const status = statusOf({ opcode: AdminOpcode.doorbellBufferConfig, prp1: DATA });
    expect(status).toBe(NvmeStatus.invalidOpcode);
  });

  it('keeps the features of queues and leaves the others to the port', () => {
    world.port.seen.length = 0;
    const set = { opcode: AdminOpcode.setFeatures, cdw10: FeatureId.numberOfQueues };
    expect(host.command(host.admin, { ...set, cdw11: 3 | (3 << 16) })).toMatchObject({
      status: 0,
      dw0: 3 | (3 << 16),
    });
    expect(createCq(5, 16)).toBe(NvmeStatus.invalidQueueId);
    const get = { opcode: AdminOpcode.getFeatures, cdw10: FeatureId.arbitration };
    expect(host.command(host.admin, get)?.status).toBe(0);
    expect(world.port.seen).toEqual([]);
    for (const opcode of [AdminOpcode.setFeatures, AdminOpcode.getFeatures]) {
      host.command(host.admin, { opcode, cdw10: FeatureId.volatileWriteCache });
    }
    expect(world.port.seen).toEqual([AdminOpcode.setFeatures, AdminOpcode.getFeatures]);
  });

  it('leaves everything else to the port, data and all', () => {
    const entry = host.command(host.admin, { opcode: AdminOpcode.identify, prp1: DATA, cdw10: 1 });
    expect(entry?.status).toBe(0);
    expect(world.ram.read8(DATA + 4)).toBe('M'.charCodeAt(0));
    expect(statusOf({ opcode: 0xc0 })).toBe(NvmeStatus.invalidOpcode);
  });
});
