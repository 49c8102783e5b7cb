/** The asynchronous events that one controller of the target sends. NVMe Base 2.0, 5.2. */
import type { NvmePortEvents } from '../../interfaces/nvme-command-port.ts';
import { AsyncEventType, LogPage } from '../../wire/nvme-opcodes.ts';

/** Asynchronous event: a temperature is beyond its threshold. NVMe Base 2.0, figure 148. */
const EVENT_TEMPERATURE = 1;
/** Asynchronous event: attributes of a namespace changed. NVMe Base 2.0, figure 149. */
const EVENT_NAMESPACE_ATTRIBUTES = 0;
/** Asynchronous event: firmware is being activated. */
const EVENT_FIRMWARE_ACTIVATION = 1;
/** Asynchronous event of the I/O command sets: a sanitize operation is over. NVMe Base 2.0, figure 150. */
const EVENT_SANITIZE_DONE = 1;

/** Sends events to the controller in front once it is connected. */
export class ControllerEvents {
  #sink: NvmePortEvents | undefined = undefined;

  /** Where events go from now on. */
  connect(sink: NvmePortEvents): void {
    this.#sink = sink;
  }

  /** What transfers of a namespace look like may have changed. */
  formatChanged(nsid: number): void {
    this.#sink?.namespaceChanged(nsid);
  }

  /** A temperature is beyond its threshold. */
  temperature(): void {
    this.#sink?.asyncEvent(AsyncEventType.smart, EVENT_TEMPERATURE, LogPage.smart);
  }

  /** The changed namespace list has news. */
  namespaceAttributes(): void {
    const page = LogPage.changedNamespaces;
    this.#sink?.asyncEvent(AsyncEventType.notice, EVENT_NAMESPACE_ATTRIBUTES, page);
  }

  /** Other firmware runs from now on. */
  firmwareActivation(): void {
    const page = LogPage.firmwareSlot;
    this.#sink?.asyncEvent(AsyncEventType.notice, EVENT_FIRMWARE_ACTIVATION, page);
  }

  /** A sanitize operation is over. */
  sanitizeDone(): void {
    const page = LogPage.sanitizeStatus;
    this.#sink?.asyncEvent(AsyncEventType.ioSpecific, EVENT_SANITIZE_DONE, page);
  }
}
