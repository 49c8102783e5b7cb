/** The frames of commands in flight, one preallocated place a slot, and the chains that are made of them. */
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { DataDirection, type NvmeCommand } from '../interfaces/nvme-command-port.ts';
import type { VirtqueueDriver, VirtqueueResult } from '../interfaces/virtqueue.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import {
  COMPLETION_BYTES,
  COMPLETION_STATUS_WORD,
  HEADER_DATA_WORD,
  HEADER_METADATA_WORD,
  HEADER_QUEUE_WORD,
  REQUEST_HEADER_BYTES,
} from '../wire/nvme-virtqueue.ts';

/** Bytes of memory that each command in flight takes: the header, and from byte 96 the completion. */
export const FRAME_BYTES = 128;

const COMPLETION_AT = 96;
const SQE_WORDS = 16;
const HEADER_WORDS = REQUEST_HEADER_BYTES / 4;
const COMPLETION_WORDS = COMPLETION_BYTES / 4;

/** Writes headers, reads completions. */
export class RequestFrames {
  readonly #memory: GuestMemory;
  readonly #base: number;
  readonly #out = new SgList();
  readonly #into = new SgList();
  readonly #header = new Int32Array(HEADER_WORDS - SQE_WORDS);
  readonly #completion = new Int32Array(COMPLETION_WORDS);

  /** @param base address of {@link FRAME_BYTES} for each slot, a multiple of 4 */
  constructor(memory: GuestMemory, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  /** Makes the chain of a command available; its token is the slot. */
  add(driver: VirtqueueDriver, slot: number, command: NvmeCommand): VirtqueueResult {
    const out = this.#out;
    const into = this.#into;
    const frame = this.#base + slot * FRAME_BYTES;
    const { direction, data, metadata } = command;
    out.clear();
    into.clear();
    out.pushAddress(frame, REQUEST_HEADER_BYTES);
    if (direction !== DataDirection.none) {
      const list = direction === DataDirection.toDevice ? out : into;
      // As append, but for empty segments: a ring must not have any.
      list.appendRange(data, 0, data.byteLength);
      if (metadata.count > 0) list.appendRange(metadata, 0, metadata.byteLength);
    }
    into.pushAddress(frame + COMPLETION_AT, COMPLETION_BYTES);
    this.#write(frame, command);
    return driver.addSgs(out, into, slot);
  }

  /** Sets the results of a command from its completion; a host that breaks the rules is an Internal Error. */
  take(slot: number, command: NvmeCommand, usedLength: number): void {
    const completion = this.#completion;
    let writable = COMPLETION_BYTES;
    if (command.direction === DataDirection.fromDevice) {
      writable += command.data.byteLength + command.metadata.byteLength;
    }
    const at = this.#base + slot * FRAME_BYTES + COMPLETION_AT;
    this.#memory.loadWords(at, completion, 0, COMPLETION_WORDS);
    const last = completion[COMPLETION_STATUS_WORD]!;
    command.dw0 = completion[0]!;
    command.dw1 = completion[1]!;
    command.status = last >>> 17;
    if (usedLength !== writable || (last & 0xffff) !== command.sqe[0]! >>> 16) {
      command.status = NvmeStatus.internalError;
    }
  }

  #write(frame: number, command: NvmeCommand): void {
    const header = this.#header;
    const hasData = command.direction !== DataDirection.none;
    header[HEADER_QUEUE_WORD - SQE_WORDS] = command.queueId | (command.direction << 16);
    header[HEADER_DATA_WORD - SQE_WORDS] = hasData ? command.data.byteLength : 0;
    header[HEADER_METADATA_WORD - SQE_WORDS] = hasData ? command.metadata.byteLength : 0;
    this.#memory.storeWords(frame, command.sqe, 0, SQE_WORDS);
    this.#memory.storeWords(frame + 4 * SQE_WORDS, header, 0, HEADER_WORDS - SQE_WORDS);
  }
}
