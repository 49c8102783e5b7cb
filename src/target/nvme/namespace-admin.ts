/** Namespace Management and Namespace Attachment. NVMe Base 2.0, 5.22 and 5.23; NVM Command Set 1.0, 4.1.6. */
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { loadSg } from '../../memory/sg-copy.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import {
  CONTROLLER_LIST_ENTRIES,
  controllerList,
  IDENTIFY_BYTES,
  identifyNamespace,
} from '../../wire/nvme-identify.ts';
import { CommandSet, NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { missingNamespace } from './io-rules.ts';
import { type FormatChoice, formatOf } from './lba-format.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';

/** What the select fields of the two commands ask for. */
const SELECT_CREATE = 0;
const SELECT_DELETE = 1;
const SELECT_ATTACH = 0;
const SELECT_DETACH = 1;

/** Creates, deletes, attaches and detaches namespaces of one subsystem. */
export class NamespaceAdmin {
  readonly #subsystem: NvmeSubsystem;
  readonly #page = new Uint8Array(IDENTIFY_BYTES);
  readonly #view = new DataView(this.#page.buffer);

  constructor(subsystem: NvmeSubsystem) {
    this.#subsystem = subsystem;
  }

  /** Namespace Management; returns its status and leaves the id of a new namespace in dword 0. */
  manage(command: NvmeCommand): number {
    const nsid = command.sqe[SqeWord.nsid]! >>> 0;
    const select = command.sqe[SqeWord.cdw10]! & 0xf;
    if (select === SELECT_DELETE) return this.#delete(nsid);
    if (select !== SELECT_CREATE) return NvmeStatus.invalidField;
    const set = command.sqe[SqeWord.cdw11]! >>> 24;
    if (set !== CommandSet.nvm) return NvmeStatus.invalidField;
    if (nsid !== 0) return NvmeStatus.invalidField;
    if (!this.#load(command)) return NvmeStatus.dataTransferError;
    return this.#create(command);
  }

  #create(command: NvmeCommand): number {
    const { pool } = this.#subsystem;
    const id = identifyNamespace;
    const blocks = id.nsze.get(this.#view, 0);
    const flbas = id.flbas.get(this.#view, 0);
    const dps = id.dps.get(this.#view, 0);
    if (id.ncap.get(this.#view, 0) !== blocks) return NvmeStatus.thinProvisioningUnsupported;
    if (blocks === 0) return NvmeStatus.invalidField;
    if (this.#subsystem.freeNsid === 0) return NvmeStatus.namespaceIdUnavailable;
    if (pool === undefined) return NvmeStatus.insufficientCapacity;
    const choice: FormatChoice = {
      index: flbas & 0xf,
      extended: (flbas & 0x10) !== 0,
      protection: dps & 7,
      protectionFirst: (dps & 8) !== 0,
    };
    const format = formatOf(pool.formats, choice);
    if (format === undefined) return NvmeStatus.invalidFormat;
    const bytes = blocks * (format.blockBytes + format.metadataBytes);
    const namespace = this.#subsystem.createNamespace(bytes, {
      formats: pool.formats,
      format: choice,
      isPrivate: (id.nmic.get(this.#view, 0) & 1) === 0,
    });
    if (namespace === undefined) return NvmeStatus.insufficientCapacity;
    command.dw0 = namespace.nsid;
    return NvmeStatus.success;
  }

  #delete(nsid: number): number {
    const subsystem = this.#subsystem;
    if (nsid === NSID_ALL) {
      for (let at = subsystem.nextAllocated(0); at !== 0; at = subsystem.nextAllocated(at)) {
        subsystem.removeNamespace(at);
      }
      return NvmeStatus.success;
    }
    if (subsystem.allocatedNamespace(nsid) === undefined) return missingNamespace(subsystem, nsid);
    subsystem.removeNamespace(nsid);
    return NvmeStatus.success;
  }

  /** Namespace Attachment; returns its status. The controllers before one that fails keep what was done. */
  attach(command: NvmeCommand): number {
    const subsystem = this.#subsystem;
    const select = command.sqe[SqeWord.cdw10]! & 0xf;
    if (select !== SELECT_ATTACH && select !== SELECT_DETACH) return NvmeStatus.invalidField;
    const nsid = command.sqe[SqeWord.nsid]! >>> 0;
    const namespace = subsystem.allocatedNamespace(nsid);
    if (namespace === undefined) return missingNamespace(subsystem, nsid);
    if (!this.#load(command)) return NvmeStatus.dataTransferError;
    const count = controllerList.count.get(this.#view, 0);
    if (count === 0 || count > CONTROLLER_LIST_ENTRIES) return NvmeStatus.invalidControllerList;
    for (let i = 0; i < count; i++) {
      if (!this.#isController(this.#controller(i))) return NvmeStatus.invalidControllerList;
    }
    for (let i = 0; i < count; i++) {
      const status = this.#attachOne(namespace, this.#controller(i), select === SELECT_ATTACH);
      if (status !== NvmeStatus.success) return status;
    }
    return NvmeStatus.success;
  }

  #attachOne(namespace: NvmeNamespace, id: number, isAttach: boolean): number {
    const index = id - this.#subsystem.firstControllerId;
    if (namespace.isAttachedTo(index) === isAttach) {
      return isAttach ? NvmeStatus.namespaceAlreadyAttached : NvmeStatus.namespaceNotAttached;
    }
    if (isAttach && namespace.isPrivate && namespace.isAttached) return NvmeStatus.namespacePrivate;
    this.#subsystem.setAttached(namespace, id, isAttach);
    return NvmeStatus.success;
  }

  #controller(i: number): number {
    return controllerList.first.get(this.#view, 2 * i);
  }

  #isController(id: number): boolean {
    const { firstControllerId, controllerCount } = this.#subsystem;
    return id >= firstControllerId && id < firstControllerId + controllerCount;
  }

  #load({ memory, data }: NvmeCommand): boolean {
    return loadSg(memory, data, 0, this.#page, 0, IDENTIFY_BYTES);
  }
}
