/** A driver on our function in steady state, for benches and heap measurements. */
import { SgList } from '../../src/base/sg-list.ts';
import type {
  NvmeCommand,
  NvmeCommandPort,
  NvmePortLimits,
} from '../../src/interfaces/nvme-command-port.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { NvmePciFunction } from '../../src/nvme-device/index.ts';
import { NvmeDriver } from '../../src/nvme-driver/index.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { identifyController, Oacs } from '../../src/wire/nvme-identify.ts';
import { IdentifyCns, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { Sgls } from '../../src/wire/nvme-sgl.ts';
import type { Batch } from './heap.ts';
import { TestPort } from './nvme-test-port.ts';

/** What the loop runs on. */
export interface NvmeLoopOptions {
  /** Where commands go; nowhere unless given. */
  makePort?: (executor: SimExecutor) => NvmeCommandPort;
  /** Offset of the data in its page. */
  skew?: number;
  /** The controller has Doorbell Buffer Config. */
  shadows?: boolean;
  /** The controller takes SGLs, and the driver uses them for all data. */
  sgls?: boolean;
}

/** Ends every I/O command with success in the next task; admin commands go to a memory port. */
class NullPort implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  readonly #admin: TestPort;
  readonly #executor: SimExecutor;
  readonly #format = { blockBytes: 512, metadataBytes: 0, extended: false };
  readonly #taken = new Array<NvmeCommand | undefined>(256).fill(undefined);
  #count = 0;
  readonly #task = makeTask('null-port', () => this.#end());

  constructor(executor: SimExecutor, { shadows, sgls }: NvmeLoopOptions = {}) {
    const more = { sgls: sgls ? Sgls.anyAlignment : 0, oacs: shadows ? Oacs.doorbellBuffer : 0 };
    this.limits = { maxInFlight: 256, maxTransferBytes: 1 << 20, ...more };
    this.#executor = executor;
    this.#admin = new TestPort(executor, new MemoryCommandPort(executor), {
      identify: (cns, view) => {
        if (cns !== IdentifyCns.controller) return;
        identifyController.sgls.set(view, 0, more.sgls);
        identifyController.oacs.set(view, 0, more.oacs);
      },
    });
  }

  connect(): void {}
  enable(): void {}
  reportError(): void {}
  namespaceFormat = () => this.#format;
  abort = () => AbortResult.unknown;
  shutdown = (done: () => void) => this.#admin.shutdown(done);
  reset = (done: () => void) => this.#admin.reset(done);

  submit(command: NvmeCommand): void {
    if (command.queueId === 0) {
      this.#admin.submit(command);
      return;
    }
    this.#taken[this.#count++] = command;
    this.#executor.post(this.#task);
  }

  #end(): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const command = this.#taken[i]!;
      command.end(command);
    }
  }
}

/** Operations through driver and device with `depth` of them in flight, each of `length` bytes. */
export function nvmeBatch(depth: number, length: number, options: NvmeLoopOptions = {}): Batch {
  return nvmeLoop(depth, length, options).batch;
}

/** The same with the driver, to see what it counts. */
export function nvmeLoop(
  depth: number,
  length: number,
  options: NvmeLoopOptions = {},
): { batch: Batch; driver: NvmeDriver } {
  const { skew = 0, sgls = false } = options;
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: 64 << 20 }]);
  const pages = new PageAllocator(0x1000, 16 << 20);
  const port = options.makePort?.(executor) ?? new NullPort(executor, options);
  const pci: NvmePciFunction = new NvmePciFunction(executor, memory, port, {
    msix: (vector) => driver.interrupt(vector),
    intx: () => {},
  });
  const sglThresholdBytes = sgls ? 1 : 0;
  const driver = new NvmeDriver(executor, memory, pci, pages, { sglThresholdBytes });
  driver.start((error) => {
    if (error !== undefined) throw new Error(error);
  });
  executor.runUntilIdle();
  let left = 0;
  const end = (request: NvmeHostRequest): void => {
    if (request.status !== 0) throw new Error(`a request ended with ${request.status}`);
    if (left === 0) return;
    left -= 1;
    driver.queueRq(1, request);
    driver.commitRqs(1);
  };
  const requests = Array.from({ length: depth }, (_, i) => {
    const data = new SgList(1);
    if (length > 0) data.pushAddress((32 << 20) + i * (256 << 10) + skew, length);
    const opcode = length > 0 ? IoOpcode.read : IoOpcode.flush;
    const request: NvmeHostRequest = {
      ioId: i,
      opcode,
      nsid: 1,
      slba: 0,
      nlb0: Math.max(0, length / 512 - 1),
      control: 0,
      raw: undefined,
      data,
      status: 0,
      dw0: 0,
      end,
    };
    return request;
  });
  const batch = (count: number): void => {
    const first = Math.min(count, depth);
    left = count - first;
    for (let i = 0; i < first; i++) driver.queueRq(1, requests[i]!);
    driver.commitRqs(1);
    executor.runUntilIdle();
  };
  return { batch, driver };
}
