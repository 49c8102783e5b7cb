/**
 * Admin commands that belong to the target: Identify, Get Log Page, Get and Set Features. NVMe Base 2.0, 5.
 *
 * Does not model: Keep Alive, which is not advertised and ends with Invalid Command Opcode. Format NVM is only let through: it is executed as an I/O command is. The commands of queues never come here.
 */
import type { NvmeCommand } from '../../interfaces/nvme-command-port.ts';
import { loadSg, storeSg } from '../../memory/sg-copy.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { IDENTIFY_BYTES } from '../../wire/nvme-identify.ts';
import {
  AdminOpcode,
  CommandSet,
  FeatureId,
  FeatureSelect,
  IdentifyCns,
  LogPage,
  NSID_ALL,
} from '../../wire/nvme-opcodes.ts';
import { Fuse } from '../../wire/nvme-sgl.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { adminEffects } from './capabilities.ts';
import { DIRECTIVE_PARAMETERS_BYTES, receiveDirective, sendDirective } from './directives.ts';
import { HOST_BEHAVIOR_BYTES } from './features.ts';
import {
  writeCommonNamespace,
  writeControllerList,
  writeDescriptors,
  writeIdentifyController,
  writeIdentifyNamespace,
  writeNamespaceList,
  writeNvmNamespace,
} from './identify.ts';
import { missingNamespace } from './io-rules.ts';
import { hasLogPage, type LogSources, writeLogPage } from './log-pages.ts';
import { NamespaceAdmin } from './namespace-admin.ts';
import { SelfTestResult } from './self-test.ts';
import { TIMESTAMP_BYTES, type Timestamp } from './timestamp.ts';
import { writeZonedController, writeZonedNamespace } from './zoned/zoned-identify.ts';

/** Get Log Page: Retain Asynchronous Event, in command dword 10. */
const RETAIN_EVENT = 1 << 15;
/** From here on up, no namespace id can follow. */
const NSID_LIST_LIMIT = 0xffff_fffe;

/** Everything that the admin commands of one controller speak of. */
export interface AdminParts extends LogSources {
  readonly timestamp: Timestamp;
  /** New firmware runs from now on. */
  readonly firmwareActivated: () => void;
}

/** Executes admin commands at once, in the memory that they name. */
export class AdminCommands {
  readonly #parts: AdminParts;
  readonly #page = new Uint8Array(IDENTIFY_BYTES);
  readonly #namespaces: NamespaceAdmin;
  /** Number of the controller in its subsystem. */
  readonly #index: number;

  constructor(parts: AdminParts) {
    const { subsystem, traits } = parts;
    this.#parts = parts;
    this.#namespaces = new NamespaceAdmin(subsystem);
    this.#index = traits.cntlid - subsystem.firstControllerId;
  }

  /** Executes `command`; returns its status without Do Not Retry and leaves dword 0 in the command. */
  execute(command: NvmeCommand): number {
    const cdw0 = command.sqe[SqeWord.cdw0]!;
    const opcode = cdw0 & 0xff;
    const { subsystem, traits } = this.#parts;
    const effects = adminEffects(traits.can, subsystem, traits.oacs);
    if (effects[opcode] === 0) return NvmeStatus.invalidOpcode;
    if (!isAllowedDuringSanitize(opcode)) {
      const status = subsystem.sanitizer.gateStatus;
      if (status !== NvmeStatus.success) return status;
    }
    if ((cdw0 & Fuse.mask) !== 0) return NvmeStatus.invalidField;
    switch (opcode) {
      case AdminOpcode.identify:
        return this.#identify(command);
      case AdminOpcode.getLogPage:
        return this.#getLogPage(command);
      case AdminOpcode.getFeatures:
        return this.#getFeatures(command);
      case AdminOpcode.setFeatures:
        return this.#setFeatures(command);
      case AdminOpcode.namespaceManagement:
        return this.#namespaces.manage(command);
      case AdminOpcode.namespaceAttachment:
        return this.#namespaces.attach(command);
      case AdminOpcode.formatNvm:
        return NvmeStatus.success;
      case AdminOpcode.firmwareDownload:
        return this.#downloadFirmware(command);
      case AdminOpcode.firmwareCommit:
        return this.#commitFirmware(command);
      case AdminOpcode.deviceSelfTest:
        return this.#testSelf(command);
      case AdminOpcode.sanitize:
        return this.#sanitize(command);
      case AdminOpcode.directiveSend:
        return sendDirective(command.sqe[SqeWord.cdw11]!, command.sqe[SqeWord.cdw12]!);
      case AdminOpcode.directiveReceive:
        return this.#receiveDirective(command);
      default:
        // The commands of queues, which the controller in front keeps.
        return NvmeStatus.invalidOpcode;
    }
  }

  #downloadFirmware(command: NvmeCommand): number {
    const { sqe, memory, data } = command;
    const length = ((sqe[SqeWord.cdw10]! >>> 0) + 1) * 4;
    const offset = (sqe[SqeWord.cdw11]! >>> 0) * 4;
    if (length > this.#parts.traits.maxTransferBytes) return NvmeStatus.invalidField;
    const piece = new Uint8Array(length);
    if (!loadSg(memory, data, 0, piece, 0, length)) return NvmeStatus.dataTransferError;
    return this.#parts.subsystem.firmwareSlots.download(offset, piece, length);
  }

  #commitFirmware({ sqe }: NvmeCommand): number {
    const { subsystem, firmwareActivated } = this.#parts;
    const { status, activated } = subsystem.firmwareSlots.commit(sqe[SqeWord.cdw10]!);
    if (activated) firmwareActivated();
    return status;
  }

  #testSelf({ sqe }: NvmeCommand): number {
    const { subsystem, selfTest } = this.#parts;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    const isNamed = nsid !== 0 && nsid !== NSID_ALL;
    if (isNamed && subsystem.namespace(nsid, this.#index) === undefined) {
      return missingNamespace(subsystem, nsid);
    }
    return selfTest.execute(sqe[SqeWord.cdw10]! & 0xf, nsid);
  }

  #sanitize({ sqe }: NvmeCommand): number {
    const { subsystem, selfTest } = this.#parts;
    const status = subsystem.sanitizer.start(sqe[SqeWord.cdw10]!, sqe[SqeWord.cdw11]!);
    if (status === NvmeStatus.success) selfTest.stop(SelfTestResult.abortedBySanitize);
    return status;
  }

  #receiveDirective(command: NvmeCommand): number {
    const { sqe } = command;
    const status = receiveDirective(sqe[SqeWord.cdw11]!, this.#page);
    const wanted = ((sqe[SqeWord.cdw10]! >>> 0) + 1) * 4;
    if (status !== NvmeStatus.success) return status;
    return this.#send(command, 0, Math.min(wanted, DIRECTIVE_PARAMETERS_BYTES));
  }

  #identify(command: NvmeCommand): number {
    const { sqe } = command;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    const cdw10 = sqe[SqeWord.cdw10]!;
    const cns = cdw10 & 0xff;
    const status = isOfSet(cns)
      ? this.#identifySet(cns, nsid, sqe[SqeWord.cdw11]! >>> 24)
      : this.#writeIdentify(cns, nsid, cdw10 >>> 16);
    return status === NvmeStatus.success ? this.#send(command, 0, IDENTIFY_BYTES) : status;
  }

  /** Writes what `cns` names to the private page. */
  #writeIdentify(cns: number, nsid: number, cntid: number): number {
    const { subsystem, traits } = this.#parts;
    const namespace = subsystem.namespace(nsid, this.#index);
    const allocated = subsystem.allocatedNamespace(nsid);
    switch (cns) {
      case IdentifyCns.namespace:
        if (nsid === NSID_ALL && traits.can.namespaceAttachment) {
          writeCommonNamespace(this.#page, subsystem, traits.can);
          break;
        }
        if (!subsystem.isValidNsid(nsid)) return NvmeStatus.invalidNamespace;
        writeIdentifyNamespace(this.#page, subsystem, namespace, traits.can);
        break;
      case IdentifyCns.allocatedNamespace:
        if (!subsystem.isValidNsid(nsid)) return NvmeStatus.invalidNamespace;
        writeIdentifyNamespace(this.#page, subsystem, allocated, traits.can);
        break;
      case IdentifyCns.controller:
        writeIdentifyController(this.#page, subsystem, traits);
        break;
      case IdentifyCns.activeNamespaceList:
      case IdentifyCns.allocatedList:
        if (nsid >= NSID_LIST_LIMIT) return NvmeStatus.invalidNamespace;
        this.#writeList(nsid, cns === IdentifyCns.allocatedList);
        break;
      case IdentifyCns.attachedControllers:
        if (allocated === undefined) return NvmeStatus.invalidField;
        writeControllerList(this.#page, subsystem, cntid, allocated);
        break;
      case IdentifyCns.controllers:
        writeControllerList(this.#page, subsystem, cntid);
        break;
      case IdentifyCns.commandSetCombinations:
        if (!traits.commandSets) return NvmeStatus.invalidField;
        this.#page.fill(0);
        this.#page[0] = (1 << CommandSet.nvm) | (1 << CommandSet.zoned);
        break;
      case IdentifyCns.namespaceDescriptors:
        if (namespace === undefined) return missingNamespace(subsystem, nsid);
        writeDescriptors(this.#page, namespace, traits.commandSets);
        break;
      default:
        return NvmeStatus.invalidField;
    }
    return NvmeStatus.success;
  }

  /** Writes what `cns` names of one command set. */
  #identifySet(cns: number, nsid: number, set: number): number {
    const { subsystem, traits } = this.#parts;
    if (!traits.commandSets || (set !== CommandSet.nvm && set !== CommandSet.zoned)) {
      return NvmeStatus.invalidField;
    }
    this.#page.fill(0);
    switch (cns) {
      case IdentifyCns.activeListOfSet:
      case IdentifyCns.allocatedListOfSet:
        if (nsid >= NSID_LIST_LIMIT) return NvmeStatus.invalidNamespace;
        this.#writeList(nsid, cns === IdentifyCns.allocatedListOfSet, set);
        return NvmeStatus.success;
      case IdentifyCns.controllerOfSet:
        if (set === CommandSet.nvm) return NvmeStatus.success;
        if (!subsystem.hasZones) return NvmeStatus.invalidField;
        writeZonedController(this.#page, traits);
        return NvmeStatus.success;
      default: {
        if (!subsystem.isValidNsid(nsid)) return NvmeStatus.invalidNamespace;
        const namespace =
          cns === IdentifyCns.allocatedNamespaceOfSet
            ? subsystem.allocatedNamespace(nsid)
            : subsystem.namespace(nsid, this.#index);
        if (set === CommandSet.nvm) writeNvmNamespace(this.#page, namespace);
        else if (namespace?.zones === undefined) return NvmeStatus.invalidField;
        else writeZonedNamespace(this.#page, namespace.zones.shape);
        return NvmeStatus.success;
      }
    }
  }

  #writeList(nsid: number, isAllocated: boolean, set?: number): void {
    writeNamespaceList(this.#page, this.#parts.subsystem, nsid, isAllocated, this.#index, set);
  }

  #getLogPage(command: NvmeCommand): number {
    const sqe = command.sqe;
    const cdw10 = sqe[SqeWord.cdw10]!;
    const wanted = ((sqe[SqeWord.cdw11]! & 0xffff) * 0x1_0000 + (cdw10 >>> 16) + 1) * 4;
    if (wanted > this.#parts.traits.maxTransferBytes) return NvmeStatus.invalidField;
    const page = cdw10 & 0xff;
    if (!hasLogPage(this.#parts, page)) return NvmeStatus.invalidLogPage;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    const { subsystem, traits } = this.#parts;
    if (nsid !== 0 && nsid !== NSID_ALL) {
      // All other pages are of the whole controller.
      const isOfNamespace = page === LogPage.smart && traits.can.namespaceSmart;
      if (!isOfNamespace || subsystem.namespace(nsid, this.#index) === undefined) {
        return missingNamespace(subsystem, nsid);
      }
    }
    const offset = sqe[SqeWord.cdw12]! >>> 0;
    const set = traits.commandSets ? sqe[SqeWord.cdw14]! >>> 24 : CommandSet.nvm;
    const of = nsid === NSID_ALL ? 0 : nsid;
    const pageBytes = writeLogPage(this.#parts, page, of, set, this.#page);
    if (sqe[SqeWord.cdw13] !== 0 || (offset & 3) !== 0 || offset >= pageBytes) {
      return NvmeStatus.invalidField;
    }
    const status = this.#send(command, offset, Math.min(wanted, pageBytes - offset));
    const retains = (cdw10 & RETAIN_EVENT) !== 0;
    if (page === LogPage.changedNamespaces && status === NvmeStatus.success && !retains) {
      this.#parts.changed.clear();
    }
    return status;
  }

  #getFeatures(command: NvmeCommand): number {
    const sqe = command.sqe;
    const { features } = this.#parts;
    const cdw10 = sqe[SqeWord.cdw10]!;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    const select = (cdw10 >>> 8) & 7;
    const status = features.get(cdw10 & 0xff, select, nsid, sqe[SqeWord.cdw11]!);
    command.dw0 = features.value;
    if (status !== NvmeStatus.success || select === FeatureSelect.capabilities) return status;
    const isDefault = select !== FeatureSelect.current;
    switch (cdw10 & 0xff) {
      case FeatureId.timestamp:
        this.#parts.timestamp.writeTo(this.#page, this.#parts.executor.now, isDefault);
        return this.#send(command, 0, TIMESTAMP_BYTES);
      case FeatureId.hostBehavior:
        if (isDefault) this.#page.fill(0, 0, HOST_BEHAVIOR_BYTES);
        else this.#page.set(features.hostBehavior);
        return this.#send(command, 0, HOST_BEHAVIOR_BYTES);
      default:
        return status;
    }
  }

  #setFeatures(command: NvmeCommand): number {
    const sqe = command.sqe;
    const cdw10 = sqe[SqeWord.cdw10]!;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    const { features, timestamp, executor } = this.#parts;
    const status = features.set(cdw10 & 0xff, cdw10 < 0, nsid, sqe[SqeWord.cdw11]!);
    const feature = cdw10 & 0xff;
    const isData = feature === FeatureId.timestamp || feature === FeatureId.hostBehavior;
    if (status !== NvmeStatus.success || !isData) return status;
    const length = feature === FeatureId.timestamp ? TIMESTAMP_BYTES : HOST_BEHAVIOR_BYTES;
    if (!loadSg(command.memory, command.data, 0, this.#page, 0, length)) {
      return NvmeStatus.dataTransferError;
    }
    if (feature === FeatureId.hostBehavior) return features.setHostBehavior(this.#page);
    timestamp.set(this.#page, executor.now);
    return NvmeStatus.success;
  }

  #send(command: NvmeCommand, from: number, length: number): number {
    return storeSg(command.memory, command.data, 0, this.#page, from, length)
      ? NvmeStatus.success
      : NvmeStatus.dataTransferError;
  }
}

/** May the command be executed while a sanitize operation is at work, or after one failed? NVMe Base 2.0, figure 98. */
function isAllowedDuringSanitize(opcode: number): boolean {
  switch (opcode) {
    case AdminOpcode.identify:
    case AdminOpcode.getLogPage:
    case AdminOpcode.getFeatures:
    case AdminOpcode.setFeatures:
    case AdminOpcode.sanitize:
      return true;
    default:
      return false;
  }
}

function isOfSet(cns: number): boolean {
  switch (cns) {
    case IdentifyCns.namespaceOfSet:
    case IdentifyCns.controllerOfSet:
    case IdentifyCns.activeListOfSet:
    case IdentifyCns.allocatedListOfSet:
    case IdentifyCns.allocatedNamespaceOfSet:
      return true;
    default:
      return false;
  }
}
