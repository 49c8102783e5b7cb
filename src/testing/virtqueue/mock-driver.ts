/** A driver that writes rings by hand, legal or not: what a device side is tested against. VIRTIO 1.3, 2.7 and 2.8. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { VirtqueueAreas } from '../../interfaces/virtqueue.ts';

/** A descriptor as it is written; what is left out is zero. */
export interface MockDescriptor {
  /** Address, below 2^53. */
  readonly gpa?: number;
  /** High half of the address, when it is to be another than that of `gpa`. */
  readonly gpaHi?: number;
  /** Length in bytes. */
  readonly length?: number;
  /** Flags: 1 NEXT, 2 WRITE, 4 INDIRECT; on a packed ring 0x80 AVAIL and 0x8000 USED. */
  readonly flags?: number;
  /** Next descriptor (split). */
  readonly next?: number;
  /** Buffer id (packed). */
  readonly id?: number;
}

/** An entry of the used ring: id, length. */
export type MockUsed = readonly [id: number, length: number];

/** Writes an indirect table at `gpa`: flags and `next` as on a split ring, or flags and `id` as on a packed one. */
export function writeTable(
  memory: GuestMemory,
  gpa: number,
  format: 'split' | 'packed',
  descriptors: readonly MockDescriptor[],
): void {
  descriptors.forEach((descriptor, i) => {
    wordsOf(descriptor, format).forEach((word, k) => {
      memory.write32(gpa + 16 * i + 4 * k, word);
    });
  });
}

/** The driver's side of a split ring, by hand. */
export class MockSplitDriver {
  readonly #areas: VirtqueueAreas;
  readonly #size: number;
  #availIdx = 0;
  #lastUsed = 0;

  constructor(areas: VirtqueueAreas, size: number) {
    this.#areas = areas;
    this.#size = size;
  }

  /** Writes descriptor `index`. */
  describe(index: number, descriptor: MockDescriptor): void {
    wordsOf(descriptor, 'split').forEach((word, k) => {
      this.#areas.descriptors.set32(16 * index + 4 * k, word);
    });
  }

  /** Writes descriptors `first ..`, each linked to the next one, and makes the chain available. */
  send(first: number, descriptors: readonly MockDescriptor[]): void {
    descriptors.forEach((descriptor, i) => {
      const more = i < descriptors.length - 1;
      const flags = (descriptor.flags ?? 0) | (more ? 1 : 0);
      this.describe(first + i, { ...descriptor, flags, next: descriptor.next ?? first + i + 1 });
    });
    this.offer(first);
  }

  /** Makes the chain at `head` available; `head` may be anything of 16 bits. */
  offer(head: number): void {
    this.#areas.driver.set16(4 + 2 * (this.#availIdx % this.#size), head);
    this.publish(this.#availIdx + 1);
  }

  /** Sets the available index; any value of 16 bits. */
  publish(index: number): void {
    this.#availIdx = index & 0xffff;
    this.#areas.driver.set16(2, this.#availIdx);
  }

  /** What the device used since the last call. */
  takeUsed(): MockUsed[] {
    const used: MockUsed[] = [];
    const { device } = this.#areas;
    for (; device.get16(2) !== this.#lastUsed; this.#lastUsed = (this.#lastUsed + 1) & 0xffff) {
      const at = 4 + 8 * (this.#lastUsed % this.#size);
      used.push([device.get32(at), device.get32(at + 4)]);
    }
    return used;
  }
}

/** The driver's side of a packed ring, by hand. */
export class MockPackedDriver {
  readonly #areas: VirtqueueAreas;
  readonly #size: number;
  #slot = 0;
  #wrap = 1;

  constructor(areas: VirtqueueAreas, size: number) {
    this.#areas = areas;
    this.#size = size;
  }

  /** Writes slot `slot` exactly so. */
  describe(slot: number, descriptor: MockDescriptor): void {
    wordsOf(descriptor, 'packed').forEach((word, k) => {
      this.#areas.descriptors.set32(16 * slot + 4 * k, word);
    });
  }

  /** Writes a chain into the next slots, linked by NEXT and available, the first one last. */
  send(descriptors: readonly MockDescriptor[]): void {
    const writes = descriptors.map((descriptor, i) => {
      const slot = this.#slot;
      const more = i < descriptors.length - 1 ? 1 : 0;
      const flags = (descriptor.flags ?? 0) | more | (this.#wrap === 1 ? 0x80 : 0x8000);
      this.#slot = (slot + 1) % this.#size;
      if (this.#slot === 0) this.#wrap ^= 1;
      return () => this.describe(slot, { ...descriptor, flags });
    });
    for (const write of writes.reverse()) write();
  }

  /** The flags of slot `slot`. */
  flagsOf(slot: number): number {
    return this.#areas.descriptors.get16(16 * slot + 14);
  }

  /** Id and length of slot `slot`. */
  usedAt(slot: number): MockUsed {
    const { descriptors } = this.#areas;
    return [descriptors.get16(16 * slot + 12), descriptors.get32(16 * slot + 8)];
  }
}

function wordsOf(descriptor: MockDescriptor, format: 'split' | 'packed'): number[] {
  const { gpa = 0, gpaHi = Math.floor(gpa / 2 ** 32), length = 0, flags = 0 } = descriptor;
  const last =
    format === 'split'
      ? ((descriptor.next ?? 0) << 16) | flags
      : (flags << 16) | (descriptor.id ?? 0);
  return [gpa >>> 0, gpaHi >>> 0, length >>> 0, last >>> 0];
}
