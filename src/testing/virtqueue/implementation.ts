/** What a virtqueue implementation has to offer to be replayed and checked. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type {
  VirtqueueAreas,
  VirtqueueDevice,
  VirtqueueDriver,
} from '../../interfaces/virtqueue.ts';
import type { Leniency } from '../../virtqueue/device-options.ts';
import type { NotifyHook } from '../../virtqueue/driver-options.ts';
import type { IndirectTables } from '../../virtqueue/indirect-tables.ts';
import { PackedVirtqueue } from '../../virtqueue/packed-virtqueue.ts';
import { PackedVirtqueueDevice } from '../../virtqueue/packed-virtqueue-device.ts';
import type { RingFormat } from '../../virtqueue/ring-layout.ts';
import { SplitVirtqueue } from '../../virtqueue/split-virtqueue.ts';
import { SplitVirtqueueDevice } from '../../virtqueue/split-virtqueue-device.ts';

/** What both sides of a queue under test get. */
export interface QueueSetup {
  /** Format of the ring. */
  readonly format: RingFormat;
  /** Queue size in descriptors. */
  readonly size: number;
  /** The ring, all zero. */
  readonly areas: VirtqueueAreas;
  /** Where indirect tables and segments lie. */
  readonly memory: GuestMemory;
  /** VIRTIO_F_RING_EVENT_IDX. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_IN_ORDER. */
  readonly inOrder: boolean;
}

/** What the driver side gets. */
export interface DriverSetup extends QueueSetup {
  /** Where indirect tables go, when VIRTIO_F_INDIRECT_DESC is negotiated. */
  readonly tables: IndirectTables | undefined;
  /** Notifies the device. */
  readonly notify: NotifyHook;
  /** Runs in `interrupt`. */
  readonly callback: (() => void) | undefined;
}

/** What the device side gets. */
export interface DeviceSetup extends QueueSetup {
  /** VIRTIO_F_INDIRECT_DESC. */
  readonly indirect: boolean;
  /** How strict to be. */
  readonly leniency: Leniency;
  /** Must segments be accepted that `memory` does not map? */
  readonly acceptUnmapped: boolean;
}

/** Makes the two sides of a queue: the subject of a replay or a compliance suite. */
export interface VirtqueueImplementation {
  /** Makes a driver side on a ring that is all zero. */
  createDriver(setup: DriverSetup): VirtqueueDriver;
  /** Makes a device side on a ring that is all zero. */
  createDevice(setup: DeviceSetup): VirtqueueDevice;
}

/** The implementation of this library. */
export const libraryVirtqueue: VirtqueueImplementation = {
  createDriver(setup) {
    const Driver = setup.format === 'split' ? SplitVirtqueue : PackedVirtqueue;
    return new Driver(setup.areas, setup.memory, setup.size, setup.notify, {
      eventIdx: setup.eventIdx,
      inOrder: setup.inOrder,
      indirect: setup.tables,
      callback: setup.callback,
    });
  },
  createDevice(setup) {
    const Device = setup.format === 'split' ? SplitVirtqueueDevice : PackedVirtqueueDevice;
    return new Device(setup.areas, setup.memory, setup.size, setup);
  },
};
