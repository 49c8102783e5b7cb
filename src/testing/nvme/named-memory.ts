/**
 * A memory that proves confinement: it follows what the host named (queues, data pointers, lists, shadow doorbells) from the entries that
 * a controller fetches, and refuses every access of anything else. NVMe Base 2.0, 3.3.1, 4.1 and 5.8.
 *
 * A right begins when the entry, or the list, that names it is read, and ends with the completion of its command; the rights of queues end
 * with their deletion; all end with a reset. Where an access could be two things, it counts as the one that allows more.
 *
 * Does not model: metadata pointers, which nothing may follow here.
 */
import { addressOf, UNMAPPED_ADDRESS } from '../../base/sg-list.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import { CQE_BYTES, CqeWord, SQE_BYTES, SqeWord } from '../../wire/nvme-entries.ts';
import { AdminOpcode, IoOpcode } from '../../wire/nvme-opcodes.ts';
import { Psdt, SGL_DESCRIPTOR_BYTES, SglType } from '../../wire/nvme-sgl.ts';
import { NvmeStatus, STATUS_CODE_MASK } from '../../wire/nvme-status.ts';
import { NvmeLaw, nvmeLaw } from './nvme-laws.ts';

/** What a controller may do with a range, and why. */
interface Right {
  readonly kind: 'sq' | 'cq' | 'data' | 'prps' | 'sgl' | 'doorbells';
  readonly base: number;
  readonly end: number;
  readonly read: boolean;
  readonly write: boolean;
  /** `queue << 16 | cid` of the command that gave it; the queue's id for a ring; -1 for what stays until a reset. */
  readonly owner: number;
  /** Of lists: which way the data goes, and the most bytes of it. */
  readonly opcode: number;
  readonly limit: number;
}

/** An entry that was fetched and not completed. */
interface Live {
  readonly opcode: number;
  readonly words: Int32Array;
}

/** What is known of the namespaces and the controller. */
export interface NamedMemoryOptions {
  /** Bytes of a block of namespace `nsid`, `undefined` when there is no such namespace. */
  readonly blockBytes: (nsid: number) => number | undefined;
  /** Most data bytes of one command (MDTS). */
  readonly maxTransferBytes: number;
  /** Ranges of the controller's own, as address and bytes: a page for bit buckets. */
  readonly own?: readonly (readonly [number, number])[];
}

/** {@link GuestMemory} that throws `NvmeLawError` at the first access of a range that nobody named. It shows no pages and no views. */
export class NamedMemory implements GuestMemory {
  /** The memory page size that the host chose. */
  pageBytes = 4096;
  /** Accesses so far. */
  accessCount = 0;
  /** Entries that were fetched, and completions that were posted. */
  fetched = 0;
  posted = 0;
  readonly #inner: GuestMemory;
  readonly #options: NamedMemoryOptions;
  #rights: Right[] = [];
  readonly #live = new Map<number, Live[]>();
  readonly #words = new Int32Array(16);

  constructor(inner: GuestMemory, options: NamedMemoryOptions) {
    this.#inner = inner;
    this.#options = options;
    this.forget();
  }

  /** A reset is over: nothing is named any more. */
  forget(): void {
    this.#live.clear();
    this.#rights = [];
    for (const [base, bytes] of this.#options.own ?? []) {
      this.#add({ kind: 'data', base, end: base + bytes, read: false, write: true, owner: -1 });
    }
  }

  /** The host enabled the controller with admin queues at these places, of so many entries. */
  nameAdminQueues(asq: number, sqSize: number, acq: number, cqSize: number): void {
    this.#addRing('sq', 0, asq, sqSize);
    this.#addRing('cq', 0, acq, cqSize);
  }

  isMapped(gpa: number, length: number): boolean {
    return this.#inner.isMapped(gpa, length);
  }

  read8(gpa: number): number {
    this.#read(gpa, 1);
    return this.#inner.read8(gpa);
  }

  read16(gpa: number): number {
    this.#read(gpa, 2);
    return this.#inner.read16(gpa);
  }

  read32(gpa: number): number {
    this.#read(gpa, 4);
    return this.#inner.read32(gpa);
  }

  write8(gpa: number, value: number): boolean {
    this.#check(true, gpa, 1);
    return this.#inner.write8(gpa, value);
  }

  write16(gpa: number, value: number): boolean {
    this.#check(true, gpa, 2);
    return this.#inner.write16(gpa, value);
  }

  write32(gpa: number, value: number): boolean {
    this.#check(true, gpa, 4);
    return this.#inner.write32(gpa, value);
  }

  load(gpa: number, into: Uint8Array, at: number, length: number): boolean {
    this.#read(gpa, length);
    return this.#inner.load(gpa, into, at, length);
  }

  store(gpa: number, from: Uint8Array, at: number, length: number): boolean {
    this.#check(true, gpa, length);
    const stored = this.#inner.store(gpa, from, at, length);
    if (stored) this.#noticePosts(gpa, length);
    return stored;
  }

  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean {
    this.#read(gpa, 4 * count);
    return this.#inner.loadWords(gpa, into, at, count);
  }

  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean {
    this.#check(true, gpa, 4 * count);
    const stored = this.#inner.storeWords(gpa, from, at, count);
    if (stored) this.#noticePosts(gpa, 4 * count);
    return stored;
  }

  fill(gpa: number, value: number, length: number): boolean {
    this.#check(true, gpa, length);
    return this.#inner.fill(gpa, value, length);
  }

  pageForRead(): Uint8Array | undefined {
    return undefined;
  }

  pageForWrite(): Uint8Array | undefined {
    return undefined;
  }

  view(): Uint8Array | undefined {
    return undefined;
  }

  #read(gpa: number, length: number): void {
    this.#check(false, gpa, length);
    const end = gpa + length;
    // Rights that are added on the way are not for this access.
    const known = this.#rights.length;
    for (let i = 0; i < known; i++) {
      const right = this.#rights[i]!;
      if (right.base >= end || right.end <= gpa) continue;
      if (right.kind === 'sq') this.#noticeFetches(right, gpa, end);
      else if (right.kind === 'prps') this.#noticePrps(right, gpa, end);
      else if (right.kind === 'sgl') this.#noticeSgls(right, gpa, end);
    }
  }

  /** Every byte of the range must lie in some range that was named for this. */
  #check(write: boolean, gpa: number, length: number): void {
    this.accessCount += 1;
    // What lies beyond all addresses holds no byte.
    if (gpa + length >= UNMAPPED_ADDRESS) return;
    let at = gpa;
    while (at < gpa + length) {
      const right = this.#rights.find(
        (each) => each.base <= at && at < each.end && (write ? each.write : each.read),
      );
      if (right === undefined) {
        const what = `${write ? 'writes' : 'reads'} ${length} bytes at ${gpa.toString(16)}h`;
        nvmeLaw(false, NvmeLaw.confined, `${what}, of which ${at.toString(16)}h is not named`);
      }
      at = right.end;
    }
  }

  #noticeFetches(ring: Right, gpa: number, end: number): void {
    for (let at = ring.base; at + SQE_BYTES <= ring.end; at += SQE_BYTES) {
      if (at < gpa || at + SQE_BYTES > end) continue;
      const words = new Int32Array(16);
      if (this.#inner.loadWords(at, words, 0, 16)) this.#fetch(ring.owner, words);
    }
  }

  #fetch(queueId: number, words: Int32Array): void {
    this.fetched += 1;
    const key = queueId * 0x1_0000 + (words[0]! >>> 16);
    const opcode = words[0]! & 0xff;
    const live = this.#live.get(key);
    if (live === undefined) this.#live.set(key, [{ opcode, words }]);
    else live.push({ opcode, words });
    const isAdmin = queueId === 0;
    if (isAdmin && (opcode === AdminOpcode.createIoSq || opcode === AdminOpcode.createIoCq)) return;
    if (isAdmin && opcode === AdminOpcode.doorbellBufferConfig) {
      this.#addBuffers(words, key);
      return;
    }
    const limit = this.#bytesOf(isAdmin, words);
    // What is longer than a transfer may be is to be refused.
    if ((opcode & 3) === 0 || limit > this.#options.maxTransferBytes) return;
    if ((words[0]! & Psdt.mask) !== 0)
      this.#nameDescriptor(words, SqeWord.prp1Lo, key, opcode, limit);
    else this.#namePrps(words, key, opcode, limit);
  }

  /** The most bytes that a command may move, 0 for none. */
  #bytesOf(isAdmin: boolean, words: Int32Array): number {
    const opcode = words[0]! & 0xff;
    const cdw10 = words[SqeWord.cdw10]!;
    if (isAdmin) {
      if (opcode === AdminOpcode.identify) return 4096;
      if (opcode !== AdminOpcode.getLogPage) return this.#options.maxTransferBytes;
      return 4 * ((words[SqeWord.cdw11]! & 0xffff) * 0x1_0000 + (cdw10 >>> 16) + 1);
    }
    if (opcode === IoOpcode.datasetManagement) return 16 * ((cdw10 & 0xff) + 1);
    if (opcode !== IoOpcode.read && opcode !== IoOpcode.write && opcode !== IoOpcode.compare) {
      return this.#options.maxTransferBytes;
    }
    const blockBytes = this.#options.blockBytes(words[SqeWord.nsid]! >>> 0) ?? 0;
    return blockBytes * ((words[SqeWord.cdw12]! & 0xffff) + 1);
  }

  #namePrps(words: Int32Array, key: number, opcode: number, limit: number): void {
    const first = addressAt(words, SqeWord.prp1Lo);
    const inFirst = this.#leftInPage(words[SqeWord.prp1Lo]!);
    this.#addData(first, Math.min(inFirst, limit), key, opcode);
    const rest = limit - inFirst;
    if (rest <= 0) return;
    const second = addressAt(words, SqeWord.prp2Lo);
    const left = this.#leftInPage(words[SqeWord.prp2Lo]!);
    this.#addData(second, Math.min(left, rest), key, opcode);
    if (rest > this.pageBytes) this.#addList('prps', second, left, key, opcode, limit);
  }

  /** Bytes from an address to the end of its page. By the low half: the address itself may be beyond all numbers. */
  #leftInPage(lo: number): number {
    return this.pageBytes - (lo & (this.pageBytes - 1));
  }

  #noticePrps(list: Right, gpa: number, end: number): void {
    for (let at = list.base; at + 8 <= list.end; at += 8) {
      if (at < gpa || at + 8 > end || !this.#inner.loadWords(at, this.#words, 0, 2)) continue;
      const named = addressAt(this.#words, 0);
      this.#addData(named, Math.min(this.pageBytes, list.limit), list.owner, list.opcode);
      if (at + 8 === list.end) {
        this.#addList('prps', named, this.pageBytes, list.owner, list.opcode, list.limit);
      }
    }
  }

  #noticeSgls(list: Right, gpa: number, end: number): void {
    for (let at = list.base; at + SGL_DESCRIPTOR_BYTES <= list.end; at += SGL_DESCRIPTOR_BYTES) {
      if (at < gpa || at + SGL_DESCRIPTOR_BYTES > end) continue;
      if (!this.#inner.loadWords(at, this.#words, 0, 4)) continue;
      this.#nameDescriptor(this.#words, 0, list.owner, list.opcode, list.limit);
    }
  }

  #nameDescriptor(words: Int32Array, at: number, key: number, opcode: number, limit: number): void {
    const named = addressAt(words, at);
    const bytes = words[at + 2]! >>> 0;
    const type = words[at + 3]! >>> 28;
    if (type === SglType.dataBlock) this.#addData(named, Math.min(bytes, limit), key, opcode);
    else if (type === SglType.segment || type === SglType.lastSegment) {
      this.#addList('sgl', named, bytes, key, opcode, limit);
    }
  }

  #noticePosts(gpa: number, length: number): void {
    const end = gpa + length;
    const near = this.#rights.filter((each) => each.write && each.base < end && each.end > gpa);
    const ring = near.find(({ kind }) => kind === 'cq');
    if (ring === undefined) return;
    // Data may be written over a queue, too: then nothing ends that goes on perhaps.
    const isSure = near.length === 1;
    for (let at = ring.base; at < ring.end; at += CQE_BYTES) {
      if (at < gpa || at + CQE_BYTES > end) continue;
      this.#inner.loadWords(at, this.#words, 0, 4);
      const cid = this.#words[CqeWord.cidAndStatus]! & 0xffff;
      this.#complete(
        (this.#words[CqeWord.sqHeadAndId]! >>> 16) * 0x1_0000 + cid,
        (this.#words[CqeWord.cidAndStatus]! >>> 17) & STATUS_CODE_MASK,
        isSure,
      );
    }
  }

  #complete(key: number, status: number, isSure: boolean): void {
    const live = this.#live.get(key);
    if (!isSure) {
      const [perhaps] = live ?? [];
      if (perhaps !== undefined && key < 0x1_0000 && status === 0) this.#addQueues(perhaps);
      return;
    }
    this.posted += 1;
    const name = `queue ${Math.floor(key / 0x1_0000)}, identifier ${key % 0x1_0000}`;
    nvmeLaw(live !== undefined, NvmeLaw.onlyFetched, name);
    // The one that came last is refused for the identifier of the one before it.
    const done = status === NvmeStatus.commandIdConflict ? live.pop()! : live.shift()!;
    if (key < 0x1_0000 && status === NvmeStatus.success) this.#changeQueues(done);
    if (live.length > 0) return;
    this.#live.delete(key);
    this.#drop((right) => right.owner === key && right.kind !== 'sq' && right.kind !== 'cq');
  }

  #changeQueues(command: Live): void {
    const id = command.words[SqeWord.cdw10]! & 0xffff;
    if (command.opcode === AdminOpcode.deleteIoSq) this.#dropRing('sq', id);
    else if (command.opcode === AdminOpcode.deleteIoCq) this.#dropRing('cq', id);
    else if (command.opcode === AdminOpcode.doorbellBufferConfig) {
      this.#drop((right) => right.kind === 'doorbells' && right.owner === -1);
    }
    this.#addQueues(command);
  }

  #addQueues({ opcode, words }: Live): void {
    const id = words[SqeWord.cdw10]! & 0xffff;
    const entries = (words[SqeWord.cdw10]! >>> 16) + 1;
    const base = addressAt(words, SqeWord.prp1Lo);
    if (opcode === AdminOpcode.createIoSq) this.#addRing('sq', id, base, entries);
    else if (opcode === AdminOpcode.createIoCq) this.#addRing('cq', id, base, entries);
    else if (opcode === AdminOpcode.doorbellBufferConfig) this.#addBuffers(words, -1);
  }

  #addBuffers(words: Int32Array, owner: number): void {
    for (const at of [SqeWord.prp1Lo, SqeWord.prp2Lo]) {
      const base = addressAt(words, at);
      const end = base + this.pageBytes;
      this.#add({ kind: 'doorbells', base, end, read: true, write: true, owner });
    }
  }

  #addRing(kind: 'sq' | 'cq', owner: number, base: number, entries: number): void {
    const end = base + entries * (kind === 'sq' ? SQE_BYTES : CQE_BYTES);
    this.#add({ kind, base, end, read: kind === 'sq', write: kind === 'cq', owner });
  }

  #dropRing(kind: 'sq' | 'cq', id: number): void {
    this.#drop((right) => right.kind === kind && right.owner === id);
  }

  #addData(base: number, bytes: number, owner: number, opcode: number): void {
    // Bits 1:0 of every opcode say which way its data goes. NVMe Base 2.0, figure 88.
    const read = (opcode & 1) !== 0;
    const write = (opcode & 2) !== 0;
    this.#add({ kind: 'data', base, end: base + bytes, read, write, owner });
  }

  #addList(
    kind: 'prps' | 'sgl',
    base: number,
    bytes: number,
    owner: number,
    opcode: number,
    limit: number,
  ): void {
    const end = base + bytes;
    this.#add({ kind, base, end, read: true, write: false, owner }, opcode, limit);
  }

  #add(right: Omit<Right, 'opcode' | 'limit'>, opcode = 0, limit = 0): void {
    const { kind, base, end, read, write, owner } = right;
    // Lists that name themselves, or one another, are read again and again.
    const isKnown = this.#rights.some(
      (each) =>
        each.base === base &&
        each.end === end &&
        each.owner === owner &&
        each.kind === kind &&
        each.read === read &&
        each.write === write &&
        each.opcode === opcode &&
        each.limit === limit,
    );
    if (!isKnown) this.#rights.push({ ...right, opcode, limit });
  }

  #drop(isGone: (right: Right) => boolean): void {
    this.#rights = this.#rights.filter((right) => !isGone(right));
  }
}

function addressAt(words: Int32Array, at: number): number {
  return addressOf(words[at]! >>> 0, words[at + 1]! >>> 0);
}
