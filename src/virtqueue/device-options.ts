/** What the device sides of both formats take beside their ring, and why they give up on one. */

/**
 * How strictly a device reads a ring.
 *
 * - `strict`: everything that VIRTIO 1.3 forbids a driver latches the queue.
 * - `vringh` (split only): the rules of Linux's vringh. An indirect descriptor may have NEXT, which goes on behind the table; empty segments, tables
 *   without the feature and any number of chains are accepted; a bad chain is refused alone and the next one is taken; a driver that
 *   does not use the event index is signalled even when nothing was used.
 */
export type Leniency = 'strict' | 'vringh';

/** Options of the device sides: the negotiated features, and how strict to be. */
export interface VirtqueueDeviceOptions {
  /** VIRTIO_F_RING_EVENT_IDX. Default false. */
  readonly eventIdx?: boolean | undefined;
  /** VIRTIO_F_INDIRECT_DESC. Default false: an indirect descriptor breaks the queue. */
  readonly indirect?: boolean | undefined;
  /** VIRTIO_F_IN_ORDER: chains become visible as used in the order in which they were popped, whatever the order of `addUsed`. Default false. */
  readonly inOrder?: boolean | undefined;
  /** Default `strict`. */
  readonly leniency?: Leniency | undefined;
  /** Accept segments that the memory does not map, for a device that translates addresses by itself. Default false. */
  readonly acceptUnmapped?: boolean | undefined;
}

/** The most descriptors that an indirect table may have. */
export const MAX_TABLE_COUNT = 65536;

/** The most bytes of one chain. VIRTIO 1.3, 2.7.4: at most 2^32. */
export const MAX_CHAIN_BYTES = 2 ** 32;

/** Why a device side holds its queue for broken. */
export const DeviceFault = {
  indexJump: 'available index jumped past the queue size',
  headRange: 'available entry names no descriptor',
  idRange: 'buffer id out of range',
  idInFlight: 'buffer id is in flight already',
  tooManyInFlight: 'more chains are in flight than the queue holds',
  loop: 'descriptor chain is longer than its table',
  nextRange: 'next descriptor out of range',
  readableAfterWritable: 'readable descriptor after a writable one',
  zeroLength: 'descriptor of length zero',
  rangeWraps: 'descriptor runs past the end of the address space',
  chainTooLong: 'chain has more than 2^32 bytes',
  unmapped: 'descriptor names unmapped memory',
  indirectNotNegotiated: 'indirect descriptor without the feature',
  indirectAndNext: 'indirect descriptor with NEXT',
  nestedIndirect: 'indirect descriptor inside an indirect table',
  tableLength: 'indirect table of a wrong length',
  tableUnmapped: 'indirect table in unmapped memory',
} as const;
/** One of {@link DeviceFault}. */
export type DeviceFault = (typeof DeviceFault)[keyof typeof DeviceFault];
