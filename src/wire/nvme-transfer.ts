/**
 * Which way the data of a command goes and how long it is: one pure table for the controller that maps guest memory
 * and for whoever executes the command. It also fixes which of the errors that need no target wins.
 *
 * Does not model: SGLs and fused operations (both are refused).
 */
import { DataDirection, type NamespaceFormat } from '../interfaces/nvme-command-port.ts';
import { IoControl, SqeWord } from './nvme-entries.ts';
import { AdminOpcode, FeatureId, FeatureSelect, IoOpcode } from './nvme-opcodes.ts';
import { Fuse, Psdt } from './nvme-sgl.ts';
import { NvmeStatus } from './nvme-status.ts';
import { ZoneSendAction } from './nvme-zoned.ts';

/** What {@link transferOf} finds; the caller owns one and has it filled. */
export interface NvmeTransfer {
  /** Which way the data goes. */
  direction: DataDirection;
  /** Bytes at the data pointer; interleaved metadata counts. */
  dataBytes: number;
  /** Bytes at the metadata pointer; 0 when there is no separate metadata. */
  metadataBytes: number;
}

/** A transfer to be filled. */
export function makeTransfer(): NvmeTransfer {
  return { direction: DataDirection.none, dataBytes: 0, metadataBytes: 0 };
}

const { none, toDevice, fromDevice } = DataDirection;

/** How the length of a command follows from its fields. */
const Length = {
  none: 0,
  /** NLB blocks of the namespace (dword 12 bits 15:0, zero-based). */
  blocks: 1,
  /** As many bytes as the argument says. */
  fixed: 2,
  /** Dwords, zero-based, in the command dword that the argument names. */
  dwords: 3,
  /** Get Log Page: NUMDL in dword 10 and NUMDU in dword 11. */
  logPage: 4,
  /** Elements of as many bytes as the argument says, zero-based count in dword 10 bits 7:0. */
  ranges: 5,
  /** Copy: source ranges whose size depends on the descriptor format. */
  copyRanges: 6,
  /** Bytes in the command dword that the argument names. */
  bytes: 7,
  /** Set Features: by feature. */
  setFeature: 8,
  /** Get Features: by feature and select. */
  getFeature: 9,
  /** Namespace Management: only Create (select 0) carries data. */
  namespaceCreate: 10,
  /** Zone Management Send: only Set Zone Descriptor Extension carries data, as many bytes as an extension has. */
  zoneExtension: 11,
} as const;

const ioDirections = new Uint8Array(256);
const ioLengths = new Uint8Array(256);
const ioArguments = new Uint16Array(256);
const adminDirections = new Uint8Array(256);
const adminLengths = new Uint8Array(256);
const adminArguments = new Uint16Array(256);

function io(opcode: number, direction: DataDirection, length: number, argument = 0): void {
  ioDirections[opcode] = direction;
  ioLengths[opcode] = length;
  ioArguments[opcode] = argument;
}

function admin(opcode: number, direction: DataDirection, length: number, argument = 0): void {
  adminDirections[opcode] = direction;
  adminLengths[opcode] = length;
  adminArguments[opcode] = argument;
}

io(IoOpcode.write, toDevice, Length.blocks);
io(IoOpcode.read, fromDevice, Length.blocks);
io(IoOpcode.compare, toDevice, Length.blocks);
io(IoOpcode.zoneAppend, toDevice, Length.blocks);
io(IoOpcode.datasetManagement, toDevice, Length.ranges, 16);
io(IoOpcode.copy, toDevice, Length.copyRanges);
io(IoOpcode.reservationRegister, toDevice, Length.fixed, 16);
io(IoOpcode.reservationReport, fromDevice, Length.dwords, SqeWord.cdw10);
io(IoOpcode.reservationAcquire, toDevice, Length.fixed, 16);
io(IoOpcode.reservationRelease, toDevice, Length.fixed, 8);
io(IoOpcode.zoneManagementSend, toDevice, Length.zoneExtension);
io(IoOpcode.zoneManagementReceive, fromDevice, Length.dwords, SqeWord.cdw12);
admin(AdminOpcode.identify, fromDevice, Length.fixed, 4096);
admin(AdminOpcode.getLogPage, fromDevice, Length.logPage);
admin(AdminOpcode.setFeatures, toDevice, Length.setFeature);
admin(AdminOpcode.getFeatures, fromDevice, Length.getFeature);
admin(AdminOpcode.namespaceManagement, toDevice, Length.namespaceCreate);
admin(AdminOpcode.namespaceAttachment, toDevice, Length.fixed, 4096);
admin(AdminOpcode.firmwareDownload, toDevice, Length.dwords, SqeWord.cdw10);
admin(AdminOpcode.directiveSend, toDevice, Length.dwords, SqeWord.cdw10);
admin(AdminOpcode.directiveReceive, fromDevice, Length.dwords, SqeWord.cdw10);
admin(AdminOpcode.securitySend, toDevice, Length.bytes, SqeWord.cdw11);
admin(AdminOpcode.securityReceive, fromDevice, Length.bytes, SqeWord.cdw11);

/**
 * Fills `into` for the command `sqe` and returns a status: success, or Invalid Field for FUSE and PSDT other than 0.
 *
 * Total over any sixteen words. A command that the table does not know, or whose namespace has no format, transfers nothing: the
 * executor of the command has the word on its opcode and namespace.
 *
 * @param onAdminQueue whether the opcode is one of the admin command set
 * @param format of the namespace that the command names; `undefined` when it is not active
 */
export function transferOf(
  sqe: Int32Array,
  onAdminQueue: boolean,
  format: NamespaceFormat | undefined,
  into: NvmeTransfer,
): number {
  const cdw0 = sqe[SqeWord.cdw0]!;
  into.direction = none;
  into.dataBytes = 0;
  into.metadataBytes = 0;
  if ((cdw0 & (Fuse.mask | Psdt.mask)) !== 0) return NvmeStatus.invalidField;
  const opcode = cdw0 & 0xff;
  const length = onAdminQueue ? adminLengths[opcode]! : ioLengths[opcode]!;
  if (length === Length.blocks) {
    if (format === undefined) return NvmeStatus.success;
    const blocks = (sqe[SqeWord.cdw12]! & 0xffff) + 1;
    into.direction = ioDirections[opcode] as DataDirection;
    if (format.metadataBytes === 0 || isInserted(sqe[SqeWord.cdw12]!, format)) {
      into.dataBytes = blocks * format.blockBytes;
    } else if (format.extended) {
      into.dataBytes = blocks * (format.blockBytes + format.metadataBytes);
    } else {
      into.dataBytes = blocks * format.blockBytes;
      into.metadataBytes = blocks * format.metadataBytes;
    }
    return NvmeStatus.success;
  }
  if (length === Length.none) return NvmeStatus.success;
  const argument = onAdminQueue ? adminArguments[opcode]! : ioArguments[opcode]!;
  into.dataBytes =
    length === Length.zoneExtension
      ? extensionBytes(sqe, format)
      : byteCount(length, argument, sqe);
  if (into.dataBytes > 0) {
    into.direction = (onAdminQueue ? adminDirections : ioDirections)[opcode] as DataDirection;
  }
  return NvmeStatus.success;
}

function extensionBytes(sqe: Int32Array, format: NamespaceFormat | undefined): number {
  const action = sqe[SqeWord.cdw13]! & 0xff;
  return action === ZoneSendAction.setExtension ? (format?.zoneExtensionBytes ?? 0) : 0;
}

/** The controller makes or takes away all of the metadata. NVM Command Set 1.0, 5.2.2. */
function isInserted(cdw12: number, format: NamespaceFormat): boolean {
  return (cdw12 & IoControl.pract) !== 0 && format.protectionBytes === format.metadataBytes;
}

function byteCount(length: number, argument: number, sqe: Int32Array): number {
  const cdw10 = sqe[SqeWord.cdw10]!;
  switch (length) {
    case Length.fixed:
      return argument;
    case Length.dwords:
      return ((sqe[argument]! >>> 0) + 1) * 4;
    case Length.logPage:
      return ((sqe[SqeWord.cdw11]! & 0xffff) * 0x1_0000 + (cdw10 >>> 16) + 1) * 4;
    case Length.ranges:
      return ((cdw10 & 0xff) + 1) * argument;
    case Length.copyRanges:
      return (
        ((sqe[SqeWord.cdw12]! & 0xff) + 1) * (((sqe[SqeWord.cdw12]! >>> 8) & 1) === 0 ? 32 : 40)
      );
    case Length.bytes:
      return sqe[argument]! >>> 0;
    case Length.setFeature:
      return featureBytes(cdw10 & 0xff, sqe[SqeWord.cdw11]!);
    case Length.getFeature:
      return ((cdw10 >>> 8) & 7) === FeatureSelect.capabilities
        ? 0
        : getFeatureBytes(cdw10 & 0xff, sqe[SqeWord.cdw11]!);
    default:
      return (cdw10 & 0xf) === 0 ? 4096 : 0;
  }
}

/** Bytes that Set Features carries. NVMe Base 2.0, 5.27.1. */
function featureBytes(feature: number, cdw11: number): number {
  switch (feature) {
    case FeatureId.lbaRangeType:
      return 64 * ((cdw11 & 0x3f) + 1);
    case FeatureId.autonomousPowerState:
      return 256;
    case FeatureId.timestamp:
      return 8;
    case FeatureId.hostBehavior:
      return 512;
    case FeatureId.hostIdentifier:
      return (cdw11 & 1) === 0 ? 8 : 16;
    default:
      return 0;
  }
}

/** Bytes that Get Features returns: as set, but for what comes back as a whole page. NVMe Base 2.0, 5.15. */
function getFeatureBytes(feature: number, cdw11: number): number {
  if (feature === FeatureId.lbaRangeType || feature === FeatureId.hostMemoryBuffer) return 4096;
  return featureBytes(feature, cdw11);
}
