/** The changed namespace list of one controller. NVMe Base 2.0, 5.16.1.5. */
import { NAMESPACE_LIST_ENTRIES } from '../../wire/nvme-identify.ts';

/** Bytes of the log page. */
const CHANGED_NAMESPACES_BYTES = 4 * NAMESPACE_LIST_ENTRIES;

/** Ids of namespaces that changed since the list was read. A subsystem has no more of them than fit into the list. */
export class ChangedNamespaces {
  readonly #ids = new Set<number>();

  /** Adds a namespace. */
  add(nsid: number): void {
    this.#ids.add(nsid);
  }

  /** Forgets all, as when the list was read without Retain Asynchronous Event, or at a controller reset. */
  clear(): void {
    this.#ids.clear();
  }

  /** Writes the list, ascending, to the first 4096 bytes of `into`; returns its length in bytes. */
  writeTo(into: Uint8Array): number {
    const view = new DataView(into.buffer, into.byteOffset, CHANGED_NAMESPACES_BYTES);
    into.fill(0, 0, CHANGED_NAMESPACES_BYTES);
    const sorted = [...this.#ids].sort((a, b) => a - b);
    for (const [i, nsid] of sorted.entries()) view.setUint32(4 * i, nsid, true);
    return CHANGED_NAMESPACES_BYTES;
  }
}
