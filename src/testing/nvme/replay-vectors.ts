/**
 * Runs recorded NVMe cases on any controller, through its registers and queues, and says which of them it passes.
 *
 * A case passes when its set-up succeeds, its command ends with a status (and dword 0, where one is named) that the specification accepts, the
 * ranges that must match bit for bit do, and so does what follows it. Where recording and specification differ, the specification counts.
 * Data and steps that follow were recorded after one outcome: they do not judge a controller that takes another accepted one.
 */
import { AdminOpcode } from '../../wire/nvme-opcodes.ts';
import { Csts } from '../../wire/nvme-registers.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import type {
  NvmeVector,
  NvmeVectorFile,
  VectorResult,
  VectorStep,
  VectorWorld,
} from './nvme-vectors.ts';
import { sha256 } from './sha256.ts';
import { type VectorCompletion, VectorHost } from './vector-host.ts';
import { VectorMemory } from './vector-memory.ts';

/** Makes the controller that a case of fixture `fixture` is recorded with, at power-on. */
export type VectorWorldFactory = (fixture: string) => VectorWorld;

/** How one case went. */
export interface VectorReport {
  readonly id: string;
  readonly name: string;
  readonly passed: boolean;
  /** Why it did not pass; empty when it did. */
  readonly reason: string;
  /** The command's dword 0 is the recorded one; advisory, since the specification does not name it. */
  readonly sameDword0: boolean;
}

/** Runs all cases of a file, each on a controller of its own. Makes nothing but reports: no case throws. */
export function replayVectors(file: NvmeVectorFile, make: VectorWorldFactory): VectorReport[] {
  return file.vectors.map((vector) => replayVector(file, vector, make));
}

/** Runs one case of a file. */
export function replayVector(
  file: NvmeVectorFile,
  vector: NvmeVector,
  make: VectorWorldFactory,
): VectorReport {
  const run = new VectorRun(file, vector, make(vector.fixture));
  let reason: string;
  try {
    reason = run.run();
  } catch (error) {
    reason = `threw: ${error instanceof Error ? error.message : String(error)}`;
  }
  const sameDword0 = run.dw0 === undefined || run.dw0 === (vector.expected.dw0 ?? run.dw0);
  return { id: vector.id, name: vector.name, passed: reason === '', reason, sameDword0 };
}

class VectorRun {
  readonly #vector: NvmeVector;
  readonly #cc: Readonly<Record<string, number>>;
  readonly #memory: VectorMemory;
  readonly #host: VectorHost;
  readonly #tags = new Map<string, number>();
  dw0: number | undefined = undefined;
  /** The command failed where the recorded one succeeded, or the other way round, and may. */
  #tookAnotherWay = false;

  constructor(file: NvmeVectorFile, vector: NvmeVector, world: VectorWorld) {
    this.#vector = vector;
    this.#cc = { ...file.meta.fixtures[vector.fixture]?.cc, ...vector.cc };
    this.#memory = new VectorMemory(world.memory, vector);
    this.#host = new VectorHost(world, this.#memory);
  }

  /** Why the case fails, or nothing. */
  run(): string {
    const { command, setup, expected, msix } = this.#vector;
    this.#host.start(msix !== false);
    if (command.op === 'enable') {
      this.#host.enable({ ...this.#cc, ...command.cc });
      const wanted = this.#vector.spec.csts ?? expected.csts;
      const csts = this.#host.csts & (Csts.rdy | Csts.cfs);
      return csts === wanted ? '' : `CSTS is ${csts}, not ${wanted}`;
    }
    this.#host.enable(this.#cc);
    if (!this.#host.isReady) return `CSTS is ${this.#host.csts} after the enable`;
    for (const [i, step] of setup.entries()) {
      const failure = this.#step(step, step.op === 'cmd' ? { sct: 0, sc: 0 } : null);
      if (failure !== '') return `set-up step ${i}: ${failure}`;
    }
    const failure = this.#subject();
    if (failure !== '' || this.#tookAnotherWay) return failure;
    return this.#checks() || this.#afterwards();
  }

  #subject(): string {
    const { command, spec } = this.#vector;
    const cid = this.#submit(command.queue!, command.sqe!);
    this.#tags.set('subject', cid);
    if (command.pending === true) return '';
    const completion = this.#host.take(cid);
    if (completion === undefined) return 'the command is pending';
    const { sct, sc, dw0 } = completion;
    this.dw0 = dw0;
    const { expected } = this.#vector;
    this.#tookAnotherWay =
      ((sct | sc) === 0) !== (((expected.sct ?? 0) | (expected.sc ?? 0)) === 0);
    if (!spec.accept.some(([type, code]) => type === sct && code === sc)) {
      return `status ${shown(completion)}, not ${spec.accept.map(([t, c]) => shown({ sct: t, sc: c })).join(' or ')}`;
    }
    return spec.dw0 === undefined || spec.dw0 === dw0 ? '' : `dword 0 is ${dw0}, not ${spec.dw0}`;
  }

  #checks(): string {
    for (const result of this.#vector.expected.data ?? []) {
      const failure = this.#compare(result);
      if (failure !== '') return failure;
    }
    return '';
  }

  #afterwards(): string {
    const { post = [], expected, spec } = this.#vector;
    for (const [i, step] of post.entries()) {
      const failure = this.#step(step, spec.post?.[i] ?? expected.post?.[i] ?? null);
      if (failure !== '') return `step ${i} afterwards: ${failure}`;
    }
    return '';
  }

  #step(step: VectorStep, wanted: VectorResult | null): string {
    const { qid = 0 } = step;
    switch (step.op) {
      case 'ioq':
        return this.#host.createQueues(qid, step.cqid ?? qid, step.size ?? 2, step.iv ?? 0) ?? '';
      case 'cmd':
        return judge(this.#host.take(this.#submit(step.q!, step.sqe!)), wanted);
      case 'submit':
        this.#tags.set(step.tag!, this.#submit(step.q!, step.sqe!));
        return '';
      case 'push':
        this.#tags.set(step.tag ?? '', this.#push(step.q!, step.sqe!));
        return '';
      case 'ring':
        this.#host.ring(queueOf(step.q!));
        return '';
      case 'await':
        return this.#judgeAwaited(this.#await(step.tag!), wanted);
      case 'db':
        this.#host.doorbell(2 * qid + (step.cq === true ? 1 : 0), step.value ?? 0);
        return '';
      case 'disable':
        this.#host.disable();
        return '';
      case 'enable':
        this.#host.enable({ ...this.#cc, ...step.cc });
        return this.#host.isReady ? '' : 'not ready again';
      case 'setbuf':
        this.#memory.fill(step.buf!, step.init ?? []);
        return '';
      case 'check':
        return wanted === null ? '' : this.#compare(wanted);
      default:
        return `the step '${step.op}' is not known`;
    }
  }

  #judgeAwaited(completion: VectorCompletion | undefined, wanted: VectorResult | null): string {
    // An Abort that reports success (dword 0 bit 0 clear) lets its command end where the recorded one came too late.
    const didAbort = this.#isAbort && ((this.dw0 ?? 1) & 1) === 0;
    const isAborted = completion?.sct === 0 && completion.sc === NvmeStatus.abortRequested;
    return didAbort && isAborted ? '' : judge(completion, wanted);
  }

  get #isAbort(): boolean {
    const hex = this.#vector.command.sqe?.hex.slice(0, 2) ?? '';
    return this.#vector.command.queue === 'admin' && Number.parseInt(hex, 16) === AdminOpcode.abort;
  }

  #submit(queue: string, sqe: NonNullable<VectorStep['sqe']>): number {
    const cid = this.#push(queue, sqe);
    this.#host.ring(queueOf(queue));
    return cid;
  }

  #push(queue: string, sqe: NonNullable<VectorStep['sqe']>): number {
    const cid = this.#host.takeCid();
    this.#host.push(queueOf(queue), this.#memory.entry(sqe, cid));
    return cid;
  }

  /** The completion of a tagged command; any of several that wait may be the one that ends. */
  #await(tag: string): VectorCompletion | undefined {
    const own = this.#tags.get(tag)!;
    const completion = this.#host.take(own);
    if (completion !== undefined) return completion;
    for (const [other, cid] of this.#tags) {
      if (cid === own) continue;
      const found = this.#host.take(cid);
      if (found === undefined) continue;
      this.#tags.set(other, own);
      this.#tags.set(tag, cid);
      return found;
    }
    return undefined;
  }

  #compare({ buf, off, len, compare, sha256: digest }: VectorResult): string {
    if (compare !== 'exact' || buf === undefined) return '';
    const bytes = this.#memory.read(buf, off ?? 0, len);
    if (sha256(bytes) === digest) return '';
    const start = Array.from(bytes.subarray(0, 16), (b) => b.toString(16).padStart(2, '0'));
    return `buffer ${buf} at ${off ?? 0} (${bytes.length} bytes) differs: ${start.join('')}`;
  }
}

function queueOf(name: string): number {
  return name === 'admin' ? 0 : Number(name.slice(2));
}

function judge(completion: VectorCompletion | undefined, wanted: VectorResult | null): string {
  if (wanted === null) return '';
  if (wanted.pending === true) return completion === undefined ? '' : 'a completion came';
  if (completion === undefined) return 'no completion';
  const { sct = 0, sc = 0, dw0 } = wanted;
  if (completion.sct !== sct || completion.sc !== sc) {
    return `status ${shown(completion)}, not ${shown({ sct, sc })}`;
  }
  return dw0 === undefined || dw0 === completion.dw0
    ? ''
    : `dword 0 is ${completion.dw0}, not ${dw0}`;
}

function shown({ sct, sc }: { readonly sct: number; readonly sc: number }): string {
  return `${sct}/${sc.toString(16).padStart(2, '0')}h`;
}
