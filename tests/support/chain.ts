/** Chains as a device pops them, made by hand. */
import { SgList } from '../../src/base/index.ts';
import type { VirtqueueChain } from '../../src/interfaces/index.ts';

/** (address, length) pairs. */
export type Segments = readonly (readonly [number, number])[];

/** A chain of these segments. */
export function makeChain(id: number, readable: Segments, writable: Segments): VirtqueueChain {
  return {
    id,
    descriptorCount: readable.length + writable.length,
    readable: listOf(readable),
    writable: listOf(writable),
  };
}

/** A list of these segments. */
export function listOf(segments: Segments): SgList {
  const list = new SgList(8);
  for (const [gpa, length] of segments) list.pushAddress(gpa, length);
  return list;
}
