/** Arithmetic on 16-bit ring indices, which wrap. VIRTIO 1.3, 2.7.13 and 2.8.22. */

/** `a + b` in 16 bits. */
export function add16(a: number, b: number): number {
  return (a + b) & 0xffff;
}

/** `a - b` in 16 bits: how far `a` is ahead of `b`. */
export function sub16(a: number, b: number): number {
  return (a - b) & 0xffff;
}

/**
 * Did the index pass `event` when it moved from `oldIndex` to `newIndex`?
 *
 * True when `event` is one of `oldIndex .. newIndex - 1` on the 16-bit circle. VIRTIO 1.3, 2.7.10.
 */
export function needEvent(event: number, newIndex: number, oldIndex: number): boolean {
  return sub16(newIndex, event + 1) < sub16(newIndex, oldIndex);
}
