import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SgList } from '../../src/base/sg-list.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { ABORTED_BY_HOST } from '../../src/nvme-driver/index.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { TraceRecorder } from '../../src/sim/trace-recorder.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { type CountedRequest, DATA, DriverWorld, started } from './driver-world.ts';

describe('I/O', () => {
  it('writes, flushes and reads back', () => {
    const world = started();
    const { memory } = world;
    for (let i = 0; i < 8192; i++) memory.write8(DATA + i, i * 3);
    expect(world.do(world.request({ opcode: IoOpcode.write, slba: 5 }, 8192))).toBe(0);
    expect(world.do(world.request({ opcode: IoOpcode.flush }, 0))).toBe(0);
    expect(world.do(world.request({ slba: 5 }, 8192, DATA + 0x10_0200))).toBe(0);
    expect(memory.view(DATA + 0x10_0200, 8192)).toEqual(memory.view(DATA, 8192));
  });

  it('equals a map of sectors for any segments without gaps, sizes and queue sizes (P14)', () => {
    const step = fc.record({
      isWrite: fc.boolean(),
      lba: fc.nat(1900),
      blocks: fc.integer({ min: 1, max: 140 }),
      offset: fc.nat(1023),
      cutPages: fc.nat(30),
      queueId: fc.integer({ min: 1, max: 2 }),
    });
    checkProperty(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        (steps, queueEntries, maxInFlight) => {
          const world = started({
            driver: { ioQueues: 2, queueEntries },
            port: { maxInFlight },
          });
          const { driver, memory } = world;
          const model = new Uint8Array(2048 * 512);
          steps.forEach(({ isWrite, lba, blocks, offset, cutPages, queueId }, i) => {
            const length = blocks * 512;
            // Two pieces: the first up to a page border, the second elsewhere from its start.
            const first = DATA + 4 * offset;
            const cut = Math.min(length, (cutPages + 1) * 4096 - 4 * offset);
            const data = new SgList();
            data.pushAddress(first, cut);
            if (cut < length) data.pushAddress(DATA + 0x20_0000, length - cut);
            const bytes = new Uint8Array(length).fill(i + 1);
            if (isWrite) {
              memory.store(first, bytes, 0, cut);
              memory.store(DATA + 0x20_0000, bytes, cut, length - cut);
            }
            const opcode = isWrite ? IoOpcode.write : IoOpcode.read;
            const request = world.request({ opcode, slba: lba, nlb0: blocks - 1, data });
            driver.queueRq(queueId, request);
            driver.commitRqs(queueId);
            world.executor.runUntilIdle();
            const isOut = lba + blocks > 2048;
            expect(request.ends).toBe(1);
            expect(request.status).toBe(isOut ? NvmeStatus.lbaOutOfRange | STATUS_DNR : 0);
            if (isOut) return;
            if (isWrite) model.set(bytes, lba * 512);
            else {
              const got = new Uint8Array(length);
              memory.load(first, got, 0, cut);
              memory.load(DATA + 0x20_0000, got, cut, length - cut);
              expect(Buffer.compare(got, model.subarray(lba * 512, lba * 512 + length))).toBe(0);
            }
          });
        },
      ),
      runs(30),
    );
  });

  it('reaches blocks beyond 2^32', () => {
    const world = started();
    const seen: number[] = [];
    const submit = world.port.submit.bind(world.port);
    world.port.submit = (command) => {
      seen.push(command.sqe[10]! >>> 0, command.sqe[11]! >>> 0);
      submit(command);
    };
    expect(world.do(world.request({ slba: 2 ** 33 + 7 }))).toBe(0x4080);
    expect(seen).toEqual([7, 2]);
  });

  it('refuses a gap, and more than the controller moves, with Invalid Field', () => {
    const world = started({ port: { maxTransferBytes: 8192 } });
    const refused = NvmeStatus.invalidField | STATUS_DNR;
    const gap = world.request();
    gap.data.pushAddress(DATA + 0x1200, 512);
    expect(world.do(gap)).toBe(refused);
    expect(world.do(world.request({}, 8192 + 512))).toBe(refused);
    expect(world.do(world.request({}, 8192, DATA + 0x200))).toBe(0);
    expect(world.do(world.request(), 7)).toBe(refused);
    expect(gap.ends).toBe(1);
  });
});

describe('the queues', () => {
  it('of two entries never run over, whatever is thrown at them', () => {
    const world = started({ driver: { queueEntries: 2 } });
    const { driver } = world;
    const requests = Array.from({ length: 20 }, () => world.request());
    let next = 0;
    const push = (): void => {
      while (next < requests.length && driver.queueRq(1, requests[next]!)) next += 1;
      driver.commitRqs(1);
    };
    for (const request of requests) {
      request.end = () => {
        request.ends += 1;
        push();
      };
    }
    push();
    expect(next).toBe(1);
    world.executor.runUntilIdle();
    expect(requests.map(({ ends }) => ends)).toEqual(new Array<number>(20).fill(1));
  });

  it('take a request again inside its own end', () => {
    const world = started();
    const request = world.request();
    request.end = () => {
      request.ends += 1;
      if (request.ends === 5) return;
      world.driver.queueRq(1, request);
      world.driver.commitRqs(1);
    };
    world.do(request);
    expect(request.ends).toBe(5);
  });

  it('ring once for a batch, and once for its completions', () => {
    const world = started();
    const before = world.driver.counters();
    for (let i = 0; i < 10; i++) world.driver.queueRq(1, world.request());
    world.driver.commitRqs(1);
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    const after = world.driver.counters();
    expect(after.commands - before.commands).toBe(10);
    expect(after.completions - before.completions).toBe(10);
    expect(after.doorbells - before.doorbells).toBe(2);
    expect(after.interrupts - before.interrupts).toBe(1);
  });

  it('are served by the pin too', () => {
    const world = started({ driver: { interrupts: 'pin', ioQueues: 2 } });
    for (let i = 0; i < 5; i++) expect(world.do(world.request(), 1 + (i % 2))).toBe(0);
  });

  it('are served by polling, when no interrupt comes', () => {
    const world = started();
    world.connected = false;
    const request = world.request();
    world.do(request);
    expect(request.ends).toBe(0);
    world.driver.poll(1);
    world.executor.runUntilIdle();
    expect(request.ends).toBe(1);
    world.driver.poll(9);
  });

  it('share the vectors that there are', () => {
    const world = started({ device: { vectorCount: 2 }, driver: { ioQueues: 4 } });
    for (let id = 1; id <= 4; id++) expect(world.do(world.request(), id)).toBe(0);
  });

  it('skip a completion for a command that is not in flight', () => {
    const lines: string[] = [];
    const tracer = new TraceRecorder(new SimExecutor(), (line) => void lines.push(line));
    const world = started({ driver: { tracer } });
    world.connected = false;
    const request = world.request();
    world.do(request);
    const { memory } = world;
    // Find the completion and give it an identifier that nobody has.
    const at = [...Array(1024).keys()]
      .map((page) => 0x1000 + 4096 * page)
      .find((gpa) => memory.read32(gpa + 8) === 0x0001_0001 && memory.read8(gpa + 14) === 1);
    memory.write16(at! + 12, 0x7777);
    world.driver.poll(1);
    world.executor.runUntilIdle();
    expect(request.ends).toBe(0);
    expect(lines.join('\n')).toContain('bad-cid');
  });
});

describe('Abort', () => {
  it('is sent for a request in flight, which ends once with the status of the abort', () => {
    const world = started();
    world.port.held = true;
    const request = world.request();
    world.do(request);
    expect(world.driver.abort(request)).toBe(AbortResult.tooLate);
    world.executor.runUntilIdle();
    expect([request.ends, request.status]).toEqual([1, NvmeStatus.abortRequested]);
    expect(world.driver.abort(request)).toBe(AbortResult.unknown);
  });

  it('of more requests than there are Abort commands loses none of them', () => {
    const world = started();
    world.port.held = true;
    const requests = Array.from({ length: 12 }, () => world.request());
    for (const request of requests) world.driver.queueRq(1, request);
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    for (const request of requests) world.driver.abort(request);
    world.executor.runUntilIdle();
    world.port.release();
    world.executor.runUntilIdle();
    expect(requests.every(({ ends }) => ends === 1)).toBe(true);
  });
});

describe('the end', () => {
  it('by shutdown flushes, gives all pages back, and lets the driver start again', () => {
    const world = new DriverWorld();
    const free = world.pages.freePages;
    for (let life = 0; life < 3; life++) {
      expect(world.start()).toBeUndefined();
      expect(world.do(world.request())).toBe(0);
      let calls = 0;
      world.driver.shutdown(() => {
        calls += 1;
      });
      expect(calls).toBe(0);
      world.executor.runUntilIdle();
      expect([calls, world.port.shutdowns]).toEqual([1, life + 1]);
      expect(world.pages.freePages).toBe(free);
      expect(world.pci.mmioRead(NvmeRegister.csts, 4)).toBe(0);
    }
  });

  it('ends every request that is in flight, and those that come later', () => {
    const world = started();
    world.port.held = true;
    const requests = Array.from({ length: 5 }, () => world.request());
    for (const request of requests) world.driver.queueRq(1, request);
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    world.driver.shutdown(() => {});
    const late = world.request();
    expect(world.driver.queueRq(1, late)).toBe(true);
    expect(late.ends).toBe(0);
    world.executor.runUntilIdle();
    const all: CountedRequest[] = [...requests, late];
    expect(all.map(({ ends }) => ends)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(all.map(({ status }) => status)).toEqual(new Array<number>(6).fill(ABORTED_BY_HOST));
  });

  it('comes once when it is asked for twice, and tells a start that it cut off', () => {
    const world = new DriverWorld();
    const told: unknown[] = [];
    world.driver.start((error) => told.push(error));
    world.driver.shutdown(() => told.push('one'));
    world.driver.shutdown(() => told.push('two'));
    world.executor.runUntilIdle();
    expect(told).toEqual(['one', 'two', 'driver was shut down during its start']);
  });

  it('is refused to be followed by a second start of a driver that is up', () => {
    const world = started();
    expect(() => world.driver.start(() => {})).toThrow(InvariantError);
  });
});

describe('costs', () => {
  it('are nothing by default', () => {
    const world = started();
    const from = world.executor.now;
    world.do(world.request());
    expect(world.executor.now).toBe(from);
  });

  it('are paid for each submission, for the interrupt, and for each completion', () => {
    const costs = { ...NO_COSTS, guestSubmitNs: 300, guestCompleteNs: 400, interruptNs: 2_000 };
    const world = started({ driver: { costs } });
    const from = world.executor.now;
    const ended: number[] = [];
    for (let i = 0; i < 3; i++) {
      const request = world.request({ end: () => void ended.push(world.executor.now - from) });
      world.driver.queueRq(1, request);
    }
    world.driver.commitRqs(1);
    world.executor.runUntilIdle();
    expect(ended).toEqual([2_900, 3_300, 3_700]);
  });
});

describe('the trace', () => {
  it("names both a request's own number and the controller's", () => {
    const lines: string[] = [];
    const tracer = new TraceRecorder(new SimExecutor(), (line) => void lines.push(line));
    const world = started({ driver: { tracer } });
    lines.length = 0;
    world.do(world.request({ ioId: 4242 }));
    const submits = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'submit');
    expect(submits.length).toBe(1);
    expect(lines.join('\n')).toContain('4242');
    expect(lines.join('\n')).toContain(String(1 << 16));
  });

  it('passes raw commands through to the admin queue', () => {
    const world = started();
    const raw = new Int32Array(6);
    const request = world.request({ opcode: AdminOpcode.identify, raw, nsid: 1 }, 4096);
    expect(world.do(request, 0)).toBe(0);
    expect(world.memory.read32(DATA)).toBe(2048);
  });
});
