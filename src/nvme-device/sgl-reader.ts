/**
 * Scatter gather lists: from the descriptor of a command, and segments in guest memory, to segments. NVMe Base 2.0, 4.1.2.
 *
 * Does not model: keyed and transport descriptors, and subtypes other than an address, which belong to fabrics.
 */
import { addressOf, type SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { SGL_DESCRIPTOR_BYTES, Sgls, SglType } from '../wire/nvme-sgl.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';

/** Most segments of one list: a list that is longer, or goes in a circle, is refused. */
export const MAX_SGL_SEGMENTS = 256;
/** Most descriptors of one list. */
const MAX_SGL_DESCRIPTORS = 65_536;
/** Descriptors that are copied at once. */
const CHUNK = 256;
const WORDS = SGL_DESCRIPTOR_BYTES / 4;
/** What a bit bucket is cut into: it swallows into one page again and again. */
const BUCKET_BYTES = 4096;

/** Reads the SGLs of one controller. A segment is copied piece by piece into private scratch before it is looked at. */
export class SglReader {
  readonly #memory: GuestMemory;
  readonly #sgls: number;
  readonly #bucketLo: number;
  readonly #bucketHi: number;
  readonly #chunk = new Int32Array(CHUNK * WORDS);
  #sg: SgList | undefined = undefined;
  #isRead = false;
  /** Bytes of the transfer that no descriptor described yet. */
  #left = 0;
  /** The descriptors went on after the transfer was complete. */
  #excess = false;
  /** The next segment: its address halves and its bytes, 0 for none. */
  #nextLo = 0;
  #nextHi = 0;
  #nextBytes = 0;
  #nextIsLast = false;

  /**
   * @param sgls what the controller advertises in SGLS
   * @param bucketGpa a page of `memory` that no guest looks at, for what bit buckets swallow
   */
  constructor(memory: GuestMemory, sgls: number, bucketGpa: number) {
    this.#memory = memory;
    this.#sgls = sgls;
    this.#bucketLo = bucketGpa >>> 0;
    this.#bucketHi = Math.floor(bucketGpa / 0x1_0000_0000);
  }

  /** Adds the segments of `length` bytes to `sg` and returns a status. @param isRead the data goes to the host */
  map(sqe: Int32Array, length: number, isRead: boolean, sg: SgList): number {
    this.#sg = sg;
    this.#isRead = isRead;
    this.#left = length;
    this.#excess = false;
    this.#nextBytes = 0;
    this.#nextIsLast = false;
    let status = this.#take(sqe, SqeWord.prp1Lo, true);
    let total = 1;
    for (let segments = 0; status === NvmeStatus.success && this.#nextBytes > 0; segments++) {
      const count = this.#nextBytes / SGL_DESCRIPTOR_BYTES;
      total += count;
      if (segments === MAX_SGL_SEGMENTS || total > MAX_SGL_DESCRIPTORS) {
        return NvmeStatus.invalidSglCount;
      }
      status = this.#readSegment(count);
    }
    if (status !== NvmeStatus.success) return status;
    if (this.#left > 0) return NvmeStatus.invalidDataSglLength;
    const mayExceed = (this.#sgls & Sgls.excessLength) !== 0;
    return this.#excess && !mayExceed ? NvmeStatus.invalidDataSglLength : NvmeStatus.success;
  }

  /** Reads the one descriptor that MPTR points to, for metadata of `length` bytes. */
  mapMetadata(sqe: Int32Array, length: number, sg: SgList): number {
    const lo = sqe[SqeWord.mptrLo]!;
    if ((lo & 7) !== 0) return NvmeStatus.invalidSglSegment;
    const gpa = addressOf(lo >>> 0, sqe[SqeWord.mptrHi]! >>> 0);
    const chunk = this.#chunk;
    if (!this.#memory.loadWords(gpa, chunk, 0, WORDS)) return NvmeStatus.dataTransferError;
    if (chunk[3]! >>> 24 !== SglType.dataBlock << 4) return NvmeStatus.invalidSglType;
    const bytes = chunk[2]! >>> 0;
    const isExcess = bytes > length && (this.#sgls & Sgls.excessLength) === 0;
    if (bytes < length || isExcess) return NvmeStatus.invalidMetadataSglLength;
    sg.push(chunk[0]! >>> 0, chunk[1]! >>> 0, length);
    return NvmeStatus.success;
  }

  #readSegment(count: number): number {
    const lo = this.#nextLo;
    const hi = this.#nextHi;
    const isLastSegment = this.#nextIsLast;
    this.#nextBytes = 0;
    for (let done = 0; done < count; done += CHUNK) {
      const take = Math.min(CHUNK, count - done);
      const gpa = addressOf(lo, hi) + done * SGL_DESCRIPTOR_BYTES;
      if ((lo & 3) !== 0 || !this.#memory.loadWords(gpa, this.#chunk, 0, take * WORDS)) {
        return (lo & 3) !== 0 ? NvmeStatus.invalidSglSegment : NvmeStatus.dataTransferError;
      }
      for (let i = 0; i < take; i++) {
        const mayChain = !isLastSegment && done + i === count - 1;
        const status = this.#take(this.#chunk, i * WORDS, mayChain);
        if (status !== NvmeStatus.success) return status;
      }
    }
    // A segment that is not the last one ends with the descriptor of the next.
    return isLastSegment || this.#nextBytes > 0 ? NvmeStatus.success : NvmeStatus.invalidSglSegment;
  }

  /** One descriptor. @param mayChain it stands where a segment descriptor may stand */
  #take(words: Int32Array, at: number, mayChain: boolean): number {
    const bytes = words[at + 2]! >>> 0;
    const kind = words[at + 3]! >>> 24;
    if ((kind & 15) !== 0) return NvmeStatus.invalidSglType;
    switch (kind >>> 4) {
      case SglType.dataBlock:
        return this.#takeData(words[at]! >>> 0, words[at + 1]! >>> 0, bytes);
      case SglType.bitBucket:
        if ((this.#sgls & Sgls.bitBucket) === 0) return NvmeStatus.invalidSglType;
        // On the way to the device there is nothing to swallow: such a descriptor counts for nothing.
        return this.#isRead ? this.#takeBucket(bytes) : NvmeStatus.success;
      case SglType.segment:
      case SglType.lastSegment:
        if (!mayChain || bytes === 0 || bytes % SGL_DESCRIPTOR_BYTES !== 0) {
          return NvmeStatus.invalidSglSegment;
        }
        this.#nextLo = words[at]! >>> 0;
        this.#nextHi = words[at + 1]! >>> 0;
        this.#nextBytes = bytes;
        this.#nextIsLast = kind >>> 4 === SglType.lastSegment;
        return NvmeStatus.success;
      default:
        return NvmeStatus.invalidSglType;
    }
  }

  #takeData(lo: number, hi: number, bytes: number): number {
    const isDwordOnly = (this.#sgls & Sgls.supportMask) === Sgls.dwordOnly;
    if (isDwordOnly && ((lo | bytes) & 3) !== 0) return NvmeStatus.invalidSglGranularity;
    const used = this.#use(bytes);
    if (used === 0 || this.#sg!.push(lo, hi, used)) return NvmeStatus.success;
    return NvmeStatus.invalidSglCount;
  }

  #takeBucket(bytes: number): number {
    for (let left = this.#use(bytes); left > 0; left -= BUCKET_BYTES) {
      const length = Math.min(left, BUCKET_BYTES);
      if (!this.#sg!.push(this.#bucketLo, this.#bucketHi, length)) {
        return NvmeStatus.invalidSglCount;
      }
    }
    return NvmeStatus.success;
  }

  /** How many of `bytes` the transfer still wants. */
  #use(bytes: number): number {
    const used = Math.min(bytes, this.#left);
    if (bytes > used) this.#excess = true;
    this.#left -= used;
    return used;
  }
}
