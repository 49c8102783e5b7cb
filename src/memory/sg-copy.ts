/** Bytes between scatter-gather lists and private arrays. For set-up and small structures; bulk data moves through a PageStore. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';

/** Are all segments of `sg` mapped? */
export function sgIsMapped(memory: GuestMemory, sg: SgList): boolean {
  for (let i = 0; i < sg.count; i++) {
    if (!memory.isMapped(sg.gpa(i), sg.lengths[i]!)) return false;
  }
  return true;
}

/**
 * Copies `length` bytes from byte `sgOffset` of `sg` to `into[at ..]`.
 *
 * False when the list is shorter or a segment is unmapped; then some bytes of `into` may have changed.
 */
export function loadSg(
  memory: GuestMemory,
  sg: SgList,
  sgOffset: number,
  into: Uint8Array,
  at: number,
  length: number,
): boolean {
  return copySg(memory, sg, sgOffset, into, at, length, false);
}

/**
 * Copies `from[at ..]`, `length` bytes, to byte `sgOffset` of `sg`.
 *
 * False when the list is shorter or a segment is unmapped; then some bytes of the memory may have changed.
 */
export function storeSg(
  memory: GuestMemory,
  sg: SgList,
  sgOffset: number,
  from: Uint8Array,
  at: number,
  length: number,
): boolean {
  return copySg(memory, sg, sgOffset, from, at, length, true);
}

/**
 * Sets `length` bytes from byte `sgOffset` of `sg` to one value. Makes no garbage.
 *
 * False when the list is shorter or a segment is unmapped; then some bytes of the memory may have changed.
 */
export function fillSg(
  memory: GuestMemory,
  sg: SgList,
  sgOffset: number,
  value: number,
  length: number,
): boolean {
  let skip = sgOffset;
  let left = length;
  for (let i = 0; i < sg.count && left > 0; i++) {
    const have = sg.lengths[i]!;
    if (skip >= have) {
      skip -= have;
      continue;
    }
    const take = Math.min(have - skip, left);
    if (!memory.fill(sg.gpa(i) + skip, value, take)) return false;
    left -= take;
    skip = 0;
  }
  return left === 0;
}

function copySg(
  memory: GuestMemory,
  sg: SgList,
  sgOffset: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  toMemory: boolean,
): boolean {
  let skip = sgOffset;
  let done = 0;
  for (let i = 0; i < sg.count && done < length; i++) {
    const have = sg.lengths[i]!;
    if (skip >= have) {
      skip -= have;
      continue;
    }
    const gpa = sg.gpa(i) + skip;
    const take = Math.min(have - skip, length - done);
    const moved = toMemory
      ? memory.store(gpa, bytes, at + done, take)
      : memory.load(gpa, bytes, at + done, take);
    if (!moved) return false;
    done += take;
    skip = 0;
  }
  return done === length;
}
