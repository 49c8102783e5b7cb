/** The parse of a request chain of vhost_nvme: a frame of `wire/nvme-virtqueue.ts` becomes an NVMe command. Total over any chain. */
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import {
  DataDirection,
  type NvmeCommand,
  type NvmeCommandPort,
} from '../interfaces/nvme-command-port.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { loadSg, storeSg } from '../memory/sg-copy.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import { makeTransfer, transferOf } from '../wire/nvme-transfer.ts';
import {
  COMPLETION_BYTES,
  HEADER_DATA_WORD,
  HEADER_METADATA_WORD,
  HEADER_QUEUE_WORD,
  REQUEST_HEADER_BYTES,
} from '../wire/nvme-virtqueue.ts';

const HEADER_WORDS = REQUEST_HEADER_BYTES / 4;
const SQE_WORDS = 16;

/** What {@link RequestFrame.parse} returns when there is no room for a completion: the chain goes back with nothing written. */
export const NO_COMPLETION = -1;

/** A request in flight at the host: the command, and the chain that it came in. */
export class RequestFrame implements NvmeCommand {
  ioId = 0;
  queueId = 0;
  readonly #header = new Int32Array(HEADER_WORDS);
  readonly sqe = new Int32Array(this.#header.buffer, 0, SQE_WORDS);
  memory: GuestMemory;
  direction: DataDirection = DataDirection.none;
  readonly data = new SgList();
  readonly metadata = new SgList(1);
  status = 0;
  dw0 = 0;
  dw1 = 0;
  readonly end: (command: NvmeCommand) => void;
  /** Number of the frame. */
  readonly index: number;
  /** Is it in flight? */
  isLive = false;
  /** Virtqueue that the chain came from. */
  ring = 0;
  /** Name of the chain. */
  chainId = 0;
  /** Ring descriptors of the chain. */
  descriptorCount = 0;
  /** Writable bytes of the chain. */
  writableBytes = 0;
  /** Where the completion lies when it is one aligned segment, otherwise -1. */
  #completionGpa = -1;
  readonly #completion = new SgList(2);
  readonly #transfer = makeTransfer();
  readonly #headerBytes = new Uint8Array(this.#header.buffer);

  /** @param memory any memory; each parse sets the one of its chain */
  constructor(memory: GuestMemory, end: (command: NvmeCommand) => void, index = 0) {
    this.memory = memory;
    this.end = end;
    this.index = index;
  }

  /**
   * Takes a chain of `ring` apart: success, a status for the completion, or {@link NO_COMPLETION}.
   *
   * Internal Error is a frame that breaks a rule; Data Transfer Error one whose data is shorter than the command, by the namespace formats
   * of `target`, transfers.
   */
  parse(memory: GuestMemory, target: NvmeCommandPort, ring: number, chain: VirtqueueChain): number {
    const { readable, writable } = chain;
    this.memory = memory;
    this.ring = ring;
    this.chainId = chain.id;
    this.descriptorCount = chain.descriptorCount;
    this.writableBytes = writable.byteLength;
    if (writable.byteLength < COMPLETION_BYTES) return NO_COMPLETION;
    this.#locateCompletion(writable);
    if (!this.#loadHeader(memory, readable)) {
      this.sqe.fill(0);
      this.ioId = 0;
      return NvmeStatus.internalError;
    }
    const header = this.#header;
    const queueWord = header[HEADER_QUEUE_WORD]!;
    const direction = queueWord >>> 16;
    this.queueId = queueWord & 0xffff;
    this.ioId = this.queueId * 0x1_0000 + (header[0]! >>> 16);
    if (direction > DataDirection.fromDevice) return NvmeStatus.internalError;
    this.direction = direction as DataDirection;
    if (!this.#splitData(readable, writable)) return NvmeStatus.internalError;
    return this.#checkTransfer(target);
  }

  /** Writes the completion; false when its memory is not there. */
  complete(words: Int32Array, bytes: Uint8Array): boolean {
    words[0] = this.dw0;
    words[1] = this.dw1;
    words[2] = 0;
    words[3] = (this.sqe[0]! >>> 16) | (this.status << 17);
    if (this.#completionGpa >= 0) {
      return this.memory.storeWords(this.#completionGpa, words, 0, COMPLETION_BYTES / 4);
    }
    return storeSg(this.memory, this.#completion, 0, bytes, 0, COMPLETION_BYTES);
  }

  #locateCompletion(writable: SgList): void {
    const last = writable.count - 1;
    if (writable.lengths[last] === COMPLETION_BYTES && (writable.lo[last]! & 3) === 0) {
      this.#completionGpa = writable.gpa(last);
      return;
    }
    this.#completionGpa = -1;
    this.#completion.clear();
    this.#completion.appendRange(
      writable,
      writable.byteLength - COMPLETION_BYTES,
      COMPLETION_BYTES,
    );
  }

  #loadHeader(memory: GuestMemory, readable: SgList): boolean {
    if (readable.byteLength < REQUEST_HEADER_BYTES) return false;
    if (readable.lengths[0]! >= REQUEST_HEADER_BYTES && (readable.lo[0]! & 3) === 0) {
      return memory.loadWords(readable.gpa(0), this.#header, 0, HEADER_WORDS);
    }
    return loadSg(memory, readable, 0, this.#headerBytes, 0, REQUEST_HEADER_BYTES);
  }

  /** Fills `data` and `metadata`; false when the lengths of header and chain disagree. */
  #splitData(readable: SgList, writable: SgList): boolean {
    const { data, metadata, direction } = this;
    const dataBytes = this.#header[HEADER_DATA_WORD]! >>> 0;
    const metadataBytes = this.#header[HEADER_METADATA_WORD]! >>> 0;
    const bytes = dataBytes + metadataBytes;
    const outBytes = direction === DataDirection.toDevice ? bytes : 0;
    const intoBytes = direction === DataDirection.fromDevice ? bytes : 0;
    data.clear();
    metadata.clear();
    if (bytes !== outBytes + intoBytes) return false;
    if (readable.byteLength !== REQUEST_HEADER_BYTES + outBytes) return false;
    if (writable.byteLength !== COMPLETION_BYTES + intoBytes) return false;
    if (direction === DataDirection.none) return true;
    const from = direction === DataDirection.toDevice ? readable : writable;
    const at = direction === DataDirection.toDevice ? REQUEST_HEADER_BYTES : 0;
    data.appendRange(from, at, dataBytes);
    if (metadataBytes !== 0) metadata.appendRange(from, at + dataBytes, metadataBytes);
    return true;
  }

  /** The data must be as long as the command says, whatever the VMM thought the format is. */
  #checkTransfer(target: NvmeCommandPort): number {
    const transfer = this.#transfer;
    const format = target.namespaceFormat(this.sqe[SqeWord.nsid]! >>> 0);
    const status = transferOf(this.sqe, this.queueId === 0, format, transfer);
    if (status !== NvmeStatus.success || transfer.direction === DataDirection.none) return status;
    const isCovered =
      transfer.direction === this.direction &&
      transfer.dataBytes <= this.data.byteLength &&
      transfer.metadataBytes <= this.metadata.byteLength;
    return isCovered ? NvmeStatus.success : NvmeStatus.dataTransferError;
  }
}
