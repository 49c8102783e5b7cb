import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import * as wire from '../../src/wire/index.ts';
import {
  Ascii,
  ascii,
  Bits,
  Bytes,
  be16,
  be32,
  be64,
  bits,
  type Field,
  Flag,
  flag,
  type LayoutInfo,
  layout,
  U16,
  U32,
  U64,
  u8,
  u64,
} from '../../src/wire/layout.ts';
import { checkProperty, runs } from '../support/runs.ts';

function isLayout(value: unknown): value is LayoutInfo {
  return typeof value === 'object' && value !== null && 'layoutName' in value;
}

/** All layouts that the room exports. */
const layouts = (Object.values(wire) as unknown[]).filter(isLayout);

/** The bits that a field owns, as positions from the start of the structure. */
function ownedBits(field: Field): number[] {
  if (field instanceof Bits || field instanceof Flag) {
    const count = field instanceof Bits ? field.bitCount : 1;
    return [...Array(count).keys()].map((i) => field.at * 8 + field.shift + i);
  }
  return [...Array(field.width * 8).keys()].map((i) => field.at * 8 + i);
}

describe.each(layouts.map((each) => [each.layoutName, each] as const))('%s', (_name, structure) => {
  const fields = Object.entries(structure.fields);

  it('has no two fields that share a bit', () => {
    const owner = new Map<number, string>();
    for (const [name, field] of fields) {
      for (const bit of ownedBits(field)) {
        expect(owner.get(bit), `bit ${bit} of ${name}`).toBeUndefined();
        owner.set(bit, name);
      }
    }
  });

  it('gives back what was set and leaves the neighbours alone', () => {
    checkProperty(
      fc.property(
        fc.nat(fields.length - 1),
        fc.integer(),
        fc.nat(0xffff_ffff),
        (index, seed, value) => {
          const field = fields[index]![1];
          const noise = noiseOf(seed, structure.byteLength);
          const view = new DataView(noise.buffer, noise.byteOffset, noise.length);
          const before = noise.slice();
          setAndCheck(field, view, value);
          const owned = new Set(ownedBits(field));
          for (let bit = 0; bit < structure.byteLength * 8; bit++) {
            const changed = (noise[bit >> 3]! ^ before[bit >> 3]!) & (1 << (bit & 7));
            if (changed !== 0 && !owned.has(bit)) expect.fail(`bit ${bit} changed`);
          }
        },
      ),
      runs(30, 300),
    );
  });
});

function noiseOf(seed: number, length: number): Uint8Array {
  const noise = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[i] = state;
  }
  return noise;
}

function setAndCheck(field: Field, view: DataView, value: number): void {
  if (field instanceof Flag) {
    field.set(view, 0, (value & 1) === 1);
    expect(field.get(view, 0)).toBe((value & 1) === 1);
  } else if (field instanceof Bytes) {
    field.set(view, 0, new Uint8Array([value & 255]));
    expect(field.get(view, 0)[0]).toBe(value & 255);
  } else if (field instanceof Ascii) {
    field.set(view, 0, 'nvme'.slice(0, field.width));
    expect(field.get(view, 0)).toBe('nvme'.slice(0, field.width));
  } else if (field instanceof U64) {
    field.set(view, 0, value * 0x1000);
    expect(field.get(view, 0)).toBe(value * 0x1000);
  } else if (field instanceof U32 || field instanceof U16 || field instanceof Bits) {
    const width = field instanceof Bits ? field.bitCount : field.width * 8;
    const kept = value % 2 ** width;
    field.set(view, 0, kept);
    expect(field.get(view, 0)).toBe(kept);
  }
}

describe('layout', () => {
  const probe = layout('probe', 32, {
    byte: u8(0),
    big16: be16(2),
    big32: be32(4),
    big64: be64(8),
    little64: u64(16),
    middle: bits(24, 5, 7),
    last: flag(24, 31),
    text: ascii(28, 4),
  });
  const fresh = (): DataView => new DataView(new ArrayBuffer(40));

  it('puts big-endian bytes in network order', () => {
    const view = fresh();
    probe.big16.set(view, 4, 0x0102);
    probe.big32.set(view, 4, 0x03040506);
    probe.big64.set(view, 4, 0x1f_0203_0405_0607);
    expect([...new Uint8Array(view.buffer, 6, 14)]).toEqual([
      1, 2, 3, 4, 5, 6, 0, 0x1f, 2, 3, 4, 5, 6, 7,
    ]);
  });

  it('reads a 64-bit number exactly below 2^53 and as 2^53 from there on', () => {
    const view = fresh();
    probe.little64.hi.set(view, 0, 0x1f_ffff);
    probe.little64.lo.set(view, 0, 0xffff_ffff);
    expect(probe.little64.get(view, 0)).toBe(Number.MAX_SAFE_INTEGER);
    probe.little64.hi.set(view, 0, 0xffff_ffff);
    expect(probe.little64.get(view, 0)).toBe(2 ** 53);
    expect(probe.little64.lo.get(view, 0)).toBe(0xffff_ffff);
  });

  it('fills text with spaces and replaces what is no ASCII', () => {
    const view = fresh();
    probe.text.set(view, 0, 'é');
    expect([...new Uint8Array(view.buffer, 28, 4)]).toEqual([0x3f, 0x20, 0x20, 0x20]);
    expect(probe.text.get(view, 0)).toBe('?');
  });

  it('refuses a field that does not fit', () => {
    expect(() => layout('small', 4, { wide: u64(0) })).toThrow(InvariantError);
    expect(() => bits(0, 30, 3)).toThrow(InvariantError);
  });
});
