/** Where the data of a command lies: the transfer table, the limits, then its PRPs or SGL. Touches no state of the controller. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import {
  DataDirection,
  type NamespaceFormat,
  type NvmeCommandPort,
} from '../interfaces/nvme-command-port.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { Psdt, Sgls } from '../wire/nvme-sgl.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import { makeTransfer, transferOf } from '../wire/nvme-transfer.ts';
import type { DeviceCommand } from './device-command.ts';
import { PrpReader } from './prp-reader.ts';
import { SglReader } from './sgl-reader.ts';

/** Maps the data of fetched commands. */
export class DataMapper {
  /** The memory page size that the host chose. */
  pageBytes = 4096;
  readonly #port: NvmeCommandPort;
  readonly #prps: PrpReader;
  readonly #sglReader: SglReader;
  readonly #sgls: number;
  readonly #transfer = makeTransfer();
  /** The namespace whose format is kept; -1 for none. */
  #nsid = -1;
  #format: NamespaceFormat | undefined = undefined;

  /** @param bucketGpa see `NvmeDeviceOptions.bitBucketGpa` */
  constructor(memory: GuestMemory, port: NvmeCommandPort, bucketGpa = 0) {
    this.#port = port;
    this.#prps = new PrpReader(memory);
    this.#sgls = port.limits.sgls ?? 0;
    this.#sglReader = new SglReader(memory, this.#sgls, bucketGpa);
  }

  /** The format of a namespace changed. */
  forgetFormats(): void {
    this.#nsid = -1;
  }

  /** Fills `direction`, `data` and `metadata` of the command and returns a status. */
  map(command: DeviceCommand): number {
    const sqe = command.sqe;
    const transfer = this.#transfer;
    const isAdmin = command.queueId === 0;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    if (!isAdmin && nsid !== this.#nsid) {
      this.#format = this.#port.namespaceFormat(nsid);
      this.#nsid = nsid;
    }
    command.data.clear();
    command.metadata.clear();
    const psdt = sqe[SqeWord.cdw0]! & Psdt.mask;
    // Below the seam there are no pointers, so that the port sees every command as if it had come with PRPs.
    if (psdt !== 0 && !isAdmin && this.#takesSgl(psdt)) sqe[SqeWord.cdw0]! &= ~Psdt.mask;
    const status = transferOf(sqe, isAdmin, this.#format, transfer);
    command.direction = transfer.direction;
    if (status !== NvmeStatus.success) return status;
    if (transfer.dataBytes === 0) return NvmeStatus.success;
    if (transfer.dataBytes > this.#port.limits.maxTransferBytes) return NvmeStatus.invalidField;
    if (transfer.metadataBytes > 0) {
      const failed = this.#mapMetadata(command, transfer.metadataBytes, psdt);
      if (failed !== NvmeStatus.success) return failed;
    }
    if (psdt === 0) {
      return this.#prps.map(sqe, transfer.dataBytes, this.pageBytes, command.data);
    }
    const isRead = transfer.direction === DataDirection.fromDevice;
    return this.#sglReader.map(sqe, transfer.dataBytes, isRead, command.data);
  }

  #takesSgl(psdt: number): boolean {
    return (this.#sgls & Sgls.supportMask) !== 0 && psdt !== Psdt.mask;
  }

  #mapMetadata({ sqe, metadata }: DeviceCommand, bytes: number, psdt: number): number {
    if (psdt === Psdt.metadataSgl) {
      if ((this.#sgls & Sgls.metadataSgl) === 0) return NvmeStatus.invalidField;
      return this.#sglReader.mapMetadata(sqe, bytes, metadata);
    }
    const lo = sqe[SqeWord.mptrLo]!;
    if ((lo & 3) !== 0) return NvmeStatus.invalidField;
    metadata.push(lo >>> 0, sqe[SqeWord.mptrHi]! >>> 0, bytes);
    return NvmeStatus.success;
  }
}
