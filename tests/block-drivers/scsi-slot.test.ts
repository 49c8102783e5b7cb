import { expect, it } from 'vitest';
import { ScsiSlot } from '../../src/block-drivers/scsi-slot.ts';
import { requestMemory } from './statuses.ts';

it('a slot that ends tells its owner which one it is', () => {
  const ended: number[] = [];
  const slot = new ScsiSlot(3, requestMemory, (each) => ended.push(each.index));
  slot.end(slot);
  expect([ended, slot.data.byteLength, slot.isOut]).toEqual([[3], 0, false]);
});
