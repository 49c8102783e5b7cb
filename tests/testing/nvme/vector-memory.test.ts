import { describe, expect, it } from 'vitest';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import type { NvmeVector } from '../../../src/testing/nvme/nvme-vectors.ts';
import { VectorMemory } from '../../../src/testing/nvme/vector-memory.ts';

function make(buffers: NvmeVector['buffers']): VectorMemory {
  const memory = new RegionMemory([{ base: 0, size: 0x20_0000 }]);
  return new VectorMemory(memory, { buffers } as NvmeVector);
}

describe('VectorMemory', () => {
  it('applies fills in order and resolves addresses in them', () => {
    const memory = make({
      A: { size: 4096, skew: 16, init: [{ byte: 1 }, { off: 2, hex: 'abcd' }] },
      L: {
        size: 64,
        init: [
          { u64: ['A+0x10', 5] },
          { off: 16, u16: [258] },
          { off: 20, u32: [7] },
          { off: 32, sgl: [{ type: 3, sub: 1, addr: 'A', len: 9 }] },
        ],
      },
    });
    expect([...memory.read('A', 0, 5)]).toEqual([1, 1, 0xab, 0xcd, 1]);
    const list = new DataView(memory.read('L').buffer);
    const at = Number(list.getBigUint64(0, true));
    expect(at % 4096).toBe(0x20);
    expect([list.getBigUint64(8, true), list.getUint16(16, true)]).toEqual([5n, 258]);
    expect([list.getUint32(20, true), list.getUint32(40, true)]).toEqual([7, 9]);
    expect([Number(list.getBigUint64(32, true)), list.getUint8(47)]).toEqual([at - 16, 0x31]);
  });

  it('makes the recorded pattern, and entries with an identifier and addresses', () => {
    const memory = make({ A: { size: 4, init: [{ pat: 0 }] }, X: { size: 4, alias: 2 ** 30 } });
    expect([...memory.read('A')]).toEqual(pattern);
    const hex = `02${'00'.repeat(63)}`;
    const words = memory.entry({ hex, reloc: [{ at: 24, expr: 'X+0x10' }] }, 9);
    expect([words[0], words[6], words[7]]).toEqual([2 | (9 << 16), 2 ** 30 + 16, 0]);
    expect(() => memory.read('B')).toThrow("no buffer 'B'");
  });
});

/** The first four steps of the generator from state 1. */
const pattern = ((): number[] => {
  let s = 1;
  return [0, 1, 2, 3].map(() => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return s & 255;
  });
})();
