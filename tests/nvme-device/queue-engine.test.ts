import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costPresets, NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { TraceRecorder } from '../../src/sim/trace-recorder.ts';
import type { RawQueue } from '../../src/testing/nvme/raw-nvme-host.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { PciRegister } from '../../src/wire/pci.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { DATA, DeviceWorld, MEMORY_BYTES } from './device-world.ts';

const SQ1 = 0x10_0000;
const SQ2 = 0x14_0000;
const READ = { opcode: IoOpcode.read, nsid: 1, prp1: DATA };

function start(...args: ConstructorParameters<typeof DeviceWorld>): DeviceWorld {
  const world = new DeviceWorld(...args);
  expect(world.host.enable()).toBe(true);
  return world;
}

describe('commands', () => {
  it('write and read data through PRPs, and tell the queue how far it was consumed', () => {
    const { host, port, ram } = start();
    const queue = host.createQueue(1, SQ1, 8);
    for (let i = 0; i < 4096; i++) ram.write8(DATA + i, i * 7);
    const write = { opcode: IoOpcode.write, nsid: 1, prp1: DATA, cdw10: 3, cdw12: 7 };
    expect(host.command(queue, write)).toMatchObject({ status: 0, sqhd: 1, sqid: 1, phase: 1 });
    const read = { ...write, opcode: IoOpcode.read, prp1: DATA + 0x1_0e00, prp2: DATA + 0x2_0000 };
    expect(host.command(queue, read)).toMatchObject({ status: 0, sqhd: 2 });
    const bytes = new Uint8Array(4096);
    port.store(1).load(3 * 512, bytes, 0, 4096);
    expect(ram.view(DATA, 4096)).toEqual(bytes);
    expect(ram.view(DATA + 0x1_0e00, 512)).toEqual(bytes.subarray(0, 512));
    expect(ram.view(DATA + 0x2_0000, 3584)).toEqual(bytes.subarray(512));
  });

  it('read back what was written for every offset, length and page size (P14)', () => {
    checkProperty(
      fc.property(
        fc.nat(4),
        fc.nat(1023),
        fc.integer({ min: 1, max: 600 }),
        fc.nat(510),
        (mps, offsetWords, blocks, listEntry) => {
          const { executor, host, ram } = new DeviceWorld();
          expect(host.enable({ mps })).toBe(true);
          const queue = host.createQueue(1, SQ1, 4);
          const pageBytes = 4096 << mps;
          const place = (base: number, list: number) => {
            const offset = 4 * offsetWords;
            const length = blocks * 512;
            const pages = Math.ceil((offset + length) / pageBytes);
            // Every second page, so that each has a neighbour that must not be touched.
            const gpa = (i: number) => base + 2 * i * pageBytes;
            const at = list + 8 * Math.min(listEntry, pageBytes / 8 - 1);
            let entry = at;
            for (let i = 1; i < pages; i++) {
              if ((entry + 8) % pageBytes === 0 && i < pages - 1) {
                ram.write32(entry, list + pageBytes);
                ram.write32(entry + 4, 0);
                entry = list + pageBytes;
              }
              ram.write32(entry, gpa(i));
              ram.write32(entry + 4, 0);
              entry += 8;
            }
            const prp2 = pages === 1 ? 0 : pages === 2 ? gpa(1) : at;
            return { prp1: gpa(0) + offset, prp2, gpa, offset, length };
          };
          const from = place(DATA, 0x18_0000);
          const into = place(DATA + 0x10_0000, 0x1c_0000);
          const gpaOf = ({ gpa, offset }: typeof from, i: number) =>
            gpa(Math.floor((offset + i) / pageBytes)) + ((offset + i) % pageBytes);
          for (let i = 0; i < from.length; i++) ram.write8(gpaOf(from, i), (i * 31) >> 3);
          const command = { nsid: 1, cdw12: blocks - 1 };
          host.push(queue, {
            ...command,
            opcode: IoOpcode.write,
            prp1: from.prp1,
            prp2: from.prp2,
          });
          host.push(queue, { ...command, opcode: IoOpcode.read, prp1: into.prp1, prp2: into.prp2 });
          host.ring(queue);
          executor.runUntilIdle();
          expect(host.take(queue).map(({ status }) => status)).toEqual([0, 0]);
          for (let i = 0; i < into.length; i++) {
            if (ram.read8(gpaOf(into, i)) !== (((i * 31) >> 3) & 255)) expect.fail(`byte ${i}`);
          }
          expect(ram.read8(gpaOf(into, 0) - 1)).toBe(0);
          expect(ram.read8(gpaOf(into, into.length - 1) + 1)).toBe(0);
        },
      ),
      runs(40),
    );
  });

  it('that the table refuses end with their status and are told to the error log', () => {
    const { host, port } = start({}, { maxTransferBytes: 65_536 });
    const queue = host.createQueue(1, SQ1, 8);
    const refused = NvmeStatus.invalidField | STATUS_DNR;
    expect(host.command(queue, { ...READ, flags: 0x100 })?.status).toBe(refused);
    expect(host.command(queue, { ...READ, flags: 0x4000 })?.status).toBe(refused);
    expect(host.command(queue, { ...READ, cdw12: 128 })?.status).toBe(refused);
    const badPrp = host.command(queue, { ...READ, prp1: DATA + 0xe00, prp2: 0x200, cdw12: 1 });
    expect(badPrp?.status).toBe(NvmeStatus.invalidPrpOffset | STATUS_DNR);
    expect(port.reported.map(([queueId, , status]) => [queueId, status])).toEqual([
      [1, NvmeStatus.invalidField],
      [1, NvmeStatus.invalidField],
      [1, NvmeStatus.invalidField],
      [1, NvmeStatus.invalidPrpOffset],
    ]);
    expect(port.seen.filter((each) => each > 0xff)).toEqual([]);
  });

  it('end with Data Transfer Error when their data is in no memory', () => {
    const { host } = start();
    const queue = host.createQueue(1, SQ1, 8);
    const status = host.command(queue, { ...READ, prp1: MEMORY_BYTES })?.status;
    expect(status).toBe(NvmeStatus.dataTransferError | STATUS_DNR);
  });

  it('are copied before they are looked at: a change after the fetch changes nothing', () => {
    const { executor, host, port, ram } = start({}, { held: false });
    const queue = host.createQueue(1, SQ1, 8);
    port.held = true;
    host.push(queue, READ);
    host.ring(queue);
    executor.runUntilIdle();
    ram.fill(queue.sq, 0xff, 64);
    port.release();
    executor.runUntilIdle();
    expect(host.take(queue)).toMatchObject([{ status: 0 }]);
  });

  it('in flight stay within the limit of the port', () => {
    const { executor, host, port } = start({}, { maxInFlight: 3 });
    const queue = host.createQueue(1, SQ1, 16);
    port.held = true;
    for (let i = 0; i < 10; i++) host.push(queue, READ);
    host.ring(queue);
    executor.runUntilIdle();
    const took: number[] = [];
    for (; port.waiting > 0; executor.runUntilIdle()) {
      took.push(port.waiting);
      port.release();
    }
    expect(took).toEqual([3, 3, 3, 1]);
    expect(host.take(queue).length).toBe(10);
  });
});

describe('completion queues', () => {
  it('that are full hold back what would not fit, and resume without a loss (P5)', () => {
    const { executor, host } = start();
    const queue = host.createQueue(1, SQ1, 16, 4);
    const cids = Array.from({ length: 10 }, () => host.push(queue, READ));
    host.ring(queue);
    const seen: number[] = [];
    for (const expected of [3, 3, 3, 1, 0]) {
      executor.runUntilIdle();
      const entries = host.take(queue);
      expect(entries.length).toBe(expected);
      seen.push(...entries.map(({ cid }) => cid));
    }
    expect(seen).toEqual(cids);
  });

  it('of two entries keep any number of commands going', () => {
    const { executor, host } = start();
    const queue = host.createQueue(1, SQ1, 2, 2);
    for (let i = 0; i < 9; i++) {
      host.push(queue, READ);
      host.ring(queue);
      executor.runUntilIdle();
      expect(host.take(queue)).toMatchObject([
        { status: 0, sqhd: (i + 1) % 2, phase: ((i / 2) & 1) ^ 1 },
      ]);
    }
  });

  it('are never overwritten, announced by an interrupt, one entry for each command in order of phase (P1-P6)', () => {
    checkProperty(
      fc.property(
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 2, max: 9 }),
        fc.array(fc.tuple(fc.constantFrom('push', 'run', 'take'), fc.integer({ min: 1, max: 6 })), {
          maxLength: 60,
        }),
        (sqSize, cqSize, steps) => {
          const world = start({}, { maxInFlight: 4 });
          world.openVectors();
          const { executor, host, messages } = world;
          const queue = host.createQueue(1, SQ1, sqSize, cqSize, { vector: 1 });
          const open = new Set<number>();
          let sqHead = 0;
          let pushed = 0;
          let taken = 0;
          messages.length = 0;
          const take = () => {
            for (const entry of host.take(queue)) {
              expect(open.delete(entry.cid)).toBe(true);
              const advance = (entry.sqhd - sqHead + sqSize) % sqSize;
              expect(advance).toBeLessThanOrEqual(pushed - taken);
              sqHead = entry.sqhd;
              taken += 1;
            }
          };
          for (const [step, count] of steps) {
            if (step === 'push') {
              for (let i = 0; i < count && open.size < sqSize - 1; i++, pushed++) {
                open.add(host.push(queue, READ));
              }
              host.ring(queue);
            } else if (step === 'run') {
              for (let i = 0; i < 4 * count; i++) executor.step();
            } else {
              executor.runUntilIdle();
              const isNew = host.peek(queue) !== undefined;
              if (isNew) expect(messages).toContain(1);
              messages.length = 0;
              take();
            }
          }
          for (let i = 0; i <= sqSize; i++) {
            executor.runUntilIdle();
            take();
          }
          expect(open.size).toBe(0);
          expect(sqHead).toBe(pushed % sqSize);
        },
      ),
      runs(60),
    );
  });

  it('serve any number of submission queues, each entry naming its own', () => {
    const { executor, host } = start();
    const one = host.createQueue(1, SQ1, 8, 16);
    const two = host.createQueue(2, SQ2, 8, 8, { onto: one });
    host.push(one, READ);
    host.push(two, READ);
    host.ring(two);
    host.ring(one);
    executor.runUntilIdle();
    expect(
      host
        .take(one)
        .map(({ sqid }) => sqid)
        .sort(),
    ).toEqual([1, 2]);
  });

  it('without interrupts stay silent, and vectors belong to queues', () => {
    const world = start();
    world.openVectors();
    const { host, messages } = world;
    const silent = host.createQueue(1, SQ1, 8, 8, { interrupts: false, vector: 1 });
    const loud = host.createQueue(2, SQ2, 8, 8, { vector: 5 });
    messages.length = 0;
    host.command(silent, READ);
    expect(messages).toEqual([]);
    host.command(loud, READ);
    expect(messages).toEqual([5]);
  });
});

describe('doorbells', () => {
  it('do nothing while the controller is disabled (P18)', () => {
    const { executor, host, memory } = new DeviceWorld();
    for (let index = 0; index < 40; index++) host.doorbell(index, 1);
    executor.runUntilIdle();
    expect(memory.accesses).toEqual([]);
  });

  it('do their work in a task and not in the write', () => {
    const { host, memory } = start();
    const queue = host.createQueue(1, SQ1, 8);
    host.push(queue, READ);
    memory.accesses.length = 0;
    host.ring(queue);
    expect(memory.accesses).toEqual([]);
  });

  it.each([
    ['of a submission queue that is not there', 10, 1, 0],
    ['of a completion queue that is not there', 11, 0, 0],
    ['of no queue at all', 33, 0, 0],
    ['with a tail past the end', 2, 8, 1],
    ['with a head past the end', 3, 8, 1],
    ['with a head past what was posted', 3, 1, 1],
  ])('%s are ignored with an asynchronous event (ER37)', (_name, index, value, info) => {
    const { executor, host } = start();
    const queue = host.createQueue(1, SQ1, 8);
    host.push(host.admin, { opcode: AdminOpcode.asyncEventRequest });
    host.ring(host.admin);
    host.doorbell(index, value);
    executor.runUntilIdle();
    expect(host.take(host.admin)).toMatchObject([{ status: 0, dw0: 0x0001_0000 | (info << 8) }]);
    expect(host.command(queue, READ)?.status).toBe(0);
  });

  it('of another size or alignment are ignored', () => {
    const { executor, host, pci, port } = start();
    const queue = host.createQueue(1, SQ1, 8);
    host.push(queue, READ);
    for (const [at, size] of [
      [0x1008, 1],
      [0x1008, 2],
      [0x1009, 4],
      [0x100a, 4],
    ] as const) {
      pci.mmioWrite(at, size, 1);
    }
    executor.runUntilIdle();
    expect(port.seen.filter((each) => each > 0xff)).toEqual([]);
    host.ring(queue);
    executor.runUntilIdle();
    expect(host.take(queue).length).toBe(1);
  });

  it('lie as far apart as CAP.DSTRD says', () => {
    const { host } = start({ doorbellStride: 3 });
    const queue = host.createQueue(1, SQ1, 8);
    expect(host.command(queue, READ)?.status).toBe(0);
  });
});

describe('a ring in no memory', () => {
  it('ends in CSTS.CFS when an entry cannot be fetched (ER5)', () => {
    const { executor, host } = new DeviceWorld();
    expect(host.enable({ asq: MEMORY_BYTES })).toBe(true);
    host.doorbell(0, 1);
    executor.runUntilIdle();
    expect(host.csts & Csts.cfs).toBe(Csts.cfs);
    host.disable();
    expect(host.enable()).toBe(true);
  });

  it('ends in CSTS.CFS when a completion cannot be posted (ER5)', () => {
    const { executor, host } = new DeviceWorld();
    expect(host.enable({ acq: MEMORY_BYTES })).toBe(true);
    host.push(host.admin, { opcode: AdminOpcode.abort });
    host.ring(host.admin);
    executor.runUntilIdle();
    expect(host.csts & Csts.cfs).toBe(Csts.cfs);
  });

  it('is what a function sees that may not master the bus', () => {
    const { executor, host, pci } = start();
    pci.configWrite(PciRegister.command, 2, 2);
    host.push(host.admin, { opcode: AdminOpcode.abort });
    host.ring(host.admin);
    executor.runUntilIdle();
    expect(host.csts & Csts.cfs).toBe(Csts.cfs);
  });
});

describe('arbitration', () => {
  it('gives every queue a burst in its turn', () => {
    const { executor, host, port } = start();
    host.command(host.admin, { opcode: AdminOpcode.setFeatures, cdw10: 1, cdw11: 1 });
    const queues: RawQueue[] = [host.createQueue(1, SQ1, 16), host.createQueue(2, SQ2, 16)];
    port.seen.length = 0;
    for (const queue of queues) {
      for (let i = 0; i < 5; i++) host.push(queue, READ);
      host.ring(queue);
    }
    executor.runUntilIdle();
    expect(port.seen.map((each) => each >> 8)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 1, 2]);
  });
});

describe('costs', () => {
  it('are nothing by default: only tasks are posted', () => {
    const { executor, host } = start();
    const queue = host.createQueue(1, SQ1, 8);
    host.command(queue, READ);
    expect(executor.now).toBe(0);
  });

  it('are paid from the doorbell to the look, and for each command', () => {
    const costs = { ...NO_COSTS, vmExitNs: 2_000, deviceCommandNs: 250 };
    const { executor, host } = start({ costs });
    const queue = host.createQueue(1, SQ1, 8);
    const from = executor.now;
    for (let i = 0; i < 3; i++) host.push(queue, READ);
    host.ring(queue);
    executor.runUntilIdle();
    expect(executor.now - from).toBe(2_000 + 3 * 250);
    expect(host.take(queue).length).toBe(3);
    expect(costPresets.server.vmExitNs).toBe(costs.vmExitNs);
  });
});

describe('the trace', () => {
  it('names queue and identifier of each command', () => {
    const lines: string[] = [];
    const tracer = new TraceRecorder(new SimExecutor(), (line) => void lines.push(line));
    const { host } = start({ tracer });
    const queue = host.createQueue(1, SQ1, 8);
    lines.length = 0;
    host.push(queue, READ, 0x22);
    host.ring(queue);
    host.executor.runUntilIdle();
    const text = lines.join('\n');
    for (const name of ['doorbell', 'fetch', 'post']) expect(text).toContain(name);
    expect(text).toContain(String((1 << 16) | 0x22));
    expect(host.pci.mmioRead(NvmeRegister.csts, 4)).toBe(Csts.rdy);
  });
});
