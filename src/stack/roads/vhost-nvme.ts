/** `vhost-nvme`: commands pass through virtqueues with eventfd kick and call to `vhost_nvme` in the host kernel. */
import { assert, ConfigError } from '../../base/assert.ts';
import { VhostNvme } from '../../frontends/index.ts';
import type { Notifier } from '../../interfaces/notifier.ts';
import type { NvmeCommandPort } from '../../interfaces/nvme-command-port.ts';
import { VhostErrno } from '../../interfaces/vhost.ts';
import { PAGE_BYTES } from '../../memory/region-memory.ts';
import { NvmeDeviceController } from '../../nvme-device/index.ts';
import type { EventFd } from '../../sim/event-fd.ts';
import { VhostDevice } from '../../vhost/index.ts';
import {
  featureBits,
  IndirectArea,
  mapAreas,
  mapRing,
  type RingLayout,
  ringLayout,
  SplitVirtqueue,
  SplitVirtqueueDevice,
} from '../../virtqueue/index.ts';
import { type DriverRing, VhostTransport, VirtqueueCommandPort } from '../../vmm/index.ts';
import type { StackConfig } from '../config.ts';
import type { World } from '../world.ts';
import { type BuiltRoad, controllerOptions, memoryTableOf } from './road.ts';

const EVENT_IDX = featureBits(['VIRTIO_F_EVENT_IDX']).lo;
const INDIRECT_DESC = featureBits(['VIRTIO_F_INDIRECT_DESC']).lo;
/** Control and event queue. */
const FIXED_QUEUES = 2;
/** Segments of the longest chain: header, completion, and a data list of 1 MiB in pages that starts inside one. */
const MAX_TABLE_ENTRIES = 260;
/** Pages for the frames of all commands in flight, of control requests and of events. */
const FRAME_PAGES = 64;
/** Most memory of the VMM: a larger one is a slip, and costs the host as much. */
const MAX_MEMORY_BYTES = 256 << 20;
/** Of these, header and completion. */
const FRAME_SEGMENTS = 2;

/** Builds the road; one request virtqueue for each I/O queue of the guest. */
export function buildVhostNvme(world: World, target: NvmeCommandPort): BuiltRoad {
  const { executor, memory, costs, tracer, config } = world;
  const queueCount = FIXED_QUEUES + config.guest.queues;
  const traced = tracer === undefined ? {} : { tracer };
  const frontend = new VhostNvme(executor, traced);
  const vhost = new VhostDevice(
    executor,
    memory.vmm,
    frontend,
    (shared, ring) => {
      const layout = ringLayout('split', ring.num);
      const gpas = { descriptors: ring.desc, driver: ring.avail, device: ring.used };
      const areas = mapAreas(shared, layout, gpas);
      // The device side starts at available index 0 and goes on from nowhere else.
      if (areas === undefined || ring.base !== 0) return undefined;
      return new SplitVirtqueueDevice(areas, shared, ring.num, {
        eventIdx: (ring.featuresLo & EVENT_IDX) !== 0,
        indirect: (ring.featuresLo & INDIRECT_DESC) !== 0,
        // An unmapped data address fails its own command, not the whole ring.
        acceptUnmapped: true,
      });
    },
    { ringCount: queueCount, workerCommandNs: costs.workerCommandNs, ...traced },
  );
  const rings = makeRings(world, queueCount);
  const transport = new VhostTransport(
    executor,
    vhost,
    frontend,
    target,
    (queue, kick, featuresLo) => rings.open(queue, kick, featuresLo),
    {
      queueCount,
      regions: memoryTableOf(memory.vmm),
      featuresLo:
        (config.virtqueue.eventIdx ? EVENT_IDX : 0) |
        (config.virtqueue.indirect ? INDIRECT_DESC : 0),
      eventfdWakeNs: costs.eventfdWakeNs,
    },
  );
  const port = new VirtqueueCommandPort(executor, memory.vmm, memory.vmmPages, transport, {
    maxInFlight: target.limits.maxInFlight,
    maxTransferBytes: target.limits.maxTransferBytes,
    ...traced,
  });
  const rows = [
    {
      place: 'VMM',
      name: 'NVMe PCI function',
      below: 'command, data list',
      counters: () => ({}),
    },
    {
      place: 'VMM',
      name: 'virtqueue command port',
      below: 'virtqueue, eventfd kick / call',
      counters: () => ({ kicks: signalsOf(transport.kicks), calls: signalsOf(transport.calls) }),
    },
    {
      place: 'host kernel',
      name: 'vhost + vhost_nvme',
      below: 'NVMe command, SG list',
      counters: () => ({ ...frontend.counters }),
    },
  ];
  const options = controllerOptions(world);
  return {
    makeController: (interrupts) =>
      new NvmeDeviceController(executor, memory.guest, port, interrupts, options),
    port,
    rows,
    start: (done) => {
      const refusal = port.start(done);
      assert(refusal === VhostErrno.ok, `vhost accepts the VMM's set-up (errno ${refusal})`);
    },
  };
}

/**
 * Memory of the VMM for the rings, their indirect tables and the frames of commands, in bytes.
 *
 * @throws ConfigError when that is more than {@link MAX_MEMORY_BYTES}
 */
export function vhostMemoryBytes({ guest, virtqueue }: StackConfig): number {
  const ring = pagesOf(ringLayout('split', virtqueue.size).byteLength);
  const tables = virtqueue.indirect ? pagesOf(tableBytes(virtqueue.size)) : 0;
  const bytes = ((FIXED_QUEUES + guest.queues) * (ring + tables) + FRAME_PAGES) * PAGE_BYTES;
  if (bytes <= MAX_MEMORY_BYTES) return bytes;
  const expected = `rings and indirect tables of at most ${MAX_MEMORY_BYTES >> 20} MiB together, not ${bytes >> 20}`;
  throw new ConfigError('virtqueue.size', virtqueue.size, expected);
}

const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);

const tableBytes = (ringSize: number): number => ringSize * MAX_TABLE_ENTRIES * 16;

/**
 * Most bytes of one command, a power of two. Without indirect tables a command takes one descriptor for each page and two for its
 * frame, so it is the ring that limits it.
 *
 * @throws ConfigError when not even two pages fit: Identify cannot name a smaller limit (MDTS 0 means none)
 */
export function vhostTransferLimit({ virtqueue }: StackConfig): number {
  const most = (MAX_TABLE_ENTRIES - FRAME_SEGMENTS - 2) * PAGE_BYTES;
  if (virtqueue.indirect) return largestPowerOfTwo(most);
  // A buffer that starts inside a page reaches one page more.
  const pages = virtqueue.size - FRAME_SEGMENTS - 1;
  if (pages < 2) {
    const expected = 'at least 8 descriptors where virtqueue.indirect is false';
    throw new ConfigError('virtqueue.size', virtqueue.size, expected);
  }
  return largestPowerOfTwo(Math.min(most, pages * PAGE_BYTES));
}

function largestPowerOfTwo(most: number): number {
  return 2 ** (31 - Math.clz32(most));
}

function signalsOf(fds: readonly EventFd[]): number {
  return fds.reduce((sum, fd) => sum + fd.signals, 0);
}

/** The memory of the rings, taken once; each start finds them empty. */
function makeRings(world: World, queueCount: number) {
  const { memory, config } = world;
  const layout = ringLayout('split', config.virtqueue.size);
  const gpas = Array.from({ length: queueCount }, () => ringPages(world, layout));
  return {
    open: (queue: number, kick: Notifier, featuresLo: number): DriverRing => {
      const { ring, tables } = gpas[queue]!;
      memory.vmm.fill(ring, 0, layout.byteLength);
      const areas = mapRing(memory.vmm, layout, ring);
      assert(areas !== undefined, 'rings lie in the memory of the VMM');
      const driver = new SplitVirtqueue(areas, memory.vmm, layout.size, () => kick.signal(), {
        eventIdx: (featuresLo & EVENT_IDX) !== 0,
        indirect: (featuresLo & INDIRECT_DESC) !== 0 ? tables : undefined,
        callback: () => {},
        queueIndex: queue,
      });
      return {
        driver,
        num: layout.size,
        desc: ring + layout.descriptorsAt,
        avail: ring + layout.driverAt,
        used: ring + layout.deviceAt,
      };
    },
  };
}

function ringPages({ memory, config }: World, layout: RingLayout) {
  const take = (bytes: number): number => {
    const gpa = memory.vmmPages.take(pagesOf(bytes));
    assert(gpa >= 0, "the VMM's memory was made for these rings");
    return gpa;
  };
  const ring = take(layout.byteLength);
  if (!config.virtqueue.indirect) return { ring, tables: undefined };
  return {
    ring,
    tables: new IndirectArea(take(tableBytes(layout.size)), layout.size, MAX_TABLE_ENTRIES),
  };
}
