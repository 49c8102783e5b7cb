import { NullioBackend } from '../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { SgList } from '../../src/base/sg-list.ts';
import type { Backend } from '../../src/interfaces/backend.ts';
import type { NvmeCommand } from '../../src/interfaces/nvme-command-port.ts';
import type { TargetCommand, TargetPort } from '../../src/interfaces/target.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { NvmeSubsystem } from '../../src/target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../src/target/nvme/nvme-target-controller.ts';
import { TargetDevice } from '../../src/target/target-device.ts';
import type { Batch } from '../support/heap.ts';
import { benchGroup } from './harness.ts';

/** The unit, and the memory that its data goes to. */
const UNIT_BYTES = 64 << 20;
const MEMORY_BYTES = 64 << 20;
const DEPTH = 32;

type MakeBackend = (executor: SimExecutor) => Backend;

const nullio: MakeBackend = (executor) => new NullioBackend(executor, UNIT_BYTES);

/** RD_MCP with every page written, as it is after a while. */
const rdMcp: MakeBackend = (executor) => {
  const store = new PageStore(UNIT_BYTES);
  const page = new Uint8Array(4096).fill(1);
  for (let at = 0; at < UNIT_BYTES; at += 4096) store.store(at, page, 0, 4096);
  return new RdMcpBackend(executor, store);
};

/** Memory whose pages are all there: the first touch of a page costs more than all that is measured here. */
function touchedMemory(): RegionMemory {
  const memory = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
  memory.fill(0, 1, MEMORY_BYTES);
  for (let gpa = 0; gpa < MEMORY_BYTES; gpa += 4096) memory.pageForWrite(gpa);
  return memory;
}

/** A cheap sequence of random numbers below 2^22, without garbage. */
class Random {
  #state = 1;

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return (this.#state >>> 9) % bound;
  }
}

/** Keeps `DEPTH` random reads in flight on a port until `count` have ended. */
function reads(make: (executor: SimExecutor) => TargetPort, bytes: number): () => Batch {
  return () => {
    const executor = new SimExecutor();
    const memory = touchedMemory();
    const port = make(executor);
    const blocks = bytes / 512;
    let left = 0;
    const random = new Random();
    const submit = (command: TargetCommand): void => {
      command.lba = random.below(UNIT_BYTES / bytes) * blocks;
      command.data.clear();
      command.data.push(random.below(MEMORY_BYTES / bytes) * bytes, 0, bytes);
      port.submit(command);
    };
    const end = (command: TargetCommand): void => {
      left -= 1;
      if (left >= DEPTH) submit(command);
    };
    const commands = Array.from({ length: DEPTH }, (_, ioId) => ({
      ioId,
      op: 0 as const,
      lba: 0,
      blockCount: blocks,
      flags: 0,
      memory,
      data: new SgList(),
      status: 0 as const,
      end,
    }));
    return (count) => {
      left = Math.max(count, DEPTH);
      for (const command of commands) submit(command);
      executor.runUntilIdle();
    };
  };
}

/** The same as NVMe Read commands on the port of a controller. */
function nvmeReads(make: MakeBackend, bytes: number): () => Batch {
  return () => {
    const executor = new SimExecutor();
    const memory = touchedMemory();
    const subsystem = new NvmeSubsystem();
    subsystem.addNamespace(1, new TargetDevice(executor, make(executor)));
    const port = new NvmeTargetController(executor, subsystem);
    const blocks = bytes / 512;
    let left = 0;
    const random = new Random();
    const submit = (command: NvmeCommand): void => {
      command.sqe[10] = random.below(UNIT_BYTES / bytes) * blocks;
      command.data.clear();
      command.data.push(random.below(MEMORY_BYTES / bytes) * bytes, 0, bytes);
      port.submit(command);
    };
    const end = (command: NvmeCommand): void => {
      left -= 1;
      if (left >= DEPTH) submit(command);
    };
    const commands = Array.from({ length: DEPTH }, (_, ioId): NvmeCommand => {
      const sqe = new Int32Array(16);
      sqe[0] = 2 | (ioId << 16);
      sqe[1] = 1;
      sqe[12] = blocks - 1;
      const lists = { data: new SgList(), metadata: new SgList() };
      const result = { status: 0, dw0: 0, dw1: 0 };
      return { ioId, queueId: 1, sqe, memory, direction: 2, ...lists, ...result, end };
    });
    return (count) => {
      left = Math.max(count, DEPTH);
      for (const command of commands) submit(command);
      executor.runUntilIdle();
    };
  };
}

/** The copy alone, between the same two places. */
function copies(bytes: number): () => Batch {
  return () => {
    const from = new Uint8Array(UNIT_BYTES).fill(1);
    const to = new Uint8Array(MEMORY_BYTES).fill(1);
    const random = new Random();
    return (count) => {
      for (let i = 0; i < count; i++) {
        const at = random.below(UNIT_BYTES / bytes) * bytes;
        to.set(from.subarray(at, at + bytes), random.below(MEMORY_BYTES / bytes) * bytes);
      }
    };
  };
}

const device = (make: MakeBackend) => (executor: SimExecutor) =>
  new TargetDevice(executor, make(executor));

benchGroup(`target: random reads at depth ${DEPTH}, no data moved`, {
  'nullio alone': reads(nullio, 4096),
  'nullio under the core': reads(device(nullio), 4096),
  'nullio under an NVMe controller': nvmeReads(nullio, 4096),
});

for (const bytes of [512, 4096]) {
  benchGroup(`target: random reads of ${bytes} bytes at depth ${DEPTH} over 64 MiB`, {
    'the copy alone': copies(bytes),
    'RD_MCP alone': reads(rdMcp, bytes),
    'RD_MCP under the core': reads(device(rdMcp), bytes),
    'RD_MCP under an NVMe controller': nvmeReads(rdMcp, bytes),
  });
}
