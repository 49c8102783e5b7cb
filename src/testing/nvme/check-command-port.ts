/** The compliance suite of command ports. */
import { SgList } from '../../base/sg-list.ts';
import {
  DataDirection,
  type NvmeCommand,
  type NvmeCommandPort,
} from '../../interfaces/nvme-command-port.ts';
import { AbortResult } from '../../interfaces/request.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { IoOpcode } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus, nvmeStatusName, STATUS_CODE_MASK } from '../../wire/nvme-status.ts';
import { NvmeLaw, nvmeLaw } from './nvme-laws.ts';

/** A fresh port with one namespace that holds at least 32 blocks. */
export interface PortUnderTest {
  readonly port: NvmeCommandPort;
  /** Id of the namespace. */
  readonly nsid: number;
  /** Its size in blocks. */
  readonly blockCount: number;
}

/** Makes one fresh port. */
export type CommandPortFactory = (executor: SimExecutor) => PortUnderTest;

const MEMORY_BYTES = 1 << 20;
const UNKNOWN_OPCODE = 0x7f;

class Probe {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: MEMORY_BYTES }]);
  readonly port: NvmeCommandPort;
  readonly nsid: number;
  readonly blockCount: number;
  readonly blockBytes: number;
  inSubmit = false;
  #cid = 0;

  constructor(factory: CommandPortFactory) {
    const { port, nsid, blockCount } = factory(this.executor);
    this.port = port;
    this.nsid = nsid;
    this.blockCount = blockCount;
    port.connect({ asyncEvent: () => {}, namespaceChanged: () => {} });
    port.enable({ cc: 0x0046_0001 });
    const format = port.namespaceFormat(nsid);
    nvmeLaw(format !== undefined, NvmeLaw.unknownNamespace, `namespace ${nsid} has no format`);
    this.blockBytes = format.blockBytes;
    const none = port.namespaceFormat(0xffff_fffe);
    nvmeLaw(none === undefined, NvmeLaw.unknownNamespace, 'namespace FFFFFFFEh has a format');
  }

  /** A command slot whose `end` counts. */
  command(opcode: number, lba = 0, blocks = 1, gpa = 0): Counted {
    const isRead = opcode === IoOpcode.read;
    const hasData = isRead || opcode === IoOpcode.write;
    const command: Counted = {
      ioId: 0,
      queueId: 1,
      sqe: new Int32Array(16),
      memory: this.memory,
      direction: hasData
        ? isRead
          ? DataDirection.fromDevice
          : DataDirection.toDevice
        : DataDirection.none,
      data: new SgList(1),
      metadata: new SgList(1),
      status: -1,
      dw0: 0,
      dw1: 0,
      ends: 0,
      end: () => {
        nvmeLaw(!this.inSubmit, NvmeLaw.endsLater, 'a command ended inside submit');
        command.ends += 1;
        nvmeLaw(command.ends === 1, NvmeLaw.endsOnce, `a command ended ${command.ends} times`);
        command.ended?.();
      },
    };
    this.#cid += 1;
    command.ioId = (1 << 16) | this.#cid;
    command.sqe[SqeWord.cdw0] = opcode | (this.#cid << 16);
    command.sqe[SqeWord.nsid] = this.nsid;
    command.sqe[SqeWord.cdw10] = lba;
    command.sqe[SqeWord.cdw12] = blocks - 1;
    if (hasData) command.data.pushAddress(gpa, blocks * this.blockBytes);
    return command;
  }

  submit(command: Counted): void {
    command.ends = 0;
    this.inSubmit = true;
    this.port.submit(command);
    this.inSubmit = false;
  }

  /** Submits, runs, and gives the status code. */
  do(command: Counted): number {
    this.submit(command);
    this.run(command);
    return command.status & STATUS_CODE_MASK;
  }

  run(...commands: readonly Counted[]): void {
    this.executor.runUntilIdle();
    for (const { ends } of commands) {
      nvmeLaw(ends === 1, NvmeLaw.endsOnce, `a command ended ${ends} times`);
    }
  }

  /** Calls something that takes a `done`, and gives how often it was called after the world ran. */
  callDone(what: string, call: (done: () => void) => void): number {
    let calls = 0;
    let isInside = true;
    call(() => {
      nvmeLaw(!isInside, NvmeLaw.endsLater, `${what} called done inside its call`);
      calls += 1;
    });
    isInside = false;
    this.executor.runUntilIdle();
    return calls;
  }
}

interface Counted extends NvmeCommand {
  ends: number;
  ended?: () => void;
}

/**
 * Checks a port against the laws of `NvmeCommandPort`.
 *
 * @throws NvmeLawError that names the first law that is broken
 */
export function checkCommandPort(
  factory: CommandPortFactory,
  options: { seed?: number; rounds?: number } = {},
): void {
  checkData(new Probe(factory), options.seed ?? 1, options.rounds ?? 200);
  checkRefusals(new Probe(factory));
  checkReuse(new Probe(factory));
  checkAbort(new Probe(factory));
  checkReset(new Probe(factory));
}

function checkData(probe: Probe, seed: number, rounds: number): void {
  const chance = makePrng(seed);
  const blocks = Math.min(probe.blockCount, 64);
  const model = new Uint8Array(blocks * probe.blockBytes);
  const bytes = new Uint8Array(8 * probe.blockBytes);
  for (let round = 0; round < rounds; round++) {
    const lba = chance.below(blocks);
    const count = 1 + chance.below(Math.min(8, blocks - lba));
    const length = count * probe.blockBytes;
    const at = lba * probe.blockBytes;
    const gpa = 4096 + 4 * chance.below(2048);
    if (chance.oneIn(2)) {
      for (let i = 0; i < length; i++) bytes[i] = chance.next32();
      probe.memory.store(gpa, bytes, 0, length);
      mustSucceed(probe, probe.command(IoOpcode.write, lba, count, gpa), 'a write');
      model.set(bytes.subarray(0, length), at);
    } else {
      mustSucceed(probe, probe.command(IoOpcode.read, lba, count, gpa), 'a read');
      probe.memory.load(gpa, bytes, 0, length);
      const isEqual = model.subarray(at, at + length).every((byte, i) => byte === bytes[i]);
      nvmeLaw(isEqual, NvmeLaw.readsSeeWrites, `${count} blocks at ${lba} differ`);
    }
    if (chance.oneIn(8)) mustSucceed(probe, probe.command(IoOpcode.flush), 'a flush');
  }
}

function mustSucceed(probe: Probe, command: Counted, what: string): void {
  const status = probe.do(command);
  nvmeLaw(status === 0, NvmeLaw.readsSeeWrites, `${what} ended with ${nvmeStatusName(status)}`);
}

function checkRefusals(probe: Probe): void {
  const { blockCount } = probe;
  const past = probe.do(probe.command(IoOpcode.read, blockCount, 1, 4096));
  const isPast = past === NvmeStatus.lbaOutOfRange;
  nvmeLaw(isPast, NvmeLaw.outOfRange, `a read at the end ended with ${nvmeStatusName(past)}`);
  const across = probe.do(probe.command(IoOpcode.write, blockCount - 1, 2, 4096));
  const isAcross = across === NvmeStatus.lbaOutOfRange;
  nvmeLaw(isAcross, NvmeLaw.outOfRange, `a write across it ended with ${nvmeStatusName(across)}`);
  for (const opcode of [IoOpcode.read, IoOpcode.write]) {
    const lost = probe.do(probe.command(opcode, 0, 1, MEMORY_BYTES));
    const isLost = lost === NvmeStatus.dataTransferError;
    nvmeLaw(isLost, NvmeLaw.unmapped, `opcode ${opcode} ended with ${nvmeStatusName(lost)}`);
  }
  const unknown = probe.do(probe.command(UNKNOWN_OPCODE));
  const isUnknown = unknown === NvmeStatus.invalidOpcode;
  nvmeLaw(isUnknown, NvmeLaw.unknownOpcode, `opcode 7Fh ended with ${nvmeStatusName(unknown)}`);
  const stray = probe.command(IoOpcode.flush);
  stray.sqe[SqeWord.nsid] = -2;
  const status = probe.do(stray);
  nvmeLaw(status !== 0, NvmeLaw.unknownNamespace, 'a flush of namespace FFFFFFFEh succeeded');
}

function checkReuse(probe: Probe): void {
  const command = probe.command(IoOpcode.read, 0, 1, 4096);
  let left = 3;
  command.ended = () => {
    left -= 1;
    if (left > 0) probe.submit(command);
  };
  probe.submit(command);
  probe.run(command);
  nvmeLaw(left === 0, NvmeLaw.endsReusable, `${left} of three turns are missing`);
}

function checkAbort(probe: Probe): void {
  const idle = probe.port.abort(probe.command(IoOpcode.read, 0, 1, 4096));
  nvmeLaw(idle !== AbortResult.aborted, NvmeLaw.abort, 'a command that is not there was aborted');
  const command = probe.command(IoOpcode.read, 0, 1, 4096);
  probe.submit(command);
  const result = probe.port.abort(command);
  nvmeLaw(command.ends === 0, NvmeLaw.endsLater, 'a command ended inside abort');
  probe.run(command);
  const status = command.status & STATUS_CODE_MASK;
  const isTrue = result !== AbortResult.aborted || status === NvmeStatus.abortRequested;
  nvmeLaw(isTrue, NvmeLaw.abort, `an aborted command ended with ${nvmeStatusName(status)}`);
}

function checkReset(probe: Probe): void {
  const count = Math.min(probe.port.limits.maxInFlight, 8);
  const commands = Array.from({ length: count }, (_, i) =>
    probe.command(IoOpcode.write, i, 1, 4096),
  );
  for (const command of commands) probe.submit(command);
  let endedBefore = -1;
  const calls = probe.callDone('reset', (done) =>
    probe.port.reset(() => {
      endedBefore = commands.filter(({ ends }) => ends > 0).length;
      done();
    }),
  );
  nvmeLaw(calls === 1, NvmeLaw.reset, `done was called ${calls} times`);
  nvmeLaw(endedBefore === count, NvmeLaw.reset, `${endedBefore} of ${count} ended before done`);
  probe.run(...commands);
  probe.port.enable({ cc: 0x0046_0001 });
  mustSucceed(probe, probe.command(IoOpcode.write, 0, 1, 4096), 'a write after the reset');
  const shutdowns = probe.callDone('shutdown', (done) => probe.port.shutdown(done));
  nvmeLaw(shutdowns === 1, NvmeLaw.shutdown, `done was called ${shutdowns} times`);
}
