/**
 * A command port of a few lines: namespaces in memory, Identify, read, write and flush. For tests of controllers and drivers, and for
 * emulators that need no target.
 *
 * Does not model: log pages, features, metadata, and every command that is not named here: they end as Invalid Command Opcode.
 */
import type { Executor, Task } from '../../interfaces/executor.ts';
import {
  DataDirection,
  type NamespaceFormat,
  type NvmeCommand,
  type NvmeCommandPort,
  type NvmePortEvents,
  type NvmePortLimits,
} from '../../interfaces/nvme-command-port.ts';
import { AbortResult } from '../../interfaces/request.ts';
import { PageStore } from '../../memory/page-store.ts';
import { storeSg } from '../../memory/sg-copy.ts';
import { makeTask } from '../../sim/task.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import {
  IDENTIFY_BYTES,
  identifyController,
  identifyNamespace,
  namespaceList,
} from '../../wire/nvme-identify.ts';
import { AdminOpcode, IdentifyCns, IoOpcode, NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../wire/nvme-status.ts';

/** One namespace; their ids are 1 and up, in order. */
export interface MemoryNamespace {
  /** Bytes of a block, a power of two from 512 to 65536. */
  blockBytes: number;
  /** Blocks. */
  blockCount: number;
}

/** How a {@link MemoryCommandPort} is made. */
export interface MemoryPortOptions {
  /** Default: one of 2048 blocks of 512 bytes. */
  namespaces?: readonly MemoryNamespace[];
  /** Most commands in flight. Default 64. */
  maxInFlight?: number;
  /** Most bytes of one command: 4096 times a power of two. Default 1 MiB. */
  maxTransferBytes?: number;
  /** Keep commands until {@link MemoryCommandPort.release} lets them go. Default false. */
  held?: boolean;
}

/** {@link NvmeCommandPort} with its namespaces in memory. */
export class MemoryCommandPort implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  /** Commands that came, by opcode in the order of their arrival, `queue << 8 | opcode`. */
  readonly seen: number[] = [];
  /** Errors that the controller reported, as `queue, cid, status`. */
  readonly reported: [number, number, number][] = [];
  /** Shutdowns that were asked for. */
  shutdowns = 0;
  /** While true, commands wait for {@link MemoryCommandPort.release}. */
  held: boolean;
  readonly #executor: Executor;
  readonly #namespaces: readonly MemoryNamespace[];
  readonly #stores: readonly PageStore[];
  readonly #formats: readonly NamespaceFormat[];
  readonly #waiting: NvmeCommand[] = [];
  readonly #calls: (() => void)[] = [];
  readonly #task: Task;
  readonly #page = new Uint8Array(IDENTIFY_BYTES);
  readonly #view = new DataView(this.#page.buffer);
  #events: NvmePortEvents | undefined = undefined;

  constructor(executor: Executor, options: MemoryPortOptions = {}) {
    this.#executor = executor;
    this.#namespaces = options.namespaces ?? [{ blockBytes: 512, blockCount: 2048 }];
    this.limits = {
      maxInFlight: options.maxInFlight ?? 64,
      maxTransferBytes: options.maxTransferBytes ?? 1 << 20,
    };
    this.held = options.held ?? false;
    this.#stores = this.#namespaces.map(
      ({ blockBytes, blockCount }) => new PageStore(blockBytes * blockCount),
    );
    this.#formats = this.#namespaces.map(({ blockBytes }) => ({
      blockBytes,
      metadataBytes: 0,
      extended: false,
    }));
    this.#task = makeTask('memory-command-port', () => this.#work());
  }

  /** Commands that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The bytes of namespace `nsid`. */
  store(nsid: number): PageStore {
    return this.#stores[nsid - 1]!;
  }

  /** Raises an asynchronous event. */
  raise(type: number, info: number, logPage: number): void {
    this.#events?.asyncEvent(type, info, logPage);
  }

  /** Executes and ends the `count` oldest commands that wait. Called from outside any task of the controller. */
  release(count = this.#waiting.length): void {
    for (const command of this.#waiting.splice(0, count)) this.#finish(command);
  }

  connect(events: NvmePortEvents): void {
    this.#events = events;
  }

  enable(): void {}

  namespaceFormat(nsid: number): NamespaceFormat | undefined {
    return this.#formats[nsid - 1];
  }

  submit(command: NvmeCommand): void {
    this.seen.push((command.queueId << 8) | (command.sqe[0]! & 0xff));
    this.#waiting.push(command);
    if (!this.held) this.#executor.post(this.#task);
  }

  abort(command: NvmeCommand): AbortResult {
    const at = this.#waiting.indexOf(command);
    if (at < 0) return AbortResult.unknown;
    this.#waiting.splice(at, 1);
    command.status = NvmeStatus.abortRequested;
    this.#call(() => command.end(command));
    return AbortResult.aborted;
  }

  reportError(queueId: number, cid: number, status: number): void {
    this.reported.push([queueId, cid, status]);
  }

  shutdown(done: () => void): void {
    this.shutdowns += 1;
    this.#call(done);
  }

  reset(done: () => void): void {
    for (const command of [...this.#waiting]) this.abort(command);
    this.#call(done);
  }

  #call(run: () => void): void {
    this.#calls.push(run);
    this.#executor.post(this.#task);
  }

  #work(): void {
    for (const run of this.#calls.splice(0)) run();
    if (!this.held) this.release();
  }

  #finish(command: NvmeCommand): void {
    const status = command.queueId === 0 ? this.#admin(command) : this.#io(command);
    command.status = status === 0 ? 0 : status | STATUS_DNR;
    command.end(command);
  }

  #io(command: NvmeCommand): number {
    const { sqe } = command;
    const opcode = sqe[0]! & 0xff;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    if (opcode === IoOpcode.flush && nsid === NSID_ALL) return NvmeStatus.success;
    const namespace = this.#namespaces[nsid - 1];
    if (namespace === undefined) return NvmeStatus.invalidNamespace;
    if (opcode === IoOpcode.flush) return NvmeStatus.success;
    if (opcode !== IoOpcode.read && opcode !== IoOpcode.write) return NvmeStatus.invalidOpcode;
    const lba = (sqe[SqeWord.cdw11]! >>> 0) * 0x1_0000_0000 + (sqe[SqeWord.cdw10]! >>> 0);
    const blocks = (sqe[SqeWord.cdw12]! & 0xffff) + 1;
    if (lba + blocks > namespace.blockCount) return NvmeStatus.lbaOutOfRange;
    const store = this.#stores[nsid - 1]!;
    const at = lba * namespace.blockBytes;
    const length = blocks * namespace.blockBytes;
    const done =
      command.direction === DataDirection.toDevice
        ? store.writeFrom(at, command.memory, command.data, 0, length)
        : store.readTo(at, command.memory, command.data, 0, length);
    return done ? NvmeStatus.success : NvmeStatus.dataTransferError;
  }

  #admin(command: NvmeCommand): number {
    const { sqe } = command;
    if ((sqe[0]! & 0xff) !== AdminOpcode.identify) return NvmeStatus.invalidOpcode;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    this.#page.fill(0);
    const status = this.#identify(sqe[SqeWord.cdw10]! & 0xff, nsid);
    if (status !== NvmeStatus.success) return status;
    const stored = storeSg(command.memory, command.data, 0, this.#page, 0, IDENTIFY_BYTES);
    return stored ? NvmeStatus.success : NvmeStatus.dataTransferError;
  }

  #identify(cns: number, nsid: number): number {
    const view = this.#view;
    switch (cns) {
      case IdentifyCns.controller:
        identifyController.sn.set(view, 0, 'MEMORY');
        identifyController.mn.set(view, 0, 'memory command port');
        identifyController.mdts.set(view, 0, 31 - Math.clz32(this.limits.maxTransferBytes / 4096));
        identifyController.ver.set(view, 0, 0x0002_0000);
        identifyController.aerl0.set(view, 0, 3);
        identifyController.sqes.set(view, 0, 0x66);
        identifyController.cqes.set(view, 0, 0x44);
        identifyController.nn.set(view, 0, this.#namespaces.length);
        identifyController.vwc.set(view, 0, 7);
        return NvmeStatus.success;
      case IdentifyCns.namespace: {
        const namespace = this.#namespaces[nsid - 1];
        if (namespace === undefined) return NvmeStatus.invalidNamespace;
        identifyNamespace.nsze.set(view, 0, namespace.blockCount);
        identifyNamespace.ncap.set(view, 0, namespace.blockCount);
        identifyNamespace.nuse.set(view, 0, namespace.blockCount);
        identifyNamespace.lbaf0Lbads.set(view, 0, 31 - Math.clz32(namespace.blockBytes));
        return NvmeStatus.success;
      }
      case IdentifyCns.activeNamespaceList: {
        if (nsid >= NSID_ALL - 1) return NvmeStatus.invalidNamespace;
        let at = namespaceList.first.at;
        for (let id = nsid + 1; id <= this.#namespaces.length && at < IDENTIFY_BYTES; id++) {
          view.setUint32(at, id, true);
          at += 4;
        }
        return NvmeStatus.success;
      }
      default:
        return NvmeStatus.invalidField;
    }
  }
}
