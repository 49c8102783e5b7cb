/** The host side of a recorded case: registers, MSI-X, queues by number, completions by command identifier. */
import { CQE_BYTES, CqeWord, SQE_BYTES, SqeWord } from '../../wire/nvme-entries.ts';
import { AdminOpcode } from '../../wire/nvme-opcodes.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../../wire/nvme-registers.ts';
import { PciCapability, PciCommand, PciRegister } from '../../wire/pci.ts';
import type { VectorWorld } from './nvme-vectors.ts';
import type { VectorMemory } from './vector-memory.ts';

/** A completion of a command. */
export interface VectorCompletion {
  readonly sct: number;
  readonly sc: number;
  readonly dnr: number;
  readonly dw0: number;
  readonly dw1: number;
}

interface Ring {
  readonly gpa: number;
  readonly size: number;
  at: number;
  phase: number;
}

const ADMIN_ENTRIES = 32;
const MSIX_ENABLE = 0x8000;

/** Drives one controller as the recorder did. */
export class VectorHost {
  readonly #world: VectorWorld;
  readonly #memory: VectorMemory;
  readonly #sqs = new Map<number, Ring & { readonly cqid: number }>();
  readonly #cqs = new Map<number, Ring>();
  readonly #done = new Map<number, VectorCompletion>();
  #nextCid = 1;

  constructor(world: VectorWorld, memory: VectorMemory) {
    this.#world = world;
    this.#memory = memory;
  }

  /** CSTS. */
  get csts(): number {
    return this.#world.pci.mmioRead(NvmeRegister.csts, 4);
  }

  /** Bus mastering, and message interrupts with nothing masked. */
  start(withMsix: boolean): void {
    const { pci } = this.#world;
    pci.configWrite(PciRegister.command, 2, PciCommand.memory | PciCommand.busMaster);
    if (!withMsix) return;
    let at = pci.configRead(PciRegister.capabilities, 1);
    while (at !== 0 && pci.configRead(at, 1) !== PciCapability.msix) at = pci.configRead(at + 1, 1);
    if (at === 0) return;
    const control = pci.configRead(at + 2, 2);
    const table = pci.configRead(at + 4, 4) & ~7;
    for (let i = 0; i <= (control & 0x7ff); i++) pci.mmioWrite(table + 16 * i + 12, 4, 0);
    pci.configWrite(at + 2, 2, control | MSIX_ENABLE);
  }

  /** Admin queues anew, then CC.EN; fields of `cc` take the place of the usual ones. */
  enable(cc: Readonly<Record<string, number>>): void {
    this.#sqs.clear();
    this.#cqs.clear();
    this.#done.clear();
    const sq = this.#memory.place(ADMIN_ENTRIES * SQE_BYTES);
    const cq = this.#memory.place(ADMIN_ENTRIES * CQE_BYTES);
    this.#sqs.set(0, { gpa: sq, size: ADMIN_ENTRIES, at: 0, phase: 1, cqid: 0 });
    this.#cqs.set(0, { gpa: cq, size: ADMIN_ENTRIES, at: 0, phase: 1 });
    const aqa = cc['aqa'] ?? (ADMIN_ENTRIES - 1) | ((ADMIN_ENTRIES - 1) << 16);
    this.#write(NvmeRegister.aqa, aqa);
    this.#write(NvmeRegister.asq, sq + (cc['asqOff'] ?? 0));
    this.#write(NvmeRegister.asq + 4, 0);
    this.#write(NvmeRegister.acq, cq + (cc['acqOff'] ?? 0));
    this.#write(NvmeRegister.acq + 4, 0);
    const value =
      Cc.en |
      ((cc['css'] ?? 0) << Cc.cssShift) |
      ((cc['mps'] ?? 0) << Cc.mpsShift) |
      ((cc['ams'] ?? 0) << Cc.amsShift) |
      ((cc['shn'] ?? 0) << Cc.shnShift) |
      ((cc['iosqes'] ?? 6) << Cc.iosqesShift) |
      ((cc['iocqes'] ?? 4) << Cc.iocqesShift);
    this.#write(NvmeRegister.cc, value);
    this.#world.settle();
  }

  /** Is the controller ready and not in a fatal state? */
  get isReady(): boolean {
    return (this.csts & (Csts.rdy | Csts.cfs)) === Csts.rdy;
  }

  /** Clears CC.EN. */
  disable(): void {
    this.#write(NvmeRegister.cc, 0);
    this.#world.settle();
  }

  /** Creates a completion queue, unless it is there, and a submission queue. Returns what went wrong, if anything. */
  createQueues(qid: number, cqid: number, size: number, vector: number): string | undefined {
    if (!this.#cqs.has(cqid)) {
      const gpa = this.#memory.place(size * CQE_BYTES);
      const words = adminWords(AdminOpcode.createIoCq, gpa, cqid, size, 3 | (vector << 16));
      const status = this.#mustEnd(words);
      if (status !== undefined) return `completion queue ${cqid}: ${status}`;
      this.#cqs.set(cqid, { gpa, size, at: 0, phase: 1 });
    }
    const gpa = this.#memory.place(size * SQE_BYTES);
    const words = adminWords(AdminOpcode.createIoSq, gpa, qid, size, 1 | (cqid << 16));
    const status = this.#mustEnd(words);
    if (status !== undefined) return `submission queue ${qid}: ${status}`;
    this.#sqs.set(qid, { gpa, size, at: 0, phase: 1, cqid });
    return undefined;
  }

  /** A command identifier that is new: 1, 2 and on. */
  takeCid(): number {
    return this.#nextCid++ & 0xffff;
  }

  /** Puts an entry into a queue without a doorbell. */
  push(qid: number, words: Int32Array): void {
    const sq = this.#sqs.get(qid);
    if (sq === undefined) throw new Error(`the case has no queue ${qid}`);
    this.#world.memory.storeWords(sq.gpa + sq.at * SQE_BYTES, words, 0, 16);
    sq.at = (sq.at + 1) % sq.size;
  }

  /** Rings the tail doorbell and lets the world run. */
  ring(qid: number): void {
    this.doorbell(2 * qid, this.#sqs.get(qid)!.at);
  }

  /** Writes a doorbell and lets the world run. */
  doorbell(index: number, value: number): void {
    const stride = 4 << (this.#world.pci.mmioRead(NvmeRegister.cap + 4, 4) & 15);
    this.#write(DOORBELL_BASE + index * stride, value);
    this.#world.settle();
    for (const [cqid, cq] of this.#cqs) this.#reap(cqid, cq);
  }

  /** Takes the completion of command `cid`, or `undefined` while it is pending. */
  take(cid: number): VectorCompletion | undefined {
    const completion = this.#done.get(cid);
    this.#done.delete(cid);
    return completion;
  }

  #reap(cqid: number, cq: Ring): void {
    const words = new Int32Array(4);
    let isNew = false;
    for (;;) {
      this.#world.memory.loadWords(cq.gpa + cq.at * CQE_BYTES, words, 0, 4);
      const last = words[CqeWord.cidAndStatus]!;
      if (((last >>> 16) & 1) !== cq.phase) break;
      isNew = true;
      this.#done.set(last & 0xffff, {
        sc: (last >>> 17) & 0xff,
        sct: (last >>> 25) & 7,
        dnr: last >>> 31,
        dw0: words[CqeWord.dw0]! >>> 0,
        dw1: words[CqeWord.dw1]! >>> 0,
      });
      cq.at += 1;
      if (cq.at < cq.size) continue;
      cq.at = 0;
      cq.phase ^= 1;
    }
    if (isNew) this.doorbell(2 * cqid + 1, cq.at);
  }

  #mustEnd(words: Int32Array): string | undefined {
    const cid = this.takeCid();
    words[SqeWord.cdw0] = words[SqeWord.cdw0]! | (cid << 16);
    this.push(0, words);
    this.ring(0);
    const completion = this.take(cid);
    if (completion === undefined) return 'no completion';
    const { sct, sc } = completion;
    return sct === 0 && sc === 0 ? undefined : `${sct}/${sc.toString(16)}h`;
  }

  #write(at: number, value: number): void {
    this.#world.pci.mmioWrite(at, 4, value >>> 0);
  }
}

function adminWords(
  opcode: number,
  gpa: number,
  id: number,
  size: number,
  cdw11: number,
): Int32Array {
  const words = new Int32Array(16);
  words[SqeWord.cdw0] = opcode;
  words[SqeWord.prp1Lo] = gpa;
  words[SqeWord.cdw10] = id | ((size - 1) << 16);
  words[SqeWord.cdw11] = cdw11;
  return words;
}
