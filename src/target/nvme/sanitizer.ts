/**
 * Sanitize: one operation of a subsystem at a time, which empties all of its units in the background. NVMe Base 2.0, 5.30, 8.21.
 *
 * Does not model: an operation going on after the power was off, estimated times, whether something was written since the last
 * operation (Global Data Erased stays 0).
 */
import { SgList } from '../../base/sg-list.ts';
import { type TargetCommand, TargetFlag, TargetOp, TargetStatus } from '../../interfaces/target.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { SANITIZE_LOG_BYTES, sanitizeLog } from '../../wire/nvme-logs.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import type { NvmeNamespace } from './nvme-namespace.ts';
import type { Writer } from './write-gate.ts';

/** SANACT, the sanitize action. */
const Action = { exitFailure: 1, blockErase: 2, overwrite: 3, cryptographicErase: 4 } as const;
/** AUSE: after a failure the host may leave the failure mode. OIPBP: the pattern is inverted between passes. NDAS: do not deallocate. */
const ALLOW_UNRESTRICTED_EXIT = 1 << 3;
const INVERT_PATTERN = 1 << 8;
const NO_DEALLOCATE = 1 << 9;
/** SSTAT: the state of the last operation. */
const Status = { never: 0, done: 1, running: 2, failed: 3 } as const;
const PROGRESS_LIMIT = 65_536;
const NOT_RUNNING = 0xffff;
const UNKNOWN_TIME = 0xffff_ffff;
/** Parts that each unit is emptied in, so that the progress can be watched. */
const STEPS = 16;
const PATTERN_BYTES = 65_536;

/** What the sanitizer works on. */
export interface SanitizeTarget {
  /** The smallest id of a namespace that is larger, or 0. */
  nextAllocated(nsid: number): number;
  /** The namespace `nsid`, attached or not. */
  allocatedNamespace(nsid: number): NvmeNamespace | undefined;
}

/** Hears that an operation is over. */
export type SanitizeListener = () => void;

/** The sanitize operation of a subsystem, and what became of the last one. */
export class Sanitizer implements Writer {
  readonly isPair = true;
  readonly resume: () => void;
  readonly #target: SanitizeTarget;
  readonly #listeners: SanitizeListener[] = [];
  readonly #command: TargetCommand;
  readonly #pattern = new Uint8Array(PATTERN_BYTES);
  #cdw10 = 0;
  #cdw11 = 0;
  #status: number = Status.never;
  /** The namespace at hand, the pass over it, and the next block of its unit. */
  #namespace: NvmeNamespace | undefined = undefined;
  #pass = 0;
  #at = 0;
  #unitsDone = 0;
  #units = 1;
  /** An operation failed, and until another one is done or the host leaves the failure mode no data can be had. */
  #isRestricted = false;

  constructor(target: SanitizeTarget) {
    const memory = new RegionMemory([{ base: 0, bytes: this.#pattern }]);
    this.#target = target;
    this.resume = () => this.#submit();
    this.#command = {
      ioId: 0,
      op: TargetOp.writeZeroes,
      lba: 0,
      blockCount: 0,
      flags: 0,
      memory,
      data: new SgList(1),
      status: TargetStatus.good,
      end: (command) => this.#ended(command.status),
    };
  }

  /** An operation is at work. */
  get isRunning(): boolean {
    return this.#status === Status.running;
  }

  /** Tells the listener whenever an operation is over. */
  listen(listener: SanitizeListener): void {
    this.#listeners.push(listener);
  }

  /** Whether other commands are let in: success, or the status that they end with. */
  get gateStatus(): number {
    if (this.#status === Status.running) return NvmeStatus.sanitizeInProgress;
    return this.#isRestricted ? NvmeStatus.sanitizeFailed : NvmeStatus.success;
  }

  /** Executes the command; returns its status. The operation goes on afterwards. */
  start(cdw10: number, cdw11: number): number {
    const action = cdw10 & 7;
    if (this.isRunning) return NvmeStatus.sanitizeInProgress;
    if (action === Action.exitFailure) return this.#exitFailure();
    if (action < Action.blockErase || action > Action.cryptographicErase) {
      return NvmeStatus.invalidField;
    }
    if (this.#isFormatting) return NvmeStatus.formatInProgress;
    this.#cdw10 = cdw10;
    this.#cdw11 = cdw11;
    this.#status = Status.running;
    this.#unitsDone = 0;
    this.#units = 0;
    for (let at = this.#target.nextAllocated(0); at !== 0; at = this.#target.nextAllocated(at)) {
      this.#units += 1;
    }
    this.#takeNext(0);
    return NvmeStatus.success;
  }

  /** Writes the log page to `into`; returns its length in bytes. */
  writeTo(into: Uint8Array): number {
    const view = new DataView(into.buffer, into.byteOffset, SANITIZE_LOG_BYTES);
    into.fill(0, 0, SANITIZE_LOG_BYTES);
    sanitizeLog.progress.set(view, 0, this.isRunning ? this.#progress : NOT_RUNNING);
    sanitizeLog.status.set(view, 0, this.#status);
    sanitizeLog.passes.set(view, 0, this.#isOverwrite ? this.#pass & 31 : 0);
    sanitizeLog.cdw10.set(view, 0, this.#cdw10);
    for (let at = sanitizeLog.estimates.at; at < sanitizeLog.estimates.at + 24; at += 4) {
      view.setUint32(at, UNKNOWN_TIME, true);
    }
    return SANITIZE_LOG_BYTES;
  }

  get #isFormatting(): boolean {
    for (let at = this.#target.nextAllocated(0); at !== 0; at = this.#target.nextAllocated(at)) {
      if (this.#target.allocatedNamespace(at)!.isFormatting) return true;
    }
    return false;
  }

  get #isOverwrite(): boolean {
    return (this.#cdw10 & 7) === Action.overwrite;
  }

  /** How many passes there are over each unit: those of an overwrite, and the one that leaves nothing behind. */
  get #passes(): number {
    if (!this.#isOverwrite) return 1;
    const overwrites = (this.#cdw10 >>> 4) & 0xf || 16;
    return (this.#cdw10 & NO_DEALLOCATE) !== 0 ? overwrites : overwrites + 1;
  }

  get #progress(): number {
    const { geometry } = this.#namespace!.port;
    const ofUnit = (this.#pass + this.#at / geometry.blockCount) / this.#passes;
    const all = (this.#unitsDone + ofUnit) / this.#units;
    return Math.min(Math.floor(all * PROGRESS_LIMIT), NOT_RUNNING - 1);
  }

  #exitFailure(): number {
    if (!this.#isRestricted) return NvmeStatus.success;
    if ((this.#cdw10 & ALLOW_UNRESTRICTED_EXIT) === 0) return NvmeStatus.sanitizeFailed;
    this.#isRestricted = false;
    return NvmeStatus.success;
  }

  /** Goes on with the namespace after `nsid`, once nobody writes to it. */
  #takeNext(nsid: number): void {
    this.#namespace = this.#target.allocatedNamespace(this.#target.nextAllocated(nsid));
    this.#pass = 0;
    this.#at = 0;
    this.#fillPattern();
    if (this.#namespace === undefined) this.#finish(Status.done);
    else if (this.#namespace.gate!.enter(this)) this.#submit();
  }

  #submit(): void {
    const { port } = this.#namespace!;
    const { blockBytes, blockCount, writeZeroes } = port.geometry;
    const command = this.#command;
    const isPattern = this.#isOverwrite && this.#pass < this.#overwrites;
    const most = isPattern ? PATTERN_BYTES / blockBytes : Math.ceil(blockCount / STEPS);
    command.lba = this.#at;
    command.blockCount = Math.min(most, blockCount - this.#at);
    command.op = isPattern ? TargetOp.write : writeZeroes ? TargetOp.writeZeroes : TargetOp.unmap;
    const keeps = (this.#cdw10 & NO_DEALLOCATE) !== 0;
    command.flags = TargetFlag.fua | (isPattern || keeps ? 0 : TargetFlag.mayUnmap);
    command.data.clear();
    if (isPattern) command.data.push(0, 0, command.blockCount * blockBytes);
    port.submit(command);
  }

  get #overwrites(): number {
    return (this.#cdw10 >>> 4) & 0xf || 16;
  }

  #ended(status: TargetStatus): void {
    const namespace = this.#namespace!;
    const { blockCount } = namespace.port.geometry;
    if (status !== TargetStatus.good) {
      namespace.gate!.leave();
      this.#finish(Status.failed);
      return;
    }
    this.#at += this.#command.blockCount;
    if (this.#at === blockCount) {
      this.#at = 0;
      this.#pass += 1;
      this.#fillPattern();
    }
    if (this.#pass < this.#passes) {
      this.#submit();
      return;
    }
    // New states: all blocks are deallocated, none is uncorrectable, and there is no metadata.
    namespace.reformat({ ...namespace.format });
    this.#unitsDone += 1;
    namespace.gate!.leave();
    this.#takeNext(namespace.nsid);
  }

  /** Where the pattern is inverted between passes, the last pass writes it as it is. */
  #fillPattern(): void {
    const isInverted =
      (this.#cdw10 & INVERT_PATTERN) !== 0 && ((this.#overwrites - this.#pass) & 1) === 0;
    const word = isInverted ? ~this.#cdw11 : this.#cdw11;
    const view = new DataView(this.#pattern.buffer);
    for (let at = 0; at < PATTERN_BYTES; at += 4) view.setInt32(at, word, true);
  }

  #finish(status: number): void {
    this.#status = status;
    this.#isRestricted = status === Status.failed;
    for (const listener of this.#listeners) listener();
  }
}
