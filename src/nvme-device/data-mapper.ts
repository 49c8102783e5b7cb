/** Where the data of a command lies: the transfer table, the limits, then its PRPs. Touches no state of the controller. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NamespaceFormat, NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import { makeTransfer, transferOf } from '../wire/nvme-transfer.ts';
import type { DeviceCommand } from './device-command.ts';
import { PrpReader } from './prp-reader.ts';

/** Maps the data of fetched commands. */
export class DataMapper {
  /** The memory page size that the host chose. */
  pageBytes = 4096;
  readonly #port: NvmeCommandPort;
  readonly #prps: PrpReader;
  readonly #transfer = makeTransfer();
  /** The namespace whose format is kept; -1 for none. */
  #nsid = -1;
  #format: NamespaceFormat | undefined = undefined;

  constructor(memory: GuestMemory, port: NvmeCommandPort) {
    this.#port = port;
    this.#prps = new PrpReader(memory);
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
    const status = transferOf(sqe, isAdmin, this.#format, transfer);
    command.direction = transfer.direction;
    if (status !== NvmeStatus.success) return status;
    if (transfer.dataBytes === 0) return NvmeStatus.success;
    if (transfer.dataBytes > this.#port.limits.maxTransferBytes) return NvmeStatus.invalidField;
    if (transfer.metadataBytes > 0) {
      const lo = sqe[SqeWord.mptrLo]!;
      if ((lo & 3) !== 0) return NvmeStatus.invalidField;
      command.metadata.push(lo >>> 0, sqe[SqeWord.mptrHi]! >>> 0, transfer.metadataBytes);
    }
    return this.#prps.map(sqe, transfer.dataBytes, this.pageBytes, command.data);
  }
}
