/** Both ends of split rings in shared memory, as a road wires them. */
import type { GuestMemory, VirtqueueDeviceFactory } from '../../src/interfaces/index.ts';
import {
  IndirectArea,
  mapAreas,
  mapRing,
  ringLayout,
  SplitVirtqueue,
  SplitVirtqueueDevice,
} from '../../src/virtqueue/index.ts';
import type { DriverRingFactory } from '../../src/vmm/index.ts';

const EVENT_IDX = 1 << 29;
const INDIRECT = 1 << 28;
const TABLE_COUNT = 64;

/** Bytes from one queue's memory to the next: ring and indirect tables. */
export function queueBytes(size: number): number {
  const ring = Math.ceil(ringLayout('split', size).byteLength / 4096) * 4096;
  return ring + Math.ceil((size * TABLE_COUNT * 16) / 4096) * 4096;
}

/** The VMM's end: queue `i` lies at `base + i * queueBytes(size)`. */
export function splitDrivers(memory: GuestMemory, base: number, size: number): DriverRingFactory {
  return (queue, kick, featuresLo) => {
    const layout = ringLayout('split', size);
    const desc = base + queue * queueBytes(size);
    memory.fill(desc, 0, layout.byteLength);
    const tables = desc + Math.ceil(layout.byteLength / 4096) * 4096;
    const hasTables = (featuresLo & INDIRECT) !== 0 && size > 1;
    const driver = new SplitVirtqueue(
      mapRing(memory, layout, desc)!,
      memory,
      size,
      kick.signal.bind(kick),
      {
        eventIdx: (featuresLo & EVENT_IDX) !== 0,
        indirect: hasTables ? new IndirectArea(tables, size, TABLE_COUNT) : undefined,
      },
    );
    return { driver, num: size, desc, avail: desc + layout.driverAt, used: desc + layout.deviceAt };
  };
}

/** The host's end. What a guest names need not be mapped: that is an error of its command, not of the ring. */
export const splitDevices: VirtqueueDeviceFactory = (memory, start) => {
  const { desc, avail, used, num, featuresLo } = start;
  const layout = ringLayout('split', num);
  const areas = mapAreas(memory, layout, { descriptors: desc, driver: avail, device: used });
  if (areas === undefined || start.base !== 0) return undefined;
  return new SplitVirtqueueDevice(areas, memory, num, {
    eventIdx: (featuresLo & EVENT_IDX) !== 0,
    indirect: (featuresLo & INDIRECT) !== 0,
    acceptUnmapped: true,
  });
};
