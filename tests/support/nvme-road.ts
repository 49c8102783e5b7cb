/** One vhost-nvme road for tests: a command port of the VMM above, a mock target below, everything between them real. */

import { SgList } from '../../src/base/index.ts';
import { VhostNvme } from '../../src/frontends/index.ts';
import {
  type GuestMemory,
  type NvmeCommand,
  type NvmePortEvents,
  type Tracer,
  VhostErrno,
} from '../../src/interfaces/index.ts';
import { PageAllocator, RegionMemory } from '../../src/memory/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { VhostDevice } from '../../src/vhost/index.ts';
import {
  type DriverRingFactory,
  VhostTransport,
  VirtqueueCommandPort,
} from '../../src/vmm/index.ts';
import { MockTarget } from './mock-target.ts';
import { PlainRing } from './plain-ring.ts';
import { queueBytes, splitDevices, splitDrivers } from './split-rings.ts';

export const GUEST_BYTES = 1 << 20;
export const VMM_BASE = 0x4000_0000;
export const VMM_BYTES = 1 << 21;
/** Memory that the VMM has and does not share. */
export const HIDDEN_BASE = 0x6000_0000;
export const HIDDEN_BYTES = 4096;

export interface RoadOptions {
  /** Rings of plain objects, or split rings in memory. */
  rings?: 'plain' | 'split';
  eventIdx?: boolean;
  ringSize?: number;
  indirect?: boolean;
  requestQueues?: number;
  maxInFlight?: number;
  targetInFlight?: number;
  workerCommandNs?: number;
  eventfdWakeNs?: number;
  weight?: number;
  tracer?: Tracer;
  livelockLimit?: number;
  wrapShared?: (memory: GuestMemory) => GuestMemory;
}

export type Road = ReturnType<typeof makeRoad>;

/** Builds a road and starts it. */
export function makeRoad(options: RoadOptions = {}) {
  const { ringSize = 64, indirect = true, requestQueues = 2, weight = 256 } = options;
  const executor = new SimExecutor({ livelockLimit: options.livelockLimit ?? 100_000 });
  const memory = new RegionMemory([
    { base: 0, size: GUEST_BYTES },
    { base: VMM_BASE, size: VMM_BYTES },
    { base: HIDDEN_BASE, size: HIDDEN_BYTES },
  ]);
  const queueCount = 2 + requestQueues;
  // The rings of the VMM lie before its frames.
  const ringsBytes = options.rings === 'split' ? queueCount * queueBytes(ringSize) : 0x10_000;
  const pages = new PageAllocator(VMM_BASE + ringsBytes, VMM_BYTES - ringsBytes);
  const target = new MockTarget(executor, options.targetInFlight);
  const frontend = new VhostNvme(
    executor,
    options.tracer === undefined ? {} : { tracer: options.tracer },
  );
  const rings: PlainRing[] = [];
  const shared = options.wrapShared?.(memory) ?? memory;
  const tracer = options.tracer === undefined ? {} : { tracer: options.tracer };
  const plainDrivers: DriverRingFactory = (queue, kick) => {
    const ring = new PlainRing(ringSize, indirect, () => kick.signal());
    rings[queue] = ring;
    const desc = VMM_BASE + queue * 0x1000;
    return { driver: ring.driver, num: ringSize, desc, avail: desc + 16, used: desc + 32 };
  };
  const isSplit = options.rings === 'split';
  const vhost = new VhostDevice(
    executor,
    shared,
    frontend,
    isSplit ? splitDevices : (_, start) => rings[(start.desc - VMM_BASE) / 0x1000]!.device,
    {
      ringCount: queueCount,
      weight,
      workerCommandNs: options.workerCommandNs ?? 0,
      ...tracer,
    },
  );
  const transport = new VhostTransport(
    executor,
    vhost,
    frontend,
    target,
    isSplit ? splitDrivers(memory, VMM_BASE, ringSize) : plainDrivers,
    {
      queueCount,
      regions: [
        { guestAddress: 0, size: GUEST_BYTES, userAddress: 0 },
        { guestAddress: VMM_BASE, size: VMM_BYTES, userAddress: VMM_BASE },
      ],
      featuresLo: (indirect ? 1 << 28 : 0) | (options.eventIdx === false ? 0 : 1 << 29),
      eventfdWakeNs: options.eventfdWakeNs ?? 0,
    },
  );
  const port = new VirtqueueCommandPort(executor, memory, pages, transport, {
    maxInFlight: options.maxInFlight ?? 64,
    maxTransferBytes: 128 * 1024,
    ...tracer,
  });
  const seen: string[] = [];
  const events: NvmePortEvents = {
    asyncEvent: (type, info, logPage) => seen.push(`async ${type} ${info} ${logPage}`),
    namespaceChanged: (nsid) => seen.push(`namespace ${nsid}`),
  };
  port.connect(events);
  return { executor, memory, target, frontend, vhost, transport, port, rings, seen };
}

/** Starts the host's end and enables the controller. */
export function bringUp(road: Road): void {
  const refusal = road.port.start(() => {});
  if (refusal !== VhostErrno.ok) throw new Error(`start: ${refusal}`);
  road.executor.runUntilIdle();
  road.port.enable({ cc: 0x46_0001 });
  road.executor.runUntilIdle();
}

/** A command of a test, with a record of its ends. */
export interface TestCommand extends NvmeCommand {
  ends: number;
}

/** Makes a command; `segments` are (address, length) pairs. */
export function makeCommand(
  memory: GuestMemory,
  queueId: number,
  cid: number,
  words: Readonly<Record<number, number>>,
  direction: 0 | 1 | 2 = 0,
  segments: readonly (readonly [number, number])[] = [],
): TestCommand {
  const command: TestCommand = {
    ioId: queueId * 0x1_0000 + cid,
    queueId,
    sqe: new Int32Array(16),
    memory,
    direction,
    data: new SgList(),
    metadata: new SgList(1),
    status: -1,
    dw0: 0,
    dw1: 0,
    ends: 0,
    end: () => {
      command.ends += 1;
    },
  };
  for (const [word, value] of Object.entries(words)) command.sqe[Number(word)] = value;
  command.sqe[0] = (command.sqe[0]! & 0xffff) | (cid << 16);
  for (const [gpa, length] of segments) command.data.pushAddress(gpa, length);
  return command;
}

/** A read (opcode 2) or write (opcode 1) of namespace 1. */
export function makeIo(
  memory: GuestMemory,
  queueId: number,
  cid: number,
  isRead: boolean,
  lba: number,
  blocks: number,
  gpa: number,
): TestCommand {
  const words = { 0: isRead ? 2 : 1, 1: 1, 10: lba, 12: blocks - 1 };
  return makeCommand(memory, queueId, cid, words, isRead ? 2 : 1, [[gpa, blocks * 512]]);
}
