import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SgList } from '../../src/base/sg-list.ts';
import type { GuestMemory } from '../../src/interfaces/guest-memory.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { RecordingMemory } from '../../src/memory/recording-memory.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { expectSameBytes } from '../support/bytes.ts';
import { checkProperty, runs } from '../support/runs.ts';

const STORE = 5 * 4096 + 512;
const RAM = 8 * 4096;

/** Splits `length` bytes of guest memory from `gpa` on into segments at the given cuts. */
function segments(gpa: number, length: number, cuts: readonly number[]): SgList {
  const sg = new SgList();
  const borders = [0, ...cuts.map((cut) => cut % (length + 1)), length].sort((a, b) => a - b);
  for (let i = 1; i < borders.length; i++) {
    sg.pushAddress(gpa + borders[i - 1]!, borders[i]! - borders[i - 1]!);
  }
  return sg;
}

describe('PageStore', () => {
  it('equals an array of bytes for any transfer, through pages, words and bytes alike', () => {
    const step = fc.record({
      op: fc.constantFrom('write', 'read', 'zero', 'store'),
      offset: fc.oneof(
        fc.nat(STORE),
        fc.nat(5).map((page) => page * 4096),
      ),
      gpa: fc.oneof(
        fc.nat(RAM / 2),
        fc.nat(3).map((page) => page * 4096),
      ),
      length: fc.oneof(fc.nat(9000), fc.constantFrom(0, 512, 4096, 8192)),
      cuts: fc.array(fc.nat(9000), { maxLength: 3 }),
      seed: fc.nat(255),
    });
    checkProperty(
      fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, recorded) => {
        const ram = new RegionMemory([{ base: 0, size: RAM }]);
        const memory: GuestMemory = recorded ? new RecordingMemory(ram) : ram;
        const store = new PageStore(STORE);
        const model = new Uint8Array(STORE);
        for (const { op, offset, gpa, length: wanted, cuts, seed } of steps) {
          const length = Math.min(wanted, STORE - offset);
          const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);
          const sg = segments(gpa, length, cuts);
          if (op === 'write') {
            ram.store(gpa, bytes, 0, length);
            expect(store.writeFrom(offset, memory, sg, 0, length)).toBe(true);
            model.set(bytes, offset);
          } else if (op === 'store') {
            store.store(offset, bytes, 0, length);
            model.set(bytes, offset);
          } else if (op === 'zero') {
            store.zero(offset, length);
            model.fill(0, offset, offset + length);
          } else {
            expect(store.readTo(offset, memory, sg, 0, length)).toBe(true);
            const got = new Uint8Array(length);
            ram.load(gpa, got, 0, length);
            expectSameBytes(got, model.subarray(offset, offset + length));
          }
        }
        const all = new Uint8Array(STORE);
        store.load(0, all, 0, STORE);
        expectSameBytes(all, model);
      }),
      runs(100, 1_000),
    );
  });

  it('starts inside the list at the byte that is asked for', () => {
    const ram = new RegionMemory([{ base: 0, size: RAM }]);
    ram.store(
      0,
      Uint8Array.from({ length: 64 }, (_, i) => i),
      0,
      64,
    );
    const sg = new SgList();
    sg.pushAddress(0, 10);
    sg.pushAddress(32, 10);
    const store = new PageStore(4096);
    store.writeFrom(100, ram, sg, 8, 6);
    const got = new Uint8Array(6);
    store.load(100, got, 0, 6);
    expect([...got]).toEqual([8, 9, 32, 33, 34, 35]);
  });

  it('moves nothing when one segment is unmapped', () => {
    const ram = new RegionMemory([{ base: 0, size: 4096 }]);
    ram.fill(0, 7, 4096);
    const sg = new SgList();
    sg.pushAddress(0, 512);
    sg.push(0, 0xffff_ffff, 512);
    const store = new PageStore(4096);
    expect(store.writeFrom(0, ram, sg, 0, 1024)).toBe(false);
    expect(store.readTo(0, ram, sg, 0, 1024)).toBe(false);
    const got = new Uint8Array(4096);
    store.load(0, got, 0, 4096);
    expect(got.every((byte) => byte === 0)).toBe(true);
    expect(ram.read8(0)).toBe(7);
  });

  it('refuses a range outside the store', () => {
    const store = new PageStore(1024);
    expect(() => store.zero(1000, 25)).toThrow(InvariantError);
    expect(() => store.load(-1, new Uint8Array(1), 0, 1)).toThrow(InvariantError);
  });
});
