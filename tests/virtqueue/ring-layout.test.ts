import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/index.ts';
import { CallRing, RegionMemory, TypedRing } from '../../src/memory/index.ts';
import {
  checkQueueSize,
  clearArea,
  mapAreas,
  mapRing,
  ringLayout,
} from '../../src/virtqueue/ring-layout.ts';

describe('the layout of a ring', () => {
  it('puts a split ring where vring_init does', () => {
    const { driverAt, deviceAt, driverBytes, deviceBytes, byteLength } = ringLayout(
      'split',
      256,
      4096,
    );
    expect({ driverAt, deviceAt, driverBytes, deviceBytes, byteLength }).toEqual({
      driverAt: 4096,
      deviceAt: 8192,
      driverBytes: 518,
      deviceBytes: 2054,
      byteLength: 10_246,
    });
    expect(ringLayout('split', 1, 4).deviceAt).toBe(24);
    expect(ringLayout('split', 4, 16).deviceAt).toBe(80);
  });

  it('puts the event structures of a packed ring behind its descriptors', () => {
    const { driverAt, deviceAt, byteLength } = ringLayout('packed', 21);
    expect([driverAt, deviceAt, byteLength]).toEqual([336, 340, 344]);
  });

  it.each([
    ['split', 0],
    ['split', 3],
    ['split', 65_536],
    ['packed', 32_769],
    ['packed', 1.5],
    ['packed', Number.NaN],
  ] as const)('refuses a %s ring of %d', (format, size) => {
    expect(() => checkQueueSize(format, size)).toThrow(ConfigError);
  });

  it('accepts both limits and refuses an alignment that is none', () => {
    checkQueueSize('split', 32_768);
    checkQueueSize('packed', 32_767);
    expect(() => ringLayout('split', 4, 6)).toThrow(/align/);
    expect(() => ringLayout('split', 4, 2)).toThrow(/align/);
  });
});

describe('mapping a ring', () => {
  const memory = new RegionMemory([{ base: 0x1000, size: 0x1000 }]);

  it('shows typed arrays where it can, and calls where it is told to or must', () => {
    const layout = ringLayout('split', 4);
    expect(mapRing(memory, layout, 0x1000)!.device).toBeInstanceOf(TypedRing);
    expect(mapRing(memory, layout, 0x1000, 'call')!.device).toBeInstanceOf(CallRing);
    // A driver area needs an alignment of 2 only; a mixture of forms would slow both.
    const odd = mapAreas(memory, layout, { descriptors: 0x1000, driver: 0x1102, device: 0x1200 })!;
    expect(odd.driver).toBeInstanceOf(CallRing);
    expect(odd.descriptors).toBeInstanceOf(CallRing);
    odd.driver.set16(2, 7);
    expect(memory.read16(0x1104)).toBe(7);
  });

  it('is undefined when an area is not wholly mapped', () => {
    const layout = ringLayout('packed', 16);
    expect(mapRing(memory, layout, 0x2000 - layout.byteLength)).toBeDefined();
    expect(mapRing(memory, layout, 0x2010 - layout.byteLength)).toBeUndefined();
    expect(mapRing(memory, layout, 0x2010 - layout.byteLength, 'call')).toBeUndefined();
  });

  it('clears an area to its last byte', () => {
    const layout = ringLayout('packed', 1);
    const { descriptors } = mapRing(memory, layout, 0x1000)!;
    for (let at = 0; at < 16; at += 4) descriptors.set32(at, 0xffff_ffff);
    clearArea(descriptors, 16);
    for (let at = 0; at < 16; at += 4) expect(descriptors.get32(at)).toBe(0);
  });
});
