import { describe, expect, it } from 'vitest';
import { SgList } from '../../../src/base/sg-list.ts';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { IoSlot, SlotKind } from '../../../src/target/nvme/io-slot.ts';

describe('IoSlot', () => {
  it('is made free: without a command, a port or ranges', () => {
    const slot = new IoSlot(
      new RegionMemory([{ base: 0, size: 4 }]),
      new SgList(),
      () => undefined,
    );
    expect(slot).toMatchObject({ kind: SlotKind.single, rangeCount: 0, epoch: 0, status: 0 });
    expect([slot.nvme, slot.port, slot.ranges, slot.done]).toEqual(new Array(4).fill(undefined));
  });
});
