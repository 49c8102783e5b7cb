/** Our NVMe driver on the controller of a QEMU machine. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { NvmeDriver, type NvmeDriverOptions } from '../../src/nvme-driver/index.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { STATUS_CODE_MASK } from '../../src/wire/nvme-status.ts';
import { QtestFunction } from './qtest/qtest-function.ts';
import { QtestMachine } from './qtest/qtest-machine.ts';

const SLOT = 4;
export const MIB = 1 << 20;
export const IMAGE_BYTES = 16 * MIB;
/** Below lie holes of the machine; the driver has 16 MiB, tests the rest. */
const DRIVER_PAGES = 16 * MIB;
export const DATA = 32 * MIB;
const MESSAGES = 31 * MIB;
/** What a command of namespace 2 takes. */
const SLOW_NS = 100_000_000;
const LIMIT_MS = 20_000;

/** A machine with an NVMe controller: namespace 1 is an image, namespace 2 four tebibytes of nothing, and slow. */
export class NvmeMachine {
  readonly machine: QtestMachine;
  readonly pci: QtestFunction;
  readonly #directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  readonly #image = join(this.#directory, 'disk.img');

  constructor() {
    writeFileSync(this.#image, '');
    truncateSync(this.#image, IMAGE_BYTES);
    this.machine = new QtestMachine([
      ...['-drive', `file=${this.#image},format=raw,if=none,id=d1`],
      ...['-drive', `driver=null-co,size=4T,read-zeroes=on,latency-ns=${SLOW_NS},if=none,id=d2`],
      ...['-device', 'nvme-subsys,id=ss,nqn=qtest'],
      '-device',
      `nvme,id=nvme0,serial=deadbeef,subsys=ss,addr=${SLOT},mdts=10,max_ioqpairs=8,msix_qsize=9`,
      ...['-device', 'nvme-ns,drive=d1,bus=nvme0,nsid=1'],
      ...['-device', 'nvme-ns,drive=d2,bus=nvme0,nsid=2'],
    ]);
    this.pci = new QtestFunction(this.machine, SLOT);
  }

  /** A driver that is not started yet. */
  peer(options: NvmeDriverOptions = {}): Peer {
    return new Peer(this.machine, this.pci, options);
  }

  /** The bytes of namespace 1, as they lie on the disk of this machine. */
  image(): Uint8Array {
    return readFileSync(this.#image);
  }

  async close(): Promise<void> {
    await this.machine.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/** A driver, and the turning of its world against QEMU's own time. */
export class Peer {
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
    this.turn(() => result !== null);
    return result ?? undefined;
  }

  /** Lets messages land in memory, where a test can see them: from now on only what lies behind the first `queues` is polled. */
  useMessages(queues = this.driver.ioQueueCount): void {
    const table = this.#pci.configRead(this.#msixAt() + 4, 4) & ~7;
    this.#vectors = queues + 1;
    for (let vector = 0; vector < this.#vectors; vector++) {
      this.#machine.memory.write32(MESSAGES + 4 * vector, 0);
      this.#pci.mmioWrite(table + 16 * vector, 4, MESSAGES + 4 * vector);
      this.#pci.mmioWrite(table + 16 * vector + 8, 4, 1);
    }
  }

  shutdown(kind: 'normal' | 'abrupt' = 'normal'): void {
    let isDone = false;
    this.driver.shutdown(() => {
      isDone = true;
    }, kind);
    this.turn(() => isDone);
  }

  /** Runs requests on one queue, as many at a time as it takes, and gives their status codes. @param between after the first ones */
  run(
    queueId: number,
    requests: readonly NvmeHostRequest[],
    between: () => void = () => undefined,
  ): number[] {
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
    between();
    this.turn(() => ended === requests.length);
    return requests.map(({ status }) => status & STATUS_CODE_MASK);
  }

  /** Lets time pass until `isDone`. */
  turn(isDone: () => boolean): void {
    const limit = performance.now() + LIMIT_MS;
    while (!isDone()) {
      if (performance.now() > limit) throw new Error('QEMU does not answer');
      this.#takeMessages();
      for (let id = this.#vectors; id <= this.driver.ioQueueCount; id++) this.driver.poll(id);
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

/** A request for these pieces of memory. */
export function makeRequest(
  fields: Partial<NvmeHostRequest>,
  ...segments: [number, number][]
): NvmeHostRequest {
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
