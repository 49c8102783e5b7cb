/** One request of the control queue of vhost_nvme, from its chain to its response. Total over any chain. */
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { VirtqueueChain } from '../interfaces/virtqueue.ts';
import { loadSg, storeSg } from '../memory/sg-copy.ts';
import {
  CONTROL_BYTES,
  ControlOp,
  ControlResult,
  MAX_FORMAT_NSID,
} from '../wire/nvme-virtqueue.ts';

/** A control request in flight at the host. */
export class ControlRequest {
  /** What is asked; any number. */
  op = 0;
  /** Arguments. */
  a = 0;
  b = 0;
  c = 0;
  /** Result, to be set before `complete`. */
  result: ControlResult = ControlResult.ok;
  /** Second word of the response. */
  value = 0;
  /** Name of the chain. */
  chainId = 0;
  /** Ring descriptors of the chain. */
  descriptorCount = 0;
  readonly #writable = new SgList();
  readonly #words = new Int32Array(CONTROL_BYTES / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  /** Takes a chain apart; false when it has no room for a response. A request that cannot be read is an unknown one. */
  parse(memory: GuestMemory, chain: VirtqueueChain): boolean {
    this.chainId = chain.id;
    this.descriptorCount = chain.descriptorCount;
    this.#writable.clear();
    this.#writable.append(chain.writable);
    this.result = ControlResult.ok;
    this.value = 0;
    this.op = 0;
    if (loadSg(memory, chain.readable, 0, this.#bytes, 0, CONTROL_BYTES)) {
      this.op = this.#words[0]!;
      this.a = this.#words[1]! >>> 0;
      this.b = this.#words[2]! >>> 0;
      this.c = this.#words[3]! >>> 0;
    }
    return chain.writable.byteLength >= CONTROL_BYTES;
  }

  /** Writes the response; returns how many bytes, 0 when its memory is not there. */
  complete(memory: GuestMemory, target: NvmeCommandPort): number {
    let length = CONTROL_BYTES;
    if (this.op === ControlOp.formats) length += this.#writeFormats(memory, target);
    this.#words[0] = this.result;
    this.#words[1] = this.value;
    this.#words[2] = 0;
    this.#words[3] = 0;
    return storeSg(memory, this.#writable, 0, this.#bytes, 0, CONTROL_BYTES) ? length : 0;
  }

  #writeFormats(memory: GuestMemory, target: NvmeCommandPort): number {
    const room = Math.floor(this.#writable.byteLength / CONTROL_BYTES) - 1;
    if (room < 1) {
      this.result = ControlResult.badFrame;
      return 0;
    }
    let count = 0;
    for (let nsid = this.a + 1; nsid <= MAX_FORMAT_NSID && count < room; nsid++) {
      const format = target.namespaceFormat(nsid);
      if (format === undefined) continue;
      this.#words[0] = nsid;
      this.#words[1] = format.blockBytes;
      this.#words[2] = format.metadataBytes;
      this.#words[3] = format.extended ? 1 : 0;
      const at = CONTROL_BYTES * (1 + count);
      if (!storeSg(memory, this.#writable, at, this.#bytes, 0, CONTROL_BYTES)) {
        this.result = ControlResult.badFrame;
        break;
      }
      count += 1;
    }
    this.value = count;
    return CONTROL_BYTES * count;
  }
}
