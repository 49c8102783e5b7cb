/** How a driver side tells its device to look. VIRTIO 1.3, 4.1.5.2. */
import type { NotifyHook, VirtqueueDriverOptions } from './driver-options.ts';

/** The notify hook, with what VIRTIO_F_NOTIFICATION_DATA adds to it. */
export class Doorbell {
  readonly #hook: NotifyHook;
  readonly #hasData: boolean;
  readonly #queueIndex: number;

  constructor(hook: NotifyHook, options: VirtqueueDriverOptions) {
    this.#hook = hook;
    this.#hasData = options.notificationData ?? false;
    this.#queueIndex = options.queueIndex ?? 0;
  }

  /**
   * Notifies; false when that failed.
   *
   * @param next the next available index (split), or slot with the wrap counter as bit 15 (packed)
   */
  ring(next: number): boolean {
    return this.#hook(this.#hasData ? ((next << 16) | this.#queueIndex) >>> 0 : this.#queueIndex);
  }
}
