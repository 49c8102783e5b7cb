/** Where the parts of a ring lie, and the bits in them. VIRTIO 1.3, 2.7 (split) and 2.8 (packed). */
import { ConfigError } from '../base/assert.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import type { VirtqueueAreas } from '../interfaces/virtqueue.ts';
import { callRing, typedRing } from '../memory/ring-memory.ts';

/** Bytes of one descriptor, in a ring and in an indirect table. */
export const DESC_BYTES = 16;
/** 32-bit words of one descriptor. */
export const DESC_WORDS = 4;

/** Descriptor flag: the chain goes on. */
export const DESC_NEXT = 1;
/** Descriptor flag: the device writes here. */
export const DESC_WRITE = 2;
/** Descriptor flag: an indirect table lies here. */
export const DESC_INDIRECT = 4;
/** Packed descriptor flag: equals the driver's wrap counter when available. */
export const DESC_AVAIL = 1 << 7;
/** Packed descriptor flag: equals the device's wrap counter when used. */
export const DESC_USED = 1 << 15;

/** Split, in `avail.flags` and `used.flags`: the other side wants no notification. */
export const RING_NO_NOTIFY = 1;

/** Packed event structure: notify always. */
export const EVENT_ENABLE = 0;
/** Packed event structure: notify never. */
export const EVENT_DISABLE = 1;
/** Packed event structure: notify at one descriptor. */
export const EVENT_DESC = 2;

/** Split driver and device area: byte offset of the index. */
export const IDX_AT = 2;
/** Split driver and device area: byte offset of the first entry. */
export const ENTRIES_AT = 4;

/** The largest queue. */
export const MAX_QUEUE_SIZE = 32768;

/** Format of a ring. */
export type RingFormat = 'split' | 'packed';

/** Where the three areas of a ring begin, in bytes, and how long they are. */
export interface RingLayout {
  /** Format. */
  readonly format: RingFormat;
  /** Queue size in descriptors. */
  readonly size: number;
  /** Offset of the descriptor area: 0. */
  readonly descriptorsAt: number;
  /** Offset of the driver area (split: available ring; packed: driver event suppression). */
  readonly driverAt: number;
  /** Offset of the device area (split: used ring; packed: device event suppression). */
  readonly deviceAt: number;
  /** Bytes of the descriptor area. */
  readonly descriptorsBytes: number;
  /** Bytes of the driver area. */
  readonly driverBytes: number;
  /** Bytes of the device area. */
  readonly deviceBytes: number;
  /** Bytes from the first to the last. */
  readonly byteLength: number;
}

/**
 * The areas of a ring laid out behind each other: split as Linux does it (`vring_init`), the used ring at a multiple of `align`.
 *
 * @throws ConfigError when the size is none that the format has (split: a power of two; at most 32768)
 */
export function ringLayout(format: RingFormat, size: number, align = 4): RingLayout {
  checkQueueSize(format, size);
  if (!Number.isInteger(align) || align < 4 || (align & (align - 1)) !== 0) {
    throw new ConfigError('align', align, 'a power of two, 4 or more');
  }
  const descriptorsBytes = size * DESC_BYTES;
  const driverAt = descriptorsBytes;
  const isSplit = format === 'split';
  const driverBytes = isSplit ? 6 + 2 * size : 4;
  const deviceBytes = isSplit ? 6 + 8 * size : 4;
  const driverEnd = driverAt + driverBytes;
  const deviceAt = isSplit ? Math.ceil(driverEnd / align) * align : driverEnd;
  return {
    format,
    size,
    descriptorsAt: 0,
    driverAt,
    deviceAt,
    descriptorsBytes,
    driverBytes,
    deviceBytes,
    byteLength: deviceAt + deviceBytes,
  };
}

/** Throws a ConfigError when `size` is none that a queue of this format has. */
export function checkQueueSize(format: RingFormat, size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > MAX_QUEUE_SIZE) {
    throw new ConfigError('size', size, `an integer 1..${MAX_QUEUE_SIZE}`);
  }
  if (format === 'split' && (size & (size - 1)) !== 0) {
    throw new ConfigError('size', size, 'a power of two for a split ring');
  }
}

/** How to reach a ring: `typed` on typed arrays where the memory shows stable bytes, `call` through calls always. */
export type RingForm = 'typed' | 'call';

/**
 * The areas at three addresses (descriptor 16-aligned, driver 2-aligned, device 4-aligned), of which only the sizes are taken from `layout`.
 *
 * Undefined when one is not wholly mapped. In the form `typed` all three are typed, or else all three are calls.
 */
export function mapAreas(
  memory: GuestMemory,
  layout: RingLayout,
  gpas: { readonly descriptors: number; readonly driver: number; readonly device: number },
  form: RingForm = 'typed',
): VirtqueueAreas | undefined {
  const open = (take: typeof typedRing): VirtqueueAreas | undefined => {
    // A typed ring is made of whole words; the padding byte pairs at its end are harmless to view.
    const descriptors = take(memory, gpas.descriptors, layout.descriptorsBytes);
    const driver = take(memory, gpas.driver, layout.driverBytes);
    const device = take(memory, gpas.device, layout.deviceBytes);
    if (descriptors === undefined || driver === undefined || device === undefined) return undefined;
    return { descriptors, driver, device };
  };
  return (form === 'typed' ? open(typedRing) : undefined) ?? open(callRing);
}

/** {@link mapAreas} for a ring that lies in one piece at `gpa` (a multiple of 16). */
export function mapRing(
  memory: GuestMemory,
  layout: RingLayout,
  gpa: number,
  form: RingForm = 'typed',
): VirtqueueAreas | undefined {
  const gpas = {
    descriptors: gpa + layout.descriptorsAt,
    driver: gpa + layout.driverAt,
    device: gpa + layout.deviceAt,
  };
  return mapAreas(memory, layout, gpas, form);
}

/** Sets all 16-bit positions of an area to zero, by single writes. */
export function clearArea(area: RingMemory, byteLength: number): void {
  for (let at = 0; at < byteLength; at += 2) area.set16(at, 0);
}
