/** Which namespaces there are, and what they are. NVMe Base 2.0, 5.17.2.2; NVM Command Set 1.0, 4.1.5.1. */
import type { NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import {
  identifyNamespace,
  LBA_FORMAT_BYTES,
  LBA_FORMATS_AT,
  lbaFormat,
  NAMESPACE_LIST_ENTRIES,
} from '../wire/nvme-identify.ts';
import { AdminOpcode, IdentifyCns } from '../wire/nvme-opcodes.ts';
import { NvmeStatus, nvmeStatusName, STATUS_CODE_MASK } from '../wire/nvme-status.ts';
import type { AdminChannel } from './admin-channel.ts';

/** Most namespaces that are looked at: a list that goes on and on ends here. */
export const MAX_NAMESPACES = 65_536;

/** What a scan found, or why it found nothing. */
export type ScanDone = (
  error: string | undefined,
  namespaces: readonly NvmeNamespaceInfo[],
) => void;

/** Asks a controller for its active namespaces, one command after the other. */
export class NamespaceScan {
  readonly #channel: AdminChannel;
  #found: NvmeNamespaceInfo[] = [];
  #seen = 0;
  #done: ScanDone = () => undefined;

  constructor(channel: AdminChannel) {
    this.#channel = channel;
  }

  /** Scans; a command that fails ends it. */
  run(done: ScanDone): void {
    this.#found = [];
    this.#seen = 0;
    this.#done = done;
    this.#list(0);
  }

  /** One list holds 1024 ids; a full one is followed by the next. */
  #list(after: number): void {
    this.#identify('active namespaces', after, IdentifyCns.activeNamespaceList, () => {
      const ids: number[] = [];
      for (let i = 0; i < NAMESPACE_LIST_ENTRIES; i++) {
        const id = this.#channel.view.getUint32(4 * i, true);
        if (id <= (ids.at(-1) ?? after)) break;
        ids.push(id);
      }
      this.#look(ids, 0);
    });
  }

  #look(ids: readonly number[], at: number): void {
    const nsid = ids[at];
    if (nsid === undefined || this.#seen === MAX_NAMESPACES) {
      const isFull = ids.length === NAMESPACE_LIST_ENTRIES && this.#seen < MAX_NAMESPACES;
      if (isFull) this.#list(ids.at(-1)!);
      else this.#done(undefined, this.#found);
      return;
    }
    this.#seen += 1;
    this.#identify(`namespace ${nsid}`, nsid, IdentifyCns.namespace, (isThere) => {
      if (isThere) this.#note(nsid);
      this.#look(ids, at + 1);
    });
  }

  #note(nsid: number): void {
    const { view } = this.#channel;
    const format = identifyNamespace.flbas.get(view, 0) & 15;
    const lbads = lbaFormat.lbads.get(view, LBA_FORMATS_AT + format * LBA_FORMAT_BYTES);
    const blockCount = identifyNamespace.nsze.get(view, 0);
    // A size that no number can hold exactly, or blocks of no sensible size, are left alone.
    if (lbads < 9 || lbads > 16 || blockCount >= 2 ** 53 || blockCount === 0) return;
    this.#found.push({ nsid, blockBytes: 2 ** lbads, blockCount });
  }

  #identify(what: string, nsid: number, cns: number, then: (isThere: boolean) => void): void {
    const channel = this.#channel;
    const { page } = channel;
    const sent = channel.send(AdminOpcode.identify, nsid, cns, 0, [page], (status) => {
      if (status === NvmeStatus.success) {
        channel.load();
        then(true);
        return;
      }
      // It went away after the list named it.
      const code = status & STATUS_CODE_MASK;
      if (cns === IdentifyCns.namespace && code === NvmeStatus.invalidNamespace) then(false);
      else this.#done(`Identify (${what}) ended with ${nvmeStatusName(status)}`, []);
    });
    if (!sent) this.#done('the admin queue is full', []);
  }
}
