import { describe, expect, it } from 'vitest';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { callRing, typedRing } from '../../src/memory/ring-memory.ts';

describe.each([
  ['typed', typedRing],
  ['call', callRing],
])('the %s ring', (_name, make) => {
  it('reads and writes little-endian at byte positions', () => {
    const memory = new RegionMemory([{ base: 0x1000, size: 4096 }]);
    const ring = make(memory, 0x1100, 64)!;
    ring.set16(2, 0xabcd);
    ring.set32(4, 0xdead_beef);
    expect([ring.get16(2), ring.get32(4), ring.get16(4)]).toEqual([0xabcd, 0xdead_beef, 0xbeef]);
    expect(memory.read8(0x1102)).toBe(0xcd);
    expect(memory.read32(0x1104)).toBe(0xdead_beef);
  });

  it('does not come into being over a hole', () => {
    const memory = new RegionMemory([{ base: 0x1000, size: 4096 }]);
    expect(make(memory, 0x1fe0, 64)).toBeUndefined();
  });
});

it('a typed ring needs stable bytes, a call ring does not', () => {
  const memory = new RecordingMemory(new RegionMemory([{ base: 0, size: 4096 }]));
  expect(typedRing(memory, 0, 64)).toBeUndefined();
  callRing(memory, 0, 64)!.set16(6, 1);
  expect(memory.accesses).toEqual([{ write: true, gpa: 6, length: 2 }]);
});

it('a call ring whose memory is partly unmapped reads 0 and drops writes there', () => {
  const memory = new RegionMemory([{ base: 0, size: 64 }]);
  const ring = callRing(memory, 0, 64)!;
  ring.set32(100, 5);
  expect([ring.get16(100), ring.get32(100)]).toEqual([0, 0]);
});
