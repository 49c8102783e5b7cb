/**
 * One controller of an NVM subsystem: an NVMe session with the LIO core. Parse, execute, complete.
 *
 * Does not model: the More bit (the error log has its entries without it), several hosts' access rules, reservations, ANA.
 */
import { SgList } from '../../base/sg-list.ts';
import type { Executor } from '../../interfaces/executor.ts';
import type {
  ControllerEnable,
  NamespaceFormat,
  NvmeCommand,
  NvmeCommandPort,
  NvmePortEvents,
  NvmePortLimits,
} from '../../interfaces/nvme-command-port.ts';
import { AbortResult } from '../../interfaces/request.ts';
import { type TargetCommand, TargetStatus } from '../../interfaces/target.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { AdminOpcode, FeatureId } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { EndQueue } from '../end-queue.ts';
import { AdminCommands } from './admin-command.ts';
import type { NvmeCapabilities } from './capabilities.ts';
import { ChangedNamespaces } from './changed-namespaces.ts';
import { ControllerEvents } from './controller-events.ts';
import { type NvmeTargetControllerOptions, traitsOf } from './controller-options.ts';
import { ErrorLog } from './error-log.ts';
import { Features } from './features.ts';
import { parseFormat } from './format-command.ts';
import { Health } from './health.ts';
import { firstBlockOf, parseIo } from './io-command.ts';
import { type IoRules, selectsAllSets } from './io-rules.ts';
import { IoSlot, SlotKind } from './io-slot.ts';
import {
  answer,
  giveUp,
  hasParts,
  nextPart,
  settle,
  startFlushAll,
  startParts,
} from './io-steps.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';
import { SelfTest, SelfTestResult } from './self-test.ts';
import { nvmeStatusOf, withRetryRule } from './status-map.ts';
import { Timestamp } from './timestamp.ts';
import type { WriteGate } from './write-gate.ts';

/** Executes the commands of one NVMe controller on the namespaces of a subsystem. */
export class NvmeTargetController implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  readonly #subsystem: NvmeSubsystem;
  readonly #rules: IoRules;
  readonly #maxInFlight: number;
  readonly #admin: AdminCommands;
  readonly #features: Features;
  readonly #errorLog = new ErrorLog();
  readonly #health: Health;
  readonly #timestamp = new Timestamp();
  readonly #changed = new ChangedNamespaces();
  readonly #events = new ControllerEvents();
  readonly #selfTest: SelfTest;
  readonly #can: NvmeCapabilities;
  /** Number of the controller in its subsystem. */
  readonly #index: number;
  readonly #executor: Executor;
  readonly #decided: EndQueue<NvmeCommand>;
  readonly #slots: IoSlot[] = [];
  readonly #free: IoSlot[] = [];
  readonly #endSlot: (command: TargetCommand) => void;
  readonly #resumeSlot: (slot: IoSlot) => void;
  /** A reset begins a new epoch and waits for the slots of older ones. */
  #epoch = 0;
  #olderSlots = 0;
  #resets: (() => void)[] = [];

  constructor(
    executor: Executor,
    subsystem: NvmeSubsystem,
    options: NvmeTargetControllerOptions = {},
  ) {
    const cntlid = subsystem.attachController((nsid) => this.#namespaceChanged(nsid));
    const traits = traitsOf(cntlid, options);
    const { can } = traits;
    if (can.fusedCompareWrite || can.sanitize) subsystem.useWriteGates();
    this.limits = traits;
    this.#executor = executor;
    this.#subsystem = subsystem;
    this.#maxInFlight = traits.maxInFlight;
    this.#index = traits.cntlid - subsystem.firstControllerId;
    this.#can = can;
    this.#health = new Health(subsystem.maxNamespaces);
    this.#features = new Features(subsystem, can, this.#index, traits.commandSets);
    this.#rules = {
      subsystem,
      index: this.#index,
      can,
      maxTransferBytes: traits.maxTransferBytes,
      features: this.#features,
      maxAppendBytes: traits.maxAppendBytes,
      allSetsSelected: false,
    };
    this.#selfTest = new SelfTest(executor);
    this.#admin = new AdminCommands({
      executor,
      subsystem,
      traits,
      features: this.#features,
      errorLog: this.#errorLog,
      health: this.#health,
      timestamp: this.#timestamp,
      changed: this.#changed,
      selfTest: this.#selfTest,
      firmwareActivated: () => this.#events.firmwareActivation(),
    });
    if (can.sanitize) subsystem.sanitizer.listen(() => this.#events.sanitizeDone());
    this.#decided = new EndQueue(executor, 'target-nvme');
    this.#endSlot = (command) => this.#ended(command as IoSlot);
    this.#resumeSlot = (slot) => this.#resume(slot);
  }

  connect(events: NvmePortEvents): void {
    this.#events.connect(events);
  }

  enable({ cc }: ControllerEnable): void {
    this.#rules.allSetsSelected = selectsAllSets(cc);
    this.#features.reset();
    this.#changed.clear();
    this.#subsystem.firmwareSlots.reset();
    this.#timestamp.reset(this.#executor.now);
  }

  namespaceFormat(nsid: number): NamespaceFormat | undefined {
    return this.#subsystem.namespace(nsid, this.#index)?.format;
  }

  submit(command: NvmeCommand): void {
    command.dw0 = 0;
    command.dw1 = 0;
    if (command.queueId === 0) {
      this.#submitAdmin(command);
      return;
    }
    if (this.#slots.length - this.#free.length >= this.#maxInFlight) {
      this.#decide(command, NvmeStatus.commandInterrupted, 0);
      return;
    }
    const slot = this.#takeSlot(command);
    const status = parseIo(command, this.#rules, slot);
    if (status !== NvmeStatus.success) {
      this.#giveSlot(slot);
      this.#decide(command, status, firstBlockOf(command));
      return;
    }
    const gate = slot.namespace?.gate;
    if (gate === undefined || !slot.isWriter) this.#begin(slot);
    else this.#enter(slot, gate);
  }

  submitFused(first: NvmeCommand, second: NvmeCommand): void {
    first.dw0 = 0;
    first.dw1 = 0;
    second.dw0 = 0;
    second.dw1 = 0;
    // A write moves the pointer of its zone before the Compare could have failed.
    const isZoned = this.#subsystem.namespace(first.sqe[SqeWord.nsid]! >>> 0)?.zones !== undefined;
    const isFull = this.#slots.length - this.#free.length + 1 >= this.#maxInFlight;
    if (isZoned || isFull) {
      this.#decide(first, isZoned ? NvmeStatus.invalidField : NvmeStatus.commandInterrupted, 0);
      this.#decide(second, NvmeStatus.abortedFailedFused, 0);
      return;
    }
    const slot = this.#takeSlot(first);
    const partner = this.#takeSlot(second);
    const firstStatus = parseIo(first, this.#rules, slot);
    const secondStatus = parseIo(second, this.#rules, partner);
    if (firstStatus !== NvmeStatus.success || secondStatus !== NvmeStatus.success) {
      this.#giveSlot(slot);
      this.#giveSlot(partner);
      this.#decide(first, firstStatus || NvmeStatus.abortedFailedFused, firstBlockOf(first));
      this.#decide(second, secondStatus || NvmeStatus.abortedFailedFused, firstBlockOf(second));
      return;
    }
    slot.partner = partner;
    partner.isWaiting = true;
    this.#enter(slot, slot.namespace!.gate!);
  }

  /** Hands a slot to the LIO core once nobody stands in its way. */
  #enter(slot: IoSlot, gate: WriteGate): void {
    slot.gate = gate;
    if (gate.enter(slot)) this.#begin(slot);
    else slot.isWaiting = true;
  }

  /** The turn of a slot that waited has come. */
  #resume(slot: IoSlot): void {
    slot.isWaiting = false;
    if (!slot.isStopped) {
      this.#begin(slot);
      return;
    }
    slot.status = TargetStatus.aborted;
    this.#ended(slot);
  }

  /** Hands a slot to the LIO core, unless nothing is left to do. */
  #begin(slot: IoSlot): void {
    if (!hasParts(slot) || startParts(slot, this.#rules)) {
      slot.port!.submit(slot);
      return;
    }
    const command = slot.nvme!;
    const code = slot.code || answer(slot, command);
    if (slot.kind === SlotKind.copyRead && code !== NvmeStatus.success)
      command.dw0 = slot.nextRange;
    const { gate } = slot;
    this.#giveSlot(slot);
    this.#decide(command, code, firstBlockOf(command));
    gate?.leave();
  }

  abort(command: NvmeCommand): AbortResult {
    for (const slot of this.#slots) {
      if (slot.nvme === command) return slot.stop();
    }
    return this.#decided.has(command) ? AbortResult.tooLate : AbortResult.unknown;
  }

  reportError(queueId: number, cid: number, status: number): void {
    this.#errorLog.add(queueId, cid, status, 0, 0);
  }

  shutdown(done: () => void): void {
    // A flush of the controller's own, which moves no data: any memory will do.
    const memory = new RegionMemory([{ base: 0, size: 4 }]);
    const slot = new IoSlot(memory, new SgList(1), this.#endSlot);
    slot.epoch = this.#epoch;
    slot.done = done;
    if (startFlushAll(slot, this.#rules)) slot.port!.submit(slot);
    else this.#decided.drain(done);
  }

  reset(done: () => void): void {
    this.#selfTest.reset();
    this.#epoch += 1;
    this.#olderSlots = this.#slots.length - this.#free.length;
    this.#resets.push(done);
    for (const slot of this.#slots) {
      if (slot.nvme !== undefined) slot.stop();
    }
    if (this.#olderSlots === 0) this.#finishResets();
  }

  /** Something about a namespace of this controller changed: what it is, or whether it is there. */
  #namespaceChanged(nsid: number): void {
    this.#events.formatChanged(nsid);
    if (!this.#can.namespaceAttachment) return;
    this.#changed.add(nsid);
    this.#events.namespaceAttributes();
  }

  #submitAdmin(command: NvmeCommand): void {
    const sqe = command.sqe;
    const opcode = sqe[SqeWord.cdw0]! & 0xff;
    let code = this.#admin.execute(command);
    if (code === NvmeStatus.success && opcode === AdminOpcode.formatNvm) {
      const slot = this.#takeSlot(command);
      code = parseFormat(command, this.#rules, this.#features.hasExtendedFormats, slot);
      if (code === NvmeStatus.success && startParts(slot, this.#rules)) {
        this.#selfTest.stop(SelfTestResult.abortedByFormat);
        slot.port!.submit(slot);
        return;
      }
      this.#giveSlot(slot);
    } else if (code === NvmeStatus.success && opcode === AdminOpcode.setFeatures) {
      const feature = sqe[SqeWord.cdw10]! & 0xff;
      if (feature === FeatureId.volatileWriteCache && !this.#features.writeCache) {
        // What the cache holds was written before it was switched off.
        const slot = this.#takeSlot(command);
        if (startFlushAll(slot, this.#rules)) {
          slot.port!.submit(slot);
          return;
        }
        this.#giveSlot(slot);
      } else if (feature === FeatureId.temperatureThreshold && this.#features.isBeyondThreshold) {
        this.#events.temperature();
      }
    }
    this.#decide(command, code, 0);
  }

  /** The LIO core has ended a slot's command. */
  #ended(slot: IoSlot): void {
    const isOlder = slot.epoch !== this.#epoch;
    const isGood = slot.status === TargetStatus.good;
    if (isGood) settle(slot);
    if (isGood && hasParts(slot) && nextPart(slot, this.#rules)) {
      if (!isOlder || slot.nvme === undefined) {
        slot.port!.submit(slot);
        return;
      }
      slot.status = TargetStatus.aborted;
    }
    const command = slot.nvme;
    if (command === undefined) {
      slot.done!();
      return;
    }
    if (slot.status !== TargetStatus.good) giveUp(slot);
    const { status } = slot;
    const code =
      status === TargetStatus.good ? withRetryRule(answer(slot, command)) : nvmeStatusOf(status);
    this.#count(slot, code);
    if (slot.isCopy && code !== NvmeStatus.success) command.dw0 = slot.nextRange;
    const { gate, partner } = slot;
    if (partner !== undefined) partner.gate = gate;
    this.#end(slot, command, code);
    if (partner !== undefined) this.#goOn(partner, code);
    else gate?.leave();
  }

  /** Ends a command that the LIO core had, and gives its slot back. */
  #end(slot: IoSlot, command: NvmeCommand, code: number): void {
    const isOlder = slot.epoch !== this.#epoch;
    this.#giveSlot(slot);
    if (isOlder) this.#olderSlots -= 1;
    command.status = code;
    if (code !== NvmeStatus.success) this.#logError(command, firstBlockOf(command));
    command.end(command);
    if (isOlder && this.#olderSlots === 0) this.#finishResets();
  }

  /** The first half of a pair ended with `code`: the second one follows, or fails with it. */
  #goOn(slot: IoSlot, code: number): void {
    slot.isWaiting = false;
    if (code === NvmeStatus.success && !slot.isStopped) {
      slot.port!.submit(slot);
      return;
    }
    const { gate } = slot;
    const why = slot.isStopped ? NvmeStatus.abortRequested : NvmeStatus.abortedFailedFused;
    this.#end(slot, slot.nvme!, withRetryRule(why));
    gate?.leave();
  }

  /** Counts a read or write that the host asked for. Verify is no read unless it fails, and Copy is neither. */
  #count(slot: IoSlot, code: number): void {
    if (slot.kind === SlotKind.format || slot.isCopy) return;
    const { status, nsid } = slot;
    const isDone = status === TargetStatus.good;
    if (isDone && (slot.kind === SlotKind.verify || code !== NvmeStatus.success)) return;
    const units = slot.blockCount * (slot.port!.geometry.blockBytes >>> 9);
    this.#health.countIo(nsid <= this.#subsystem.maxNamespaces ? nsid : 0, slot.op, units, status);
  }

  /** Sets the status of a command that never reached the LIO core; it ends on a later turn. */
  #decide(command: NvmeCommand, code: number, lba: number): void {
    command.status = withRetryRule(code);
    if (code !== NvmeStatus.success) this.#logError(command, lba);
    this.#decided.push(command);
  }

  #logError(command: NvmeCommand, lba: number): void {
    const cid = command.sqe[SqeWord.cdw0]! >>> 16;
    const nsid = command.sqe[SqeWord.nsid]! >>> 0;
    this.#errorLog.add(command.queueId, cid, command.status, nsid, lba);
  }

  #takeSlot(command: NvmeCommand): IoSlot {
    const slot = this.#free.pop() ?? this.#makeSlot(command);
    slot.nvme = command;
    slot.ioId = command.ioId;
    slot.epoch = this.#epoch;
    return slot;
  }

  #giveSlot(slot: IoSlot): void {
    slot.clear();
    this.#free.push(slot);
  }

  #makeSlot(command: NvmeCommand): IoSlot {
    const slot = new IoSlot(command.memory, command.data, this.#endSlot, this.#resumeSlot);
    this.#slots.push(slot);
    return slot;
  }

  #finishResets(): void {
    const resets = this.#resets;
    this.#resets = [];
    for (const done of resets) this.#decided.drain(done);
  }
}
