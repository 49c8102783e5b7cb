/** A driver on our function on a memory port. */
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { NvmePciFunction, type NvmePciOptions } from '../../src/nvme-device/index.ts';
import { NvmeDriver, type NvmeDriverOptions } from '../../src/nvme-driver/index.ts';
import { SimExecutor, type SimExecutorOptions } from '../../src/sim/sim-executor.ts';
import {
  MemoryCommandPort,
  type MemoryPortOptions,
} from '../../src/testing/nvme/memory-command-port.ts';
import { identifyController, Oacs } from '../../src/wire/nvme-identify.ts';
import { IdentifyCns, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { TestPort, type TestPortOptions } from '../support/nvme-test-port.ts';

const MEMORY_BYTES = 16 << 20;
/** Data of tests; the driver's own pages lie below. */
export const DATA = 0x80_0000;

export interface WorldOptions {
  device?: NvmePciOptions;
  port?: MemoryPortOptions;
  /** What stands between the controller and the memory port. */
  test?: TestPortOptions;
  executor?: SimExecutorOptions;
  driver?: NvmeDriverOptions;
  /** Pages that the driver has. */
  pages?: number;
  /** Wraps the function. */
  wrap?: (pci: NvmePciFunction) => PciFunction;
}

/** A controller with Doorbell Buffer Config. */
export const WITH_SHADOWS: WorldOptions = {
  test: {
    limits: { oacs: Oacs.doorbellBuffer },
    identify: (cns, view) => {
      if (cns === IdentifyCns.controller) {
        identifyController.oacs.set(view, 0, Oacs.doorbellBuffer);
      }
    },
  },
};

/** A request that remembers how often it ended. */
export interface CountedRequest extends NvmeHostRequest {
  ends: number;
}

export class DriverWorld {
  readonly executor: SimExecutor;
  readonly memory = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
  readonly pages: PageAllocator;
  readonly port: MemoryCommandPort;
  /** In front of the memory port: harm, and what the memory port does not have. */
  readonly test: TestPort;
  readonly pci: NvmePciFunction;
  readonly driver: NvmeDriver;
  /** Messages and levels reach the driver. */
  connected = true;

  constructor(options: WorldOptions = {}) {
    this.executor = new SimExecutor(options.executor);
    this.pages = new PageAllocator(0x1000, 4096 * (options.pages ?? 1024));
    this.port = new MemoryCommandPort(this.executor, options.port);
    this.test = new TestPort(this.executor, this.port, options.test);
    const sink = {
      msix: (vector: number) => {
        if (this.connected) this.driver.interrupt(vector);
      },
      intx: (level: boolean) => {
        if (this.connected) this.driver.interruptPin(level);
      },
    };
    const { executor, memory, test, pages } = this;
    this.pci = new NvmePciFunction(executor, memory, test, sink, options.device);
    const pci = options.wrap?.(this.pci) ?? this.pci;
    this.driver = new NvmeDriver(executor, memory, pci, pages, options.driver);
  }

  /** Starts the driver and gives what it said, `'never'` when it said nothing. */
  start(): string | undefined {
    let result: string | undefined = 'never';
    this.driver.start((error) => {
      result = error;
    });
    this.executor.runUntilIdle();
    return result;
  }

  /** Runs for a span of virtual time. */
  pass(ns: number): void {
    this.executor.runUntil(this.executor.now + ns);
  }

  /** A request that counts its ends. */
  request(fields: Partial<NvmeHostRequest> = {}, length = 512, gpa = DATA): CountedRequest {
    const data = new SgList(4);
    if (length > 0) data.pushAddress(gpa, length);
    const request: CountedRequest = {
      ioId: 1,
      opcode: IoOpcode.read,
      nsid: 1,
      slba: 0,
      nlb0: Math.max(0, length / 512 - 1),
      control: 0,
      raw: undefined,
      data,
      status: -1,
      dw0: -1,
      ends: 0,
      end: () => {
        request.ends += 1;
      },
      ...fields,
    };
    return request;
  }

  /** Queues on queue 1, rings, runs. */
  do(request: CountedRequest, queueId = 1): number {
    this.driver.queueRq(queueId, request);
    this.driver.commitRqs(queueId);
    this.executor.runUntilIdle();
    return request.status;
  }
}

/** A world whose driver is up. */
export function started(options: WorldOptions = {}): DriverWorld {
  const world = new DriverWorld(options);
  const error = world.start();
  if (error !== undefined) throw new Error(error);
  return world;
}
