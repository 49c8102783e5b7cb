import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { UNMAPPED_ADDRESS } from '../../src/base/sg-list.ts';
import { UNMAPPED } from '../../src/interfaces/guest-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { checkProperty, runs } from '../support/runs.ts';

/** Two adjacent regions, a hole, and a third one whose base is no page border. */
function threeRegions(): RegionMemory {
  return new RegionMemory([
    { base: 0x3004, size: 0x2000 },
    { base: 0x1000, size: 0x400 },
    { base: 0x1400, size: 0xc00 },
  ]);
}

const mapped = (gpa: number): boolean =>
  (gpa >= 0x1000 && gpa < 0x2000) || (gpa >= 0x3004 && gpa < 0x5004);

describe('RegionMemory', () => {
  it('equals an array with holes for any access, and an access that is not wholly mapped moves no byte', () => {
    const access = fc.record({
      op: fc.constantFrom('8', '16', '32', 'store', 'fill', 'words'),
      gpa: fc.oneof(
        fc.integer({ min: 0xff0, max: 0x2010 }),
        fc.integer({ min: 0x2ff0, max: 0x5010 }),
        fc.constantFrom(0, UNMAPPED_ADDRESS, 2 ** 32, -1),
      ),
      value: fc.nat(0xffff_ffff),
      length: fc.nat(40),
    });
    checkProperty(
      fc.property(fc.array(access, { maxLength: 30 }), (accesses) => {
        const memory = threeRegions();
        const model = new Map<number, number>();
        for (const { op, gpa, value, length } of accesses) {
          const at = op === 'words' ? gpa - (gpa & 3) : gpa;
          const bytes = pattern(op, value, length);
          const ok = [...bytes.keys()].every((i) => mapped(at + i));
          expect(write(memory, op, at, value, bytes)).toBe(ok);
          if (ok) for (const [i, byte] of bytes.entries()) model.set(at + i, byte);
          expect(memory.isMapped(at, bytes.length)).toBe(ok);
          expect(readBack(memory, at, bytes.length)).toEqual(
            ok ? [...bytes.keys()].map((i) => model.get(at + i) ?? 0) : undefined,
          );
          for (const width of [1, 2, 4]) {
            const whole = [...Array(width).keys()].every((i) => mapped(gpa + i));
            let expected = 0;
            for (let i = width - 1; i >= 0; i--)
              expected = expected * 256 + (model.get(gpa + i) ?? 0);
            const got = [memory.read8(gpa), memory.read16(gpa), memory.read32(gpa)][width >> 1];
            expect(got).toBe(whole ? expected : UNMAPPED);
          }
        }
      }),
      runs(100, 2_000),
    );
  });

  it('maps no bytes everywhere', () => {
    expect(threeRegions().isMapped(0, 0)).toBe(true);
    expect(threeRegions().load(0, new Uint8Array(0), 0, 0)).toBe(true);
  });

  it('shows one and the same view of a page that lies wholly in one region', () => {
    const memory = new RegionMemory([{ base: 0x1000, size: 0x2800 }]);
    const page = memory.pageForRead(0x2000)!;
    expect(page).toHaveLength(4096);
    expect(memory.pageForWrite(0x2000)).toBe(page);
    memory.write8(0x2005, 9);
    expect(page[5]).toBe(9);
    expect(memory.pageForRead(0x3000)).toBeUndefined();
    expect(memory.pageForRead(0x2800)).toBeUndefined();
    expect(memory.pageForRead(0x8000)).toBeUndefined();
  });

  it('shows a view inside one region only', () => {
    const memory = threeRegions();
    expect(memory.view(0x13f0, 16)).toHaveLength(16);
    expect(memory.view(0x13f0, 17)).toBeUndefined();
    expect(memory.view(0x2500, 1)).toBeUndefined();
  });

  it('shares bytes with another memory', () => {
    const guest = new RegionMemory([{ base: 0, size: 4096 }]);
    const host = new RegionMemory([...guest.regions, { base: 0x10_0000, size: 4096 }]);
    guest.write32(16, 0xdead_beef);
    expect(host.read32(16)).toBe(0xdead_beef);
    expect(guest.isMapped(0x10_0000, 1)).toBe(false);
  });

  it.each([
    [[], /regions: .* at least one region/],
    [[{ base: 0, size: 0 }], /regions\[0\]\.size: 0 .*multiple of 4/],
    [[{ base: 2, size: 8 }], /regions\[0\]\.base: 2 .*multiple of 4/],
    [
      [
        { base: 0, size: 8 },
        { base: 4, size: 8 },
      ],
      /regions\[1\]\.base: 4 .*do not overlap/,
    ],
    [[{ base: 2 ** 53 - 4, size: 8 }], /ends below 2\^53/],
  ])('refuses %j', (specs, message) => {
    expect(() => new RegionMemory(specs)).toThrow(ConfigError);
    expect(() => new RegionMemory(specs)).toThrow(message);
  });
});

function pattern(op: string, value: number, length: number): Uint8Array {
  const width = { '8': 1, '16': 2, '32': 4 }[op];
  if (width !== undefined) {
    return Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) & 255);
  }
  if (op === 'fill') return new Uint8Array(length).fill(value & 255);
  const whole = op === 'words' ? length - (length % 4) : length;
  return Uint8Array.from({ length: whole }, (_, i) => (value + i) & 255);
}

function write(
  memory: RegionMemory,
  op: string,
  at: number,
  value: number,
  bytes: Uint8Array,
): boolean {
  if (op === '8') return memory.write8(at, value & 255);
  if (op === '16') return memory.write16(at, value & 0xffff);
  if (op === '32') return memory.write32(at, value);
  if (op === 'fill') return memory.fill(at, value & 255, bytes.length);
  if (op === 'store') return memory.store(at, bytes, 0, bytes.length);
  return memory.storeWords(at, new Int32Array(bytes.slice().buffer), 0, bytes.length / 4)
    ? true
    : bytes.length === 0;
}

function readBack(memory: RegionMemory, at: number, length: number): number[] | undefined {
  const into = new Uint8Array(length);
  if (!memory.load(at, into, 0, length)) return undefined;
  if (length % 4 === 0 && at % 4 === 0) {
    const words = new Int32Array(length / 4);
    memory.loadWords(at, words, 0, words.length);
    expect(new Uint8Array(words.buffer)).toEqual(into);
  }
  return [...into];
}
