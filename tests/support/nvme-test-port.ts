/** Between a controller and a memory port: commands that hang or fail on purpose, log pages, and changes of Identify data. */
import type {
  ControllerEnable,
  NvmeCommand,
  NvmeCommandPort,
  NvmePortEvents,
  NvmePortLimits,
} from '../../src/interfaces/nvme-command-port.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { loadSg, storeSg } from '../../src/memory/sg-copy.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import type { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { IDENTIFY_BYTES } from '../../src/wire/nvme-identify.ts';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';

export interface TestPortOptions {
  /** More limits than the memory port has. */
  limits?: Partial<NvmePortLimits>;
  /** Changes Identify data on its way, by CNS. */
  identify?: (cns: number, view: DataView, nsid: number) => void;
}

/** What is done to a command: its status, or nothing at all until it is let go, or `undefined` for what the memory port does. */
export type Verdict = number | 'hang' | undefined;

export class TestPort implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  /** Decides about each command. */
  judge: (command: NvmeCommand) => Verdict = () => undefined;
  /** Aborts find what hangs. */
  abortable = true;
  /** Commands that hang. */
  readonly hung: NvmeCommand[] = [];
  /** Log pages that were read, as command dword 10. */
  readonly logsRead: number[] = [];
  /** Features that were set and came here, as command dwords 10 and 11 and the first byte of the data. */
  readonly featuresSet: [number, number, number][] = [];
  identify: NonNullable<TestPortOptions['identify']>;
  readonly #executor: SimExecutor;
  readonly #inner: MemoryCommandPort;
  readonly #ending: NvmeCommand[] = [];
  readonly #task = makeTask('test-port', () => {
    for (const command of this.#ending.splice(0)) command.end(command);
  });
  readonly #bytes = new Uint8Array(IDENTIFY_BYTES);

  constructor(executor: SimExecutor, inner: MemoryCommandPort, options: TestPortOptions = {}) {
    this.#executor = executor;
    this.#inner = inner;
    this.limits = { ...inner.limits, ...options.limits };
    this.identify = options.identify ?? (() => undefined);
  }

  connect(events: NvmePortEvents): void {
    this.#inner.connect(events);
  }

  enable(_enable: ControllerEnable): void {
    this.#inner.enable();
  }

  namespaceFormat = (nsid: number) => this.#inner.namespaceFormat(nsid);

  submit(command: NvmeCommand): void {
    const verdict = this.judge(command);
    if (verdict === 'hang') this.hung.push(command);
    else if (verdict !== undefined) this.#end(command, verdict);
    else if (command.queueId === 0) this.#admin(command);
    else this.#inner.submit(command);
  }

  abort(command: NvmeCommand): AbortResult {
    const at = this.hung.indexOf(command);
    if (at < 0) return this.#inner.abort(command);
    if (!this.abortable) return AbortResult.tooLate;
    this.hung.splice(at, 1);
    this.#end(command, NvmeStatus.abortRequested);
    return AbortResult.aborted;
  }

  /** Lets go of what hangs: it is executed. */
  release(): void {
    for (const command of this.hung.splice(0)) this.#inner.submit(command);
  }

  reportError(queueId: number, cid: number, status: number): void {
    this.#inner.reportError(queueId, cid, status);
  }

  shutdown(done: () => void): void {
    this.#inner.shutdown(done);
  }

  reset(done: () => void): void {
    for (const command of this.hung.splice(0)) this.#end(command, NvmeStatus.abortRequested);
    this.#inner.reset(done);
  }

  #admin(command: NvmeCommand): void {
    const { sqe } = command;
    const opcode = sqe[0]! & 0xff;
    if (opcode === AdminOpcode.getLogPage) {
      this.logsRead.push(sqe[10]! >>> 0);
      this.#end(command, 0);
    } else if (opcode === AdminOpcode.setFeatures) {
      loadSg(command.memory, command.data, 0, this.#bytes, 0, Math.min(1, command.data.byteLength));
      this.featuresSet.push([sqe[10]!, sqe[11]!, this.#bytes[0]!]);
      this.#end(command, 0);
    } else if (opcode === AdminOpcode.identify) this.#identified(command);
    else this.#inner.submit(command);
  }

  #identified(command: NvmeCommand): void {
    const { end } = command;
    command.end = () => {
      command.end = end;
      if (command.status === 0) this.#change(command);
      end(command);
    };
    this.#inner.submit(command);
  }

  #change({ sqe, memory, data }: NvmeCommand): void {
    loadSg(memory, data, 0, this.#bytes, 0, IDENTIFY_BYTES);
    this.identify(sqe[10]! & 0xff, new DataView(this.#bytes.buffer), sqe[1]! >>> 0);
    storeSg(memory, data, 0, this.#bytes, 0, IDENTIFY_BYTES);
  }

  #end(command: NvmeCommand, status: number): void {
    command.status = status;
    this.#ending.push(command);
    this.#executor.post(this.#task);
  }
}
