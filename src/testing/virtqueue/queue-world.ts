/** A virtqueue under test with both sides, its memory and the two notifications between them. */
import { SgList } from '../../base/sg-list.ts';
import type { RingMemory } from '../../interfaces/ring-memory.ts';
import type {
  VirtqueueAreas,
  VirtqueueChain,
  VirtqueueDevice,
  VirtqueueDriver,
} from '../../interfaces/virtqueue.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { IndirectArea } from '../../virtqueue/indirect-tables.ts';
import {
  mapRing,
  type RingForm,
  type RingFormat,
  ringLayout,
} from '../../virtqueue/ring-layout.ts';
import type { VirtqueueImplementation } from './implementation.ts';

/** Shape and features of a queue under test. */
export interface QueueConfig {
  readonly format: RingFormat;
  /** Queue size in descriptors. */
  readonly size: number;
  readonly eventIdx: boolean;
  readonly indirect: boolean;
  readonly inOrder: boolean;
}

/** Where the segments of buffers may lie. */
export const DATA_BASE = 0x100_0000;
/** Bytes at {@link DATA_BASE}. */
export const DATA_BYTES = 0x10_0000;

const RING_BASE = 0x1_0000;
const RING_BYTES = 0x2_0000;
const TABLES_BASE = 0x10_0000;
const TABLE_ENTRIES = 16;

/** Both sides of a fresh queue. */
export class QueueWorld {
  /** Ring, tables and data. */
  readonly memory: RegionMemory;
  /** The ring's areas, as both sides see them. */
  readonly areas: VirtqueueAreas;
  /** Driver side. */
  readonly driver: VirtqueueDriver;
  /** Device side. */
  readonly device: VirtqueueDevice;
  /** The driver notified, and the device has not looked since. */
  isKicked = false;
  /** The device called, and the driver has not looked since. */
  isCalled = false;

  /** @param wrap puts something between a side and an area, such as a recorder */
  constructor(
    implementation: VirtqueueImplementation,
    config: QueueConfig,
    form: RingForm = 'typed',
    wrap: (area: RingMemory, side: 'driver' | 'device') => RingMemory = (area) => area,
  ) {
    const { format, size, indirect } = config;
    this.memory = new RegionMemory([
      { base: RING_BASE, size: RING_BYTES },
      { base: TABLES_BASE, size: size * TABLE_ENTRIES * 16 },
      { base: DATA_BASE, size: DATA_BYTES },
    ]);
    this.areas = mapRing(this.memory, ringLayout(format, size), RING_BASE, form)!;
    const areasOf = (side: 'driver' | 'device'): VirtqueueAreas => ({
      descriptors: wrap(this.areas.descriptors, side),
      driver: wrap(this.areas.driver, side),
      device: wrap(this.areas.device, side),
    });
    const setup = { ...config, memory: this.memory };
    this.driver = implementation.createDriver({
      ...setup,
      areas: areasOf('driver'),
      tables: indirect ? new IndirectArea(TABLES_BASE, size, TABLE_ENTRIES) : undefined,
      notify: () => {
        this.isKicked = true;
        return true;
      },
      callback: () => {},
    });
    this.device = implementation.createDevice({
      ...setup,
      areas: areasOf('device'),
      leniency: 'strict',
      acceptUnmapped: false,
    });
  }
}

/** An empty chain for `pop`. */
export function makeChain(): VirtqueueChain {
  return { id: 0, descriptorCount: 0, readable: new SgList(), writable: new SgList() };
}
