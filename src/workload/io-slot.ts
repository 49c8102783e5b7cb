/** One I/O of a job in flight: its buffer in guest memory, and the commands that it is cut into. */
import { assert } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import type { WorkloadTarget } from './workload-target.ts';

/** What an I/O does. */
export const IoKind = { flush: 0, write: 1, read: 2, verify: 3 } as const;
/** One of {@link IoKind}. */
export type IoKind = (typeof IoKind)[keyof typeof IoKind];

/** Opcodes of the NVM command set by {@link IoKind}. NVM Command Set 1.0, 3.2. */
const OPCODES: readonly number[] = [0x00, 0x01, 0x02, 0x02];

const PAGE_BYTES = 4096;
/** Most blocks of one command: the field is 16 bits and zero-based. */
const MAX_COMMAND_BLOCKS = 0x1_0000;

/** Gives ids to commands; shared by all slots of a run. */
export interface IoIds {
  last: number;
}

/** A slot: made once for each unit of a job's depth, used for one I/O after the other. */
export class IoSlot {
  /** The buffer. */
  readonly bytes: Uint8Array;
  /** The buffer as 32-bit words. */
  readonly words: Uint32Array;
  kind: IoKind = IoKind.read;
  /** Block of the job's region. */
  block = 0;
  /** Sequence number of the block that is written, or that is expected. */
  sequence = 0;
  /** When the first command was taken by the driver. */
  startNs = 0;
  /** Status of the first command that failed, or 0. */
  status = 0;
  readonly #target: WorkloadTarget;
  readonly #queueId: number;
  readonly #ioIds: IoIds;
  readonly #gpa: number;
  readonly #ended: (slot: IoSlot) => void;
  readonly #transfers: readonly NvmeHostRequest[];
  readonly #flush: NvmeHostRequest;
  readonly #blockBytes: number;
  #slba = 0;
  #submitted = 0;
  #left = 0;

  /**
   * @param ioBytes size of a transfer; the buffer is taken from the target
   * @param ended called when a command has ended, each time
   */
  constructor(
    target: WorkloadTarget,
    queueId: number,
    ioIds: IoIds,
    ioBytes: number,
    ended: (slot: IoSlot) => void,
  ) {
    this.#target = target;
    this.#queueId = queueId;
    this.#ioIds = ioIds;
    this.#ended = ended;
    this.#gpa = target.buffers.take(Math.ceil(ioBytes / PAGE_BYTES));
    assert(this.#gpa >= 0, 'buffers were counted before they are taken');
    const bytes = target.memory.view(this.#gpa, ioBytes);
    assert(bytes !== undefined, 'buffers lie in memory that shows its bytes');
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, ioBytes / 4);
    this.#blockBytes = blockBytesOf(target);
    this.#transfers = this.#cut(ioBytes);
    this.#flush = this.#request();
  }

  /** All commands of the I/O have ended. */
  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Prepares an I/O; `submit` hands it to the driver. */
  prepare(kind: IoKind, block: number, slba: number, sequence: number): void {
    this.kind = kind;
    this.block = block;
    this.sequence = sequence;
    this.status = 0;
    this.#slba = slba;
    this.#submitted = 0;
    this.#left = kind === IoKind.flush ? 1 : this.#transfers.length;
  }

  /** Hands over the commands that the driver has not taken yet; false when its queue is full before all are. */
  submit(): boolean {
    const count = this.kind === IoKind.flush ? 1 : this.#transfers.length;
    while (this.#submitted < count) {
      const request = this.kind === IoKind.flush ? this.#flush : this.#transfers[this.#submitted]!;
      request.opcode = OPCODES[this.kind]!;
      request.slba = this.#slba;
      this.#ioIds.last = (this.#ioIds.last + 1) & 0x3fff_ffff;
      request.ioId = this.#ioIds.last;
      const blocks = this.kind === IoKind.flush ? 0 : request.nlb0 + 1;
      const { host, executor, tracer } = this.#target;
      tracer?.event('workload', 'issue', request.ioId, request.slba, blocks);
      if (!host.queueRq(this.#queueId, request)) {
        tracer?.event('workload', 'full', request.ioId, this.#queueId, 0);
        return false;
      }
      if (this.#submitted === 0) this.startNs = executor.now;
      this.#submitted += 1;
      this.#slba += blocks;
    }
    return true;
  }

  /** Gives the buffer back. */
  release(): void {
    this.#target.buffers.give(this.#gpa, Math.ceil(this.bytes.length / PAGE_BYTES));
  }

  #cut(ioBytes: number): NvmeHostRequest[] {
    const most = Math.min(
      this.#target.host.maxTransferBytes,
      MAX_COMMAND_BLOCKS * this.#blockBytes,
    );
    const pieceBytes = most - (most % PAGE_BYTES);
    assert(pieceBytes > 0, 'a driver moves a page at least');
    const requests: NvmeHostRequest[] = [];
    for (let at = 0; at < ioBytes; at += pieceBytes) {
      const length = Math.min(pieceBytes, ioBytes - at);
      const request = this.#request();
      request.nlb0 = length / this.#blockBytes - 1;
      request.data.pushAddress(this.#gpa + at, length);
      requests.push(request);
    }
    return requests;
  }

  #request(): NvmeHostRequest {
    return {
      ioId: 0,
      opcode: 0,
      nsid: this.#target.nsid,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw: undefined,
      data: new SgList(1),
      status: 0,
      dw0: 0,
      end: (request) => this.#end(request),
    };
  }

  #end(request: NvmeHostRequest): void {
    const { ioId, slba, status } = request;
    this.#target.tracer?.event('workload', 'end', ioId, slba, status);
    if (this.status === 0) this.status = status;
    this.#left -= 1;
    this.#ended(this);
  }
}

/** Bytes of a logical block of the namespace that a target names. */
export function blockBytesOf(target: WorkloadTarget): number {
  const namespace = target.host.namespaces.find((each) => each.nsid === target.nsid);
  assert(namespace !== undefined, 'the namespace of a workload is active');
  return namespace.blockBytes;
}
