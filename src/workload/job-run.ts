/**
 * One clone of one job at work. A loop is its main phase (drawn I/Os, with flushes between) and, when it verifies what it wrote, a
 * phase that reads every written block back. A phase ends when its last I/O has ended.
 *
 * Does not model: fio's rates, think times and zones.
 */
import { assert } from '../base/assert.ts';
import type { Prng } from '../interfaces/prng.ts';
import { ANY_SEQUENCE, BlockVerifier, VerifyFault, verifyFaultText } from './block-verifier.ts';
import { IoGenerator } from './io-generator.ts';
import { blockBytesOf, type IoIds, IoKind, IoSlot } from './io-slot.ts';
import type { PlannedJob } from './workload-plan.ts';
import { type DirectionResult, JobResult } from './workload-result.ts';
import type { WorkloadTarget } from './workload-target.ts';

type Phase = 'main' | 'verify' | 'done';

/** Runs one job; the runner calls {@link JobRun.fill} whenever there may be something to issue. */
export class JobRun {
  readonly result: JobResult;
  readonly queueId: number;
  readonly #target: WorkloadTarget;
  readonly #job: PlannedJob;
  readonly #generator: IoGenerator;
  readonly #verifier: BlockVerifier | undefined;
  /** By block: the sequence number of the last write that ended well, 0 for none. */
  readonly #written: Uint32Array;
  /** By block: a write is in flight. */
  readonly #busy: Uint8Array;
  readonly #slots: readonly IoSlot[];
  readonly #free: IoSlot[];
  readonly #wake: () => void;
  readonly #firstSlba: number;
  readonly #ioBlocks: number;
  readonly #startNs: number;
  #phase: Phase = 'main';
  #phaseStartNs: number;
  /** An I/O whose commands the driver has not all taken. */
  #held: IoSlot | undefined = undefined;
  /** The generator has drawn an I/O that was not issued. */
  #isDrawn = false;
  #issuedInLoop = 0;
  #loop = 0;
  #writes = 0;
  #writesAtFlush = 0;
  /** Sequence of the last write before this loop. */
  #loopBase = 0;
  #verifyAt = 0;
  #isStopping = false;

  /** @param wake called when a command has ended: there may be something to issue */
  constructor(
    target: WorkloadTarget,
    job: PlannedJob,
    queueId: number,
    prng: Prng,
    ioIds: IoIds,
    wake: () => void,
  ) {
    this.#target = target;
    this.#job = job;
    this.queueId = queueId;
    this.#wake = wake;
    this.result = new JobResult(job);
    const chance = prng.split(`${job.randseed} ${job.name} ${job.clone}`);
    this.#generator = new IoGenerator(chance, job);
    const { verify } = job;
    this.#verifier = verify && new BlockVerifier(verify.hasHeader, verify.pattern, job.ioBytes);
    const tracked = verify !== undefined && job.access.writes ? job.blocks : 0;
    this.#written = new Uint32Array(tracked);
    this.#busy = new Uint8Array(tracked);
    const ended = (slot: IoSlot): void => this.#ended(slot);
    this.#slots = Array.from(
      { length: job.iodepth },
      () => new IoSlot(target, queueId, ioIds, job.ioBytes, ended),
    );
    this.#free = [...this.#slots].reverse();
    const noise = chance.split('buffers');
    for (const { words } of this.#slots) {
      for (let i = 0; i < words.length; i++) words[i] = noise.next32();
    }
    const blockBytes = blockBytesOf(target);
    this.#firstSlba = job.offset / blockBytes;
    this.#ioBlocks = job.ioBytes / blockBytes;
    this.#startNs = target.executor.now;
    this.#phaseStartNs = this.#startNs;
  }

  /** Everything was issued and has ended. */
  get isDone(): boolean {
    return this.#phase === 'done';
  }

  /** Share of the job that is done, 0 .. 1. */
  get progress(): number {
    const { loops, iosPerLoop, isTimeBased, runtimeNs } = this.#job;
    if (this.isDone) return 1;
    if (isTimeBased) return Math.min(1, (this.#target.executor.now - this.#startNs) / runtimeNs);
    return (this.#loop + Math.min(1, this.#issuedInLoop / iosPerLoop)) / loops;
  }

  /** Issues nothing more; what is in flight ends. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Issues what can be issued; true when commands were queued that want a commit. */
  fill(): boolean {
    let queued = false;
    while (this.#phase !== 'done') {
      const slot = this.#held ?? this.#next();
      if (slot === undefined) {
        if (!this.#isPhaseOver()) break;
        this.#endPhase();
        continue;
      }
      queued = true;
      this.#held = slot.submit() ? undefined : slot;
      if (this.#held !== undefined) break;
    }
    return queued;
  }

  /** Ends the job although I/Os are in flight: nobody will end them. */
  abandon(): void {
    this.result.lost += this.#inFlight();
    this.#phase = 'done';
  }

  /** Gives the buffers back; the job is done. */
  release(): void {
    for (const slot of this.#slots) slot.release();
  }

  #inFlight(): number {
    return this.#slots.length - this.#free.length;
  }

  #next(): IoSlot | undefined {
    if (this.#free.length === 0) return undefined;
    return this.#phase === 'main' ? this.#nextOfMain() : this.#nextOfVerify();
  }

  #nextOfMain(): IoSlot | undefined {
    if (this.#isMainOver()) return undefined;
    const { flushEvery } = this.#job;
    if (flushEvery > 0 && this.#writes - this.#writesAtFlush >= flushEvery) {
      // A flush concerns the writes that have ended: all that came before it must have.
      if (this.#inFlight() > 0) return undefined;
      this.#writesAtFlush = this.#writes;
      return this.#prepare(IoKind.flush, 0, 0);
    }
    const generator = this.#generator;
    if (!this.#isDrawn) generator.next();
    // Two writes of one block must not race, or nobody knows which one is to be read back.
    this.#isDrawn = this.#busy[generator.block] === 1;
    if (this.#isDrawn) return undefined;
    this.#issuedInLoop += 1;
    return generator.isWrite ? this.#write(generator.block) : this.#read(generator.block);
  }

  #isMainOver(): boolean {
    const { isTimeBased, runtimeNs, iosPerLoop } = this.#job;
    if (this.#isStopping || this.#isOutOfTime(runtimeNs)) return true;
    return !isTimeBased && this.#issuedInLoop >= iosPerLoop;
  }

  #isOutOfTime(runtimeNs: number): boolean {
    return runtimeNs > 0 && this.#target.executor.now - this.#startNs >= runtimeNs;
  }

  #write(block: number): IoSlot {
    this.#writes += 1;
    const slot = this.#prepare(IoKind.write, block, this.#writes);
    if (this.#verifier !== undefined) {
      this.#busy[block] = 1;
      this.#verifier.fill(slot.bytes, slot.words, this.#offsetOf(block), slot.sequence);
    }
    return slot;
  }

  #read(block: number): IoSlot {
    const checks = this.#verifier !== undefined && !this.#job.access.writes;
    return this.#prepare(checks ? IoKind.verify : IoKind.read, block, ANY_SEQUENCE);
  }

  #nextOfVerify(): IoSlot | undefined {
    if (this.#isStopping) return undefined;
    while (this.#verifyAt < this.#written.length) {
      const block = this.#verifyAt;
      this.#verifyAt += 1;
      const sequence = this.#written[block]!;
      if (sequence > this.#loopBase) return this.#prepare(IoKind.verify, block, sequence);
    }
    return undefined;
  }

  #prepare(kind: IoKind, block: number, sequence: number): IoSlot {
    const slot = this.#free.pop();
    assert(slot !== undefined, 'an I/O is prepared when a slot is free');
    const slba = kind === IoKind.flush ? 0 : this.#firstSlba + block * this.#ioBlocks;
    slot.prepare(kind, block, slba, sequence);
    if (kind === IoKind.verify) this.#verifier!.scrub(slot.words, this.#offsetOf(block));
    return slot;
  }

  #isPhaseOver(): boolean {
    if (this.#inFlight() > 0) return false;
    return this.#phase === 'verify' || this.#isMainOver();
  }

  #endPhase(): void {
    const { now } = this.#target.executor;
    const tookNs = now - this.#phaseStartNs;
    this.#phaseStartNs = now;
    if (this.#phase === 'main') this.result.runtimeNs += tookNs;
    else this.result.verifyRuntimeNs += tookNs;
    const readsBack = this.#job.verify?.readsBack === true && !this.#isStopping;
    if (this.#phase === 'main' && readsBack) {
      this.#phase = 'verify';
      this.#verifyAt = 0;
    } else {
      this.#endLoop();
    }
  }

  #endLoop(): void {
    const { loops, isTimeBased, runtimeNs } = this.#job;
    this.#loop += 1;
    this.#issuedInLoop = 0;
    this.#loopBase = this.#writes;
    const isLast = isTimeBased || this.#loop >= loops || this.#isOutOfTime(runtimeNs);
    this.#phase = isLast || this.#isStopping ? 'done' : 'main';
  }

  #ended(slot: IoSlot): void {
    if (slot.isDone) this.#settle(slot);
    // Even a part of an I/O leaves room in a queue that was full.
    this.#wake();
  }

  #settle(slot: IoSlot): void {
    if (slot.kind === IoKind.write && this.#verifier !== undefined) {
      this.#busy[slot.block] = 0;
      // After a write that failed, either content is right.
      this.#written[slot.block] = slot.status === 0 ? slot.sequence : 0;
    }
    if (slot.status === 0) this.#count(slot);
    else this.#countError(slot);
    this.#free.push(slot);
  }

  #count(slot: IoSlot): void {
    const direction = this.#directionOf(slot.kind);
    direction.ios += 1;
    direction.latency.add(this.#target.executor.now - slot.startNs);
    if (slot.kind === IoKind.verify) this.#check(slot);
  }

  #directionOf(kind: IoKind): DirectionResult {
    if (kind === IoKind.write) return this.result.write;
    if (kind === IoKind.flush) return this.result.sync;
    // What a read job checks on the way are its own reads.
    return kind === IoKind.verify && this.#phase === 'verify'
      ? this.result.verify
      : this.result.read;
  }

  #check(slot: IoSlot): void {
    const offset = this.#offsetOf(slot.block);
    const fault = this.#verifier!.check(slot.bytes, slot.words, offset, slot.sequence);
    if (fault === VerifyFault.none) return;
    this.result.verifyErrors += 1;
    this.result.sample(
      `verify: ${verifyFaultText(fault)} at offset ${offset}, length ${this.#job.ioBytes}`,
    );
  }

  #countError(slot: IoSlot): void {
    const { errors } = this.result;
    errors.set(slot.status, (errors.get(slot.status) ?? 0) + 1);
  }

  #offsetOf(block: number): number {
    return this.#job.offset + block * this.#job.ioBytes;
  }
}
