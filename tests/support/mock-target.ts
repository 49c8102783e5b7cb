/** An NvmeCommandPort that keeps its blocks in an array and does what the test tells it: what stands below a road in its tests. */
import type { SgList } from '../../src/base/index.ts';
import {
  AbortResult,
  type ControllerEnable,
  type Executor,
  type NamespaceFormat,
  type NvmeCommand,
  type NvmeCommandPort,
  type NvmePortEvents,
} from '../../src/interfaces/index.ts';
import { loadSg, storeSg } from '../../src/memory/index.ts';
import { makeTask } from '../../src/sim/index.ts';

const MOCK_BLOCKS = 256;
const BLOCK_BYTES = 512;

/** Read (02), write (01) and flush (00) of namespace 1 and Identify (06); all else is an invalid opcode. */
export class MockTarget implements NvmeCommandPort {
  readonly limits: { maxInFlight: number; maxTransferBytes: number };
  readonly formats = new Map<number, NamespaceFormat>([
    [1, { blockBytes: BLOCK_BYTES, metadataBytes: 0, extended: false }],
  ]);
  readonly blocks = new Uint8Array(MOCK_BLOCKS * BLOCK_BYTES);
  readonly log: string[] = [];
  events: NvmePortEvents | undefined = undefined;
  /** Commands stay in flight until `release`, abort or reset. */
  holds = false;
  /** A reset does not call back until `releaseReset`. */
  holdsReset = false;
  readonly held: NvmeCommand[] = [];
  readonly #executor: Executor;
  #pending: NvmeCommand[] = [];
  #later: (() => void)[] = [];
  readonly #task = makeTask('mock-target', () => this.#run());
  releaseReset: () => void = () => {};

  constructor(executor: Executor, maxInFlight = 256) {
    this.#executor = executor;
    this.limits = { maxInFlight, maxTransferBytes: 128 * 1024 };
  }

  connect(events: NvmePortEvents): void {
    this.events = events;
  }

  enable(enable: ControllerEnable): void {
    this.log.push(`enable ${enable.cc.toString(16)}`);
  }

  namespaceFormat(nsid: number): NamespaceFormat | undefined {
    return this.formats.get(nsid);
  }

  submit(command: NvmeCommand): void {
    command.dw0 = 0;
    command.dw1 = 0;
    if (this.holds) this.held.push(command);
    else this.#finish(command, this.#execute(command));
  }

  /** Ends what is held, oldest first. */
  release(count = this.held.length): void {
    for (const command of this.held.splice(0, count)) this.#finish(command, this.#execute(command));
  }

  abort(command: NvmeCommand): AbortResult {
    const at = this.held.indexOf(command);
    if (at < 0) return this.#pending.includes(command) ? AbortResult.tooLate : AbortResult.unknown;
    this.held.splice(at, 1);
    this.#finish(command, 0x07);
    return AbortResult.aborted;
  }

  reportError(queueId: number, cid: number, status: number): void {
    this.log.push(`error ${queueId} ${cid} ${status}`);
  }

  shutdown(done: () => void): void {
    this.log.push('shutdown');
    this.#callLater(done);
  }

  reset(done: () => void): void {
    this.log.push('reset');
    for (const command of this.held.splice(0)) this.#finish(command, 0x07);
    if (this.holdsReset) this.releaseReset = () => this.#callLater(done);
    else this.#callLater(done);
  }

  #execute(command: NvmeCommand): number {
    const opcode = command.sqe[0]! & 0xff;
    if (command.queueId === 0) return this.#identify(command, opcode);
    if (command.sqe[1] !== 1) return 0x0b;
    if (opcode === 0) return 0;
    if (opcode !== 1 && opcode !== 2) return 0x01;
    const at = command.sqe[10]! * BLOCK_BYTES;
    const length = ((command.sqe[12]! & 0xffff) + 1) * BLOCK_BYTES;
    if (at < 0 || at + length > this.blocks.length) return 0x80;
    command.dw0 = command.sqe[10]!;
    command.dw1 = ~command.sqe[10]!;
    return move(command, this.blocks, at, length, opcode === 2) ? 0 : 0x04;
  }

  #identify(command: NvmeCommand, opcode: number): number {
    if (opcode !== 0x06) return 0x01;
    const page = new Uint8Array(4096).map((_, i) => i * 7);
    return move(command, page, 0, 4096, true) ? 0 : 0x04;
  }

  #finish(command: NvmeCommand, status: number): void {
    command.status = status;
    this.#pending.push(command);
    this.#executor.post(this.#task);
  }

  #callLater(done: () => void): void {
    this.#later.push(done);
    this.#executor.post(this.#task);
  }

  #run(): void {
    for (const command of this.#pending.splice(0)) command.end(command);
    for (const done of this.#later.splice(0)) done();
  }
}

function move(
  command: NvmeCommand,
  bytes: Uint8Array,
  at: number,
  length: number,
  fromDevice: boolean,
): boolean {
  const data: SgList = command.data;
  if (data.byteLength < length) return false;
  return fromDevice
    ? storeSg(command.memory, data, 0, bytes, at, length)
    : loadSg(command.memory, data, 0, bytes, at, length);
}
