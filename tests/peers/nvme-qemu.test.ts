/** Our driver on QEMU's controller: another implementation of the same specification. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { NvmeDriver, type NvmeDriverOptions } from '../../src/nvme-driver/index.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';
import { describePeer } from './peer.ts';
import { QtestFunction } from './qtest/qtest-function.ts';
import { QtestMachine } from './qtest/qtest-machine.ts';

const SLOT = 4;
const MIB = 1 << 20;
const IMAGE_BYTES = 16 * MIB;
/** Below lie holes of the machine; the driver has 16 MiB, tests the rest. */
const DRIVER_PAGES = 16 * MIB;
const DATA = 32 * MIB;
const MESSAGES = 31 * MIB;
const LIMIT_MS = 20_000;

/** A driver, and the turning of its world against QEMU's own time. */
class Peer {
  readonly executor = new SimExecutor();
  readonly driver: NvmeDriver;
  readonly #machine: QtestMachine;
  readonly #pci: QtestFunction;
  readonly #startedMs = performance.now();
  #vectors = 0;

  constructor(machine: QtestMachine, pci: QtestFunction, options: NvmeDriverOptions = {}) {
    this.#machine = machine;
    this.#pci = pci;
    const pages = new PageAllocator(DRIVER_PAGES, 14 * MIB);
    this.driver = new NvmeDriver(this.executor, machine.memory, pci, pages, options);
  }

  start(): string | undefined {
    let result: string | undefined | null = null;
    this.driver.start((error) => {
      result = error;
    });
    this.#turn(() => result !== null);
    return result ?? undefined;
  }

  /** Lets messages land in memory, where a test can see them: from now on no queue is polled. */
  useMessages(): void {
    const table = this.#pci.configRead(this.#msixAt() + 4, 4) & ~7;
    this.#vectors = this.driver.ioQueueCount + 1;
    for (let vector = 0; vector < this.#vectors; vector++) {
      this.#machine.memory.write32(MESSAGES + 4 * vector, 0);
      this.#pci.mmioWrite(table + 16 * vector, 4, MESSAGES + 4 * vector);
      this.#pci.mmioWrite(table + 16 * vector + 8, 4, 1);
    }
  }

  shutdown(): void {
    let isDone = false;
    this.driver.shutdown(() => {
      isDone = true;
    });
    this.#turn(() => isDone);
  }

  /** Runs requests on one queue, as many at a time as it takes, and gives their status codes. */
  run(queueId: number, requests: readonly NvmeHostRequest[]): number[] {
    let ended = 0;
    let next = 0;
    const push = (): void => {
      while (next < requests.length && this.driver.queueRq(queueId, requests[next]!)) next += 1;
      this.driver.commitRqs(queueId);
    };
    for (const request of requests) {
      request.end = () => {
        ended += 1;
        push();
      };
    }
    push();
    this.#turn(() => ended === requests.length);
    return requests.map(({ status }) => status & STATUS_CODE_MASK);
  }

  #turn(isDone: () => boolean): void {
    const limit = performance.now() + LIMIT_MS;
    while (!isDone()) {
      if (performance.now() > limit) throw new Error('QEMU does not answer');
      if (this.#vectors > 0) this.#takeMessages();
      else for (let id = 0; id <= this.driver.ioQueueCount; id++) this.driver.poll(id);
      // The clock of the driver is the wall clock, as QEMU's is.
      const now = Math.floor((performance.now() - this.#startedMs) * 1e6);
      this.executor.runUntil(Math.max(this.executor.now, now));
    }
  }

  #takeMessages(): void {
    for (let vector = 0; vector < this.#vectors; vector++) {
      if (this.#machine.memory.read32(MESSAGES + 4 * vector) === 0) continue;
      this.#machine.memory.write32(MESSAGES + 4 * vector, 0);
      this.driver.interrupt(vector);
    }
  }

  #msixAt(): number {
    let at = this.#pci.configRead(0x34, 1);
    while (this.#pci.configRead(at, 1) !== 0x11) at = this.#pci.configRead(at + 1, 1);
    return at;
  }
}

function makeRequest(fields: Partial<NvmeHostRequest>, ...segments: [number, number][]) {
  const data = new SgList();
  for (const [gpa, length] of segments) data.pushAddress(gpa, length);
  const request: NvmeHostRequest = {
    ioId: 0,
    opcode: IoOpcode.read,
    nsid: 1,
    slba: 0,
    nlb0: Math.max(0, data.byteLength / 512 - 1),
    control: 0,
    raw: undefined,
    data,
    status: -1,
    dw0: 0,
    end: () => {},
    ...fields,
  };
  return request;
}

describePeer(
  { program: 'qemu-system-x86_64', from: 'qemu-system-x86' },
  'the NVMe controller of QEMU',
  () => {
    let directory = '';
    let image = '';
    let machine: QtestMachine;
    let pci: QtestFunction;
    const expected = new Uint8Array(IMAGE_BYTES);

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
      image = join(directory, 'disk.img');
      writeFileSync(image, '');
      truncateSync(image, IMAGE_BYTES);
      machine = new QtestMachine([
        ...['-drive', `file=${image},format=raw,if=none,id=d1`],
        ...['-drive', 'driver=null-co,size=4T,read-zeroes=on,if=none,id=d2'],
        ...['-device', 'nvme-subsys,id=ss,nqn=qtest'],
        '-device',
        `nvme,id=nvme0,serial=deadbeef,subsys=ss,addr=${SLOT},mdts=10,max_ioqpairs=8,msix_qsize=9`,
        ...['-device', 'nvme-ns,drive=d1,bus=nvme0,nsid=1'],
        ...['-device', 'nvme-ns,drive=d2,bus=nvme0,nsid=2'],
      ]);
      pci = new QtestFunction(machine, SLOT);
    });

    afterAll(async () => {
      await machine?.close();
      rmSync(directory, { recursive: true });
    });

    it('starts, and shows its namespaces', () => {
      const peer = new Peer(machine, pci, { maxTransferBytes: 4 * MIB });
      expect(peer.start()).toBeUndefined();
      expect(peer.driver.maxTransferBytes).toBe(4 * MIB);
      expect(peer.driver.namespaces).toEqual([
        { nsid: 1, blockBytes: 512, blockCount: IMAGE_BYTES / 512 },
        { nsid: 2, blockBytes: 512, blockCount: 2 ** 42 / 512 },
      ]);
      peer.shutdown();
    });

    it('moves data of every shape of PRPs', () => {
      const peer = new Peer(machine, pci, { maxTransferBytes: 4 * MIB });
      expect(peer.start()).toBeUndefined();
      const page = (index: number) => DATA + index * 8192;
      const shapes: [number, number][][] = [
        [[DATA, 512]],
        [[DATA + 0xe00, 512]],
        [[DATA, 4096]],
        [[DATA + 0x200, 4096]],
        [[DATA + 4, 4096]],
        [[DATA, 8192]],
        [[DATA + 0xc00, 8192]],
        [[DATA + 0xffc, 8192]],
        [[DATA, 12_288]],
        [
          [page(3), 4096],
          [page(1), 4096],
        ],
        [
          [page(3) + 0x800, 2048],
          [page(1), 4096],
          [page(2), 2048],
        ],
        [
          [page(5), 4096],
          [page(4), 4096],
          [page(3), 4096],
          [page(0), 4096],
        ],
        [[DATA, 131_072]],
        [[DATA + 0x600, 131_072]],
        [[DATA, 2 * MIB]],
        [[DATA, 2 * MIB + 4096]],
        [[DATA + 0xe00, 2 * MIB + 8192]],
        [[DATA, 4 * MIB]],
        [
          [DATA, MIB],
          [DATA + 3 * MIB, 2 * MIB],
        ],
      ];
      const chance = makePrng(7);
      shapes.forEach((shape, i) => {
        const length = shape.reduce((sum, [, bytes]) => sum + bytes, 0);
        const slba = chance.below((IMAGE_BYTES - length) / 512);
        const bytes = Uint8Array.from({ length }, (_, at) => at * 7 + i + (at >> 9));
        let done = 0;
        for (const [gpa, size] of shape) {
          machine.memory.store(gpa, bytes, done, size);
          done += size;
        }
        const write = makeRequest({ opcode: IoOpcode.write, slba }, ...shape);
        expect(peer.run(1, [write]), `write of shape ${i}`).toEqual([0]);
        expected.set(bytes, slba * 512);
        const far = shape.map(([gpa, size]): [number, number] => [gpa + 16 * MIB, size]);
        expect(peer.run(1, [makeRequest({ slba }, ...far)]), `read of shape ${i}`).toEqual([0]);
        const got = new Uint8Array(length);
        done = 0;
        for (const [gpa, size] of far) {
          machine.memory.load(gpa, got, done, size);
          done += size;
        }
        expect(Buffer.compare(got, bytes), `bytes of shape ${i}`).toBe(0);
      });
      expect(peer.run(1, [makeRequest({ opcode: IoOpcode.flush })])).toEqual([0]);
      peer.shutdown();
      expect(Buffer.compare(readFileSync(image), expected)).toBe(0);
    });

    it.each([
      ['by polling', false],
      ['by messages', true],
    ])(
      'completes many commands on several queues, a small one among them, %s',
      (_name, messages) => {
        for (const queueEntries of [2, 32]) {
          const peer = new Peer(machine, pci, { ioQueues: 3, queueEntries });
          expect(peer.start()).toBeUndefined();
          if (messages) peer.useMessages();
          for (let queueId = 1; queueId <= 3; queueId++) {
            const reads = Array.from({ length: 100 }, (_, i) =>
              makeRequest({ slba: (i * 331) % 30_000 }, [DATA + i * 4096, 4096]),
            );
            expect(new Set(peer.run(queueId, reads))).toEqual(new Set([0]));
            for (const { data, slba } of reads) {
              const got = new Uint8Array(4096);
              machine.memory.load(data.gpa(0), got, 0, 4096);
              const from = slba * 512;
              expect(Buffer.compare(got, expected.subarray(from, from + 4096))).toBe(0);
            }
          }
          peer.shutdown();
        }
      },
    );

    it('answers with the errors that the specification names', () => {
      const peer = new Peer(machine, pci);
      expect(peer.start()).toBeUndefined();
      const one: [number, number] = [DATA, 512];
      const blocks = IMAGE_BYTES / 512;
      const statuses = peer.run(1, [
        makeRequest({ slba: blocks }, one),
        makeRequest({ opcode: 0x7f }, one),
        makeRequest({ nsid: 0 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 33 - 1 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 33 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 32 + 5 }, one),
      ]);
      expect(statuses).toEqual([
        NvmeStatus.lbaOutOfRange,
        NvmeStatus.invalidOpcode,
        NvmeStatus.invalidNamespace,
        0,
        NvmeStatus.lbaOutOfRange,
        0,
      ]);
      const raw = Int32Array.of(99, 0, 0, 0, 0, 0);
      const admin = makeRequest({ opcode: AdminOpcode.identify, nsid: 0, raw }, [DATA, 4096]);
      expect(peer.run(0, [admin])).toEqual([NvmeStatus.invalidField]);
      peer.shutdown();
    });
  },
);
