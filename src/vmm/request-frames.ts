/** The frames of commands in flight, one preallocated place a slot, and the chains that are made of them. */

import { assert } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { DataDirection, type NvmeCommand } from '../interfaces/nvme-command-port.ts';
import type { RingMemory } from '../interfaces/ring-memory.ts';
import type { VirtqueueDriver, VirtqueueResult } from '../interfaces/virtqueue.ts';
import { callRing, typedRing } from '../memory/ring-memory.ts';
import { sgIsMapped } from '../memory/sg-copy.ts';
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

/** High half of an address that no memory table has. */
const NOWHERE_HI = 0x4000_0000;

/** Writes headers, reads completions. The last header word stays zero. */
export class RequestFrames {
  readonly #memory: GuestMemory;
  readonly #frames: RingMemory;
  readonly #base: number;
  readonly #out = new SgList();
  readonly #into = new SgList();

  /** @param base address of {@link FRAME_BYTES} for each of `count` slots, a multiple of 4 */
  constructor(memory: GuestMemory, base: number, count: number) {
    const byteLength = count * FRAME_BYTES;
    const frames = typedRing(memory, base, byteLength) ?? callRing(memory, base, byteLength);
    assert(frames !== undefined, 'the frames lie in memory');
    this.#memory = memory;
    this.#frames = frames;
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
      appendData(list, command.memory, data);
      appendData(list, command.memory, metadata);
    }
    into.pushAddress(frame + COMPLETION_AT, COMPLETION_BYTES);
    this.#write(slot * FRAME_BYTES, command);
    return driver.addSgs(out, into, slot);
  }

  /** Sets the results of a command from its completion; a host that breaks the rules is an Internal Error. */
  take(slot: number, command: NvmeCommand, usedLength: number): void {
    const frames = this.#frames;
    const at = slot * FRAME_BYTES + COMPLETION_AT;
    let writable = COMPLETION_BYTES;
    if (command.direction === DataDirection.fromDevice) {
      writable += command.data.byteLength + command.metadata.byteLength;
    }
    const last = frames.get32(at + 4 * COMPLETION_STATUS_WORD);
    command.dw0 = frames.get32(at) | 0;
    command.dw1 = frames.get32(at + 4) | 0;
    command.status = last >>> 17;
    if (usedLength !== writable || (last & 0xffff) !== command.sqe[0]! >>> 16) {
      command.status = NvmeStatus.internalError;
    }
  }

  #write(at: number, command: NvmeCommand): void {
    const frames = this.#frames;
    const { sqe, direction } = command;
    const hasData = direction !== DataDirection.none;
    this.#memory.storeWords(this.#base + at, sqe, 0, SQE_WORDS);
    frames.set32(at + 4 * HEADER_QUEUE_WORD, command.queueId + direction * 0x1_0000);
    frames.set32(at + 4 * HEADER_DATA_WORD, hasData ? command.data.byteLength : 0);
    frames.set32(at + 4 * HEADER_METADATA_WORD, hasData ? command.metadata.byteLength : 0);
  }
}

/**
 * Appends the data of a command without its empty segments, of which a ring must not have any. The host maps more than the guest
 * does: what is not the guest's own is sent as an address that nobody has, and fails there as any other unmapped address.
 */
function appendData(list: SgList, guest: GuestMemory, data: SgList): void {
  if (data.byteLength === 0) return;
  if (sgIsMapped(guest, data)) list.appendRange(data, 0, data.byteLength);
  else list.push(0, NOWHERE_HI, data.byteLength);
}
