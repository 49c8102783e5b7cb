/** What the driver sides of both formats take beside their ring. */
import type { IndirectTables } from './indirect-tables.ts';

/**
 * Tells the device to look at the queue; false when that failed, and then the queue is broken.
 *
 * @param data the queue index, and with `notificationData` the position of the next available entry in its upper half (VIRTIO 1.3, 4.1.5.2)
 */
export type NotifyHook = (data: number) => boolean;

/** Options of the driver sides: the negotiated features, and what they need. */
export interface VirtqueueDriverOptions {
  /** VIRTIO_F_RING_EVENT_IDX: one event index in place of the flags. Default false. */
  readonly eventIdx?: boolean | undefined;
  /** VIRTIO_F_INDIRECT_DESC: where tables come from; without it every chain is direct. */
  readonly indirect?: IndirectTables | undefined;
  /** VIRTIO_F_IN_ORDER: the device uses buffers in the order in which they were made available. Default false. */
  readonly inOrder?: boolean | undefined;
  /** VIRTIO_F_RING_RESET: the queue may be resized. Default false. */
  readonly ringReset?: boolean | undefined;
  /** VIRTIO_F_NOTIFICATION_DATA. Default false. */
  readonly notificationData?: boolean | undefined;
  /** Index of the queue in its device, for the notification. Default 0. */
  readonly queueIndex?: number | undefined;
  /** Runs in `interrupt` when anything is used. A queue without one starts with its interrupts off. */
  readonly callback?: (() => void) | undefined;
}

/** Why a driver side holds its queue for broken. */
export const DriverFault = {
  /** The device used an id that the queue does not have. */
  usedIdRange: 'used id out of range',
  /** The device used an id that names no chain in flight. */
  usedIdNotHead: 'used id is not the head of a chain in flight',
  /** The device used a batch that ends at no chain before the used index. */
  batchTooLong: 'in-order batch is longer than what was used',
  /** The notify hook failed. */
  notifyFailed: 'notification failed',
} as const;
/** One of {@link DriverFault}. */
export type DriverFault = (typeof DriverFault)[keyof typeof DriverFault];
