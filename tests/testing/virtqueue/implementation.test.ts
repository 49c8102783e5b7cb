import { expect, it } from 'vitest';
import { libraryVirtqueue, QueueWorld } from '../../../src/testing/virtqueue/index.ts';
import {
  PackedVirtqueue,
  PackedVirtqueueDevice,
  SplitVirtqueue,
  SplitVirtqueueDevice,
} from '../../../src/virtqueue/index.ts';

it('the library has both sides of both formats', () => {
  const features = { size: 2, eventIdx: false, indirect: false, inOrder: false };
  const split = new QueueWorld(libraryVirtqueue, { ...features, format: 'split' });
  expect(split.driver).toBeInstanceOf(SplitVirtqueue);
  expect(split.device).toBeInstanceOf(SplitVirtqueueDevice);
  const packed = new QueueWorld(libraryVirtqueue, { ...features, format: 'packed' });
  expect(packed.driver).toBeInstanceOf(PackedVirtqueue);
  expect(packed.device).toBeInstanceOf(PackedVirtqueueDevice);
});
