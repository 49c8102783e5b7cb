/** A host that programs a controller by hand: registers, raw entries, doorbells. For tests that a driver would be too polite for. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { PciFunction } from '../../interfaces/pci-function.ts';
import type { SimExecutor } from '../../sim/sim-executor.ts';
import { CQE_BYTES, SQE_BYTES, SqeWord } from '../../wire/nvme-entries.ts';
import { AdminOpcode } from '../../wire/nvme-opcodes.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../../wire/nvme-registers.ts';
import { PciCommand, PciRegister } from '../../wire/pci.ts';

/** A completion as it lay in memory. */
export interface RawCompletion {
  /** Completion dword 0. */
  dw0: number;
  /** Completion dword 1. */
  dw1: number;
  /** Submission queue head. */
  sqhd: number;
  /** Submission queue. */
  sqid: number;
  /** Command identifier. */
  cid: number;
  /** Phase tag. */
  phase: number;
  /** Status field without phase. */
  status: number;
}

/** Fields of a command by name; what is left out is 0. */
export interface RawFields {
  opcode: number;
  /** FUSE, PSDT and reserved bits, in place in command dword 0. */
  flags?: number;
  nsid?: number;
  prp1?: number;
  prp2?: number;
  cdw10?: number;
  cdw11?: number;
  cdw12?: number;
}

/** Where a queue pair lies and how far the host is. */
export interface RawQueue {
  readonly id: number;
  readonly sq: number;
  readonly cq: number;
  readonly sqSize: number;
  readonly cqSize: number;
  /** The completion queue of this pair, when it is another's. */
  readonly cqid: number;
  tail: number;
  head: number;
  phase: number;
}

/** The admin queue's place in memory: submission at 64 KiB, completion at 128 KiB. Everything else is the test's to place. */
const ADMIN_SQ = 0x1_0000;
const ADMIN_CQ = 0x2_0000;

/** Drives one function through its registers and queues. Nothing is checked that a test may want to break. */
export class RawNvmeHost {
  readonly executor: SimExecutor;
  readonly memory: GuestMemory;
  readonly pci: PciFunction;
  /** The admin queue after {@link RawNvmeHost.enable}. */
  admin: RawQueue = makeQueue(0, ADMIN_SQ, ADMIN_CQ, 32, 32, 0);
  #nextCid = 1;

  constructor(executor: SimExecutor, memory: GuestMemory, pci: PciFunction) {
    this.executor = executor;
    this.memory = memory;
    this.pci = pci;
  }

  /** CSTS. */
  get csts(): number {
    return this.pci.mmioRead(NvmeRegister.csts, 4);
  }

  /** Bus mastering, admin queue registers, CC.EN; then runs the world. True when the controller is ready. */
  enable(
    settings: {
      sqSize?: number;
      cqSize?: number;
      mps?: number;
      cc?: number;
      aqa?: number;
      asq?: number;
      acq?: number;
    } = {},
  ): boolean {
    const sqSize = settings.sqSize ?? 32;
    const cqSize = settings.cqSize ?? 32;
    const asq = settings.asq ?? ADMIN_SQ;
    const acq = settings.acq ?? ADMIN_CQ;
    this.admin = makeQueue(0, asq, acq, sqSize, cqSize, 0);
    this.memory.fill(acq, 0, cqSize * CQE_BYTES);
    this.pci.configWrite(PciRegister.command, 2, PciCommand.memory | PciCommand.busMaster);
    this.write(NvmeRegister.aqa, settings.aqa ?? (sqSize - 1) | ((cqSize - 1) << 16));
    this.write(NvmeRegister.asq, asq % 0x1_0000_0000);
    this.write(NvmeRegister.asq + 4, Math.floor(asq / 0x1_0000_0000));
    this.write(NvmeRegister.acq, acq % 0x1_0000_0000);
    this.write(NvmeRegister.acq + 4, Math.floor(acq / 0x1_0000_0000));
    const sizes = (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
    const cc = settings.cc ?? sizes | ((settings.mps ?? 0) << Cc.mpsShift);
    this.write(NvmeRegister.cc, (cc | Cc.en) >>> 0);
    this.executor.runUntilIdle();
    return (this.csts & (Csts.rdy | Csts.cfs)) === Csts.rdy;
  }

  /** Clears CC.EN and runs the world. */
  disable(): void {
    this.write(NvmeRegister.cc, 0);
    this.executor.runUntilIdle();
  }

  /** Writes a register. */
  write(at: number, value: number): void {
    this.pci.mmioWrite(at, 4, value);
  }

  /** Writes a doorbell: even indices are tails, odd ones heads. */
  doorbell(index: number, value: number): void {
    const stride = 4 << (this.pci.mmioRead(NvmeRegister.cap + 4, 4) & 15);
    this.write(DOORBELL_BASE + index * stride, value);
  }

  /** Writes an entry at the tail and steps over it, without a doorbell; returns its identifier. */
  push(queue: RawQueue, fields: RawFields, cid = this.#nextCid++ & 0xffff): number {
    const words = new Int32Array(16);
    words[SqeWord.cdw0] = fields.opcode | (fields.flags ?? 0) | (cid << 16);
    words[SqeWord.nsid] = fields.nsid ?? 0;
    putAddress(words, SqeWord.prp1Lo, fields.prp1 ?? 0);
    putAddress(words, SqeWord.prp2Lo, fields.prp2 ?? 0);
    words[SqeWord.cdw10] = fields.cdw10 ?? 0;
    words[SqeWord.cdw11] = fields.cdw11 ?? 0;
    words[SqeWord.cdw12] = fields.cdw12 ?? 0;
    this.pushWords(queue, words);
    return cid;
  }

  /** Writes sixteen words as they are at the tail and steps over them. */
  pushWords(queue: RawQueue, words: Int32Array): void {
    this.memory.storeWords(queue.sq + queue.tail * SQE_BYTES, words, 0, 16);
    queue.tail = (queue.tail + 1) % queue.sqSize;
  }

  /** Rings the tail doorbell. */
  ring(queue: RawQueue): void {
    this.doorbell(2 * queue.id, queue.tail);
  }

  /** Takes the new completions of a queue. @param acknowledge rings the head doorbell after them */
  take(queue: RawQueue, acknowledge = true): RawCompletion[] {
    const found: RawCompletion[] = [];
    for (let entry = this.peek(queue); entry !== undefined; entry = this.peek(queue)) {
      found.push(entry);
      queue.head += 1;
      if (queue.head < queue.cqSize) continue;
      queue.head = 0;
      queue.phase ^= 1;
    }
    if (acknowledge && found.length > 0) this.acknowledge(queue);
    return found;
  }

  /** The completion at the head, when its phase tag is new. */
  peek(queue: RawQueue): RawCompletion | undefined {
    const words = new Int32Array(4);
    this.memory.loadWords(queue.cq + queue.head * CQE_BYTES, words, 0, 4);
    const phase = (words[3]! >>> 16) & 1;
    if (phase !== queue.phase) return undefined;
    return {
      dw0: words[0]! >>> 0,
      dw1: words[1]! >>> 0,
      sqhd: words[2]! & 0xffff,
      sqid: words[2]! >>> 16,
      cid: words[3]! & 0xffff,
      phase,
      status: words[3]! >>> 17,
    };
  }

  /** Rings the head doorbell. */
  acknowledge(queue: RawQueue): void {
    this.doorbell(2 * queue.cqid + 1, queue.head);
  }

  /** Submits one command, runs the world and takes its completion; `undefined` when none came. */
  command(queue: RawQueue, fields: RawFields): RawCompletion | undefined {
    this.push(queue, fields);
    this.ring(queue);
    this.executor.runUntilIdle();
    return this.take(queue).at(-1);
  }

  /** Creates a queue pair, or a submission queue on another's completion queue. Queues lie at `at`, 64 KiB apart. */
  createQueue(
    id: number,
    at: number,
    sqSize: number,
    cqSize = sqSize,
    options: { vector?: number; onto?: RawQueue; interrupts?: boolean } = {},
  ): RawQueue {
    const { vector = 0, onto, interrupts = true } = options;
    const queue = makeQueue(id, at, onto?.cq ?? at + 0x1_0000, sqSize, cqSize, onto?.cqid ?? id);
    if (onto === undefined) {
      this.memory.fill(queue.cq, 0, cqSize * CQE_BYTES);
      this.#mustSucceed({
        opcode: AdminOpcode.createIoCq,
        prp1: queue.cq,
        cdw10: id | ((cqSize - 1) << 16),
        cdw11: 1 | (interrupts ? 2 : 0) | (vector << 16),
      });
    }
    this.#mustSucceed({
      opcode: AdminOpcode.createIoSq,
      prp1: queue.sq,
      cdw10: id | ((sqSize - 1) << 16),
      cdw11: 1 | (queue.cqid << 16),
    });
    return queue;
  }

  #mustSucceed(fields: RawFields): void {
    const status = this.command(this.admin, fields)?.status;
    if (status !== 0) throw new Error(`admin command ${fields.opcode} ended with ${status}`);
  }
}

function makeQueue(
  id: number,
  sq: number,
  cq: number,
  sqSize: number,
  cqSize: number,
  cqid: number,
): RawQueue {
  return { id, sq, cq, sqSize, cqSize, cqid, tail: 0, head: 0, phase: 1 };
}

function putAddress(words: Int32Array, at: number, gpa: number): void {
  words[at] = gpa;
  words[at + 1] = Math.floor(gpa / 0x1_0000_0000);
}
