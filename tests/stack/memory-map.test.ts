import { expect, it } from 'vitest';
import { makeMemoryMap } from '../../src/stack/memory-map.ts';

it('shows the guest its own memory only, and the host all of it at the same addresses', () => {
  const map = makeMemoryMap(4 << 20, 1 << 16, 1 << 16);
  const ring = map.vmmPages.take(1);
  const queue = map.hostPages.take(1);
  const buffer = map.guestBuffers.take(1);
  map.guest.write32(buffer, 1);
  expect(map.host.read32(buffer)).toBe(1);
  expect(map.guest.isMapped(ring, 4096)).toBe(false);
  expect(map.vmm.isMapped(ring, 4096)).toBe(true);
  expect(map.vmm.isMapped(queue, 4096)).toBe(false);
  expect(map.host.isMapped(queue, 4096)).toBe(true);
});

it('hands out no page twice and nothing below 1 MiB', () => {
  const map = makeMemoryMap(2 << 20, 1 << 16, 1 << 16);
  const pages = new Set<number>();
  const pools = [map.guestDriverPages, map.guestBuffers, map.vmmPages, map.hostPages];
  for (const pool of pools) {
    for (let gpa = pool.take(1); gpa >= 0; gpa = pool.take(1)) {
      expect(gpa).toBeGreaterThanOrEqual(1 << 20);
      expect(pages.has(gpa)).toBe(false);
      pages.add(gpa);
    }
  }
});
