/**
 * One controller of an NVM subsystem: an NVMe session with the LIO core. Parse, execute, complete.
 *
 * Does not model: the More bit (the error log has its entries without it), several hosts' access rules, reservations, ANA, events but
 * the temperature threshold.
 */
import { ConfigError } from '../../base/assert.ts';
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
import { type TargetCommand, TargetOp, TargetStatus } from '../../interfaces/target.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';
import { AdminOpcode, AsyncEventType, FeatureId, LogPage } from '../../wire/nvme-opcodes.ts';
import { Cc } from '../../wire/nvme-registers.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { EndQueue } from '../end-queue.ts';
import { AdminCommands } from './admin-command.ts';
import { ErrorLog } from './error-log.ts';
import { Features } from './features.ts';
import { Health } from './health.ts';
import type { ControllerTraits } from './identify.ts';
import { parseIo, takeNextRange } from './io-command.ts';
import { IoSlot, SlotKind } from './io-slot.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';
import { nvmeStatusOf, withRetryRule } from './status-map.ts';
import { Timestamp } from './timestamp.ts';
import { isZoneOpcode, takeNextPiece } from './zoned/zone-io.ts';

/** Commands in flight of one controller, unless it is told otherwise. */
export const NVME_MAX_IN_FLIGHT = 1024;
/** Largest transfer of one command, unless it is told otherwise. */
export const NVME_MAX_TRANSFER_BYTES = 1024 * 1024;
/** Asynchronous event: a temperature is beyond its threshold. NVMe Base 2.0, figure 148. */
const EVENT_TEMPERATURE = 1;
/** CC.CSS: all I/O command sets that the controller has. */
const ALL_COMMAND_SETS = 6;

/** How a controller is made. */
export interface NvmeTargetControllerOptions {
  /** I/O commands in flight at once; one more ends with Command Interrupted. */
  readonly maxInFlight?: number;
  /** Most bytes of one command: 4096 times a power of two. */
  readonly maxTransferBytes?: number;
  /** VER; the register VS of the controller in front says the same. NVMe 1.4 by default. */
  readonly version?: number;
  /** What the controller in front can: Abort commands at once, zero-based. */
  readonly abortLimit0?: number;
  /** What the controller in front can: Asynchronous Event Requests at once, zero-based. */
  readonly asyncEventLimit0?: number;
  /** What the controller in front can: optional admin commands (OACS). */
  readonly oacs?: number;
  /** What the controller in front can: SGLs (SGLS). */
  readonly sgls?: number;
  /** What the controller in front can: selection of command sets (CAP.CSS bit 6). */
  readonly commandSets?: boolean;
  /** Most bytes of one Zone Append: 4096 times a power of two, `maxTransferBytes` at most, which it is by default. */
  readonly maxAppendBytes?: number;
}

/** Executes the commands of one NVMe controller on the namespaces of a subsystem. */
export class NvmeTargetController implements NvmeCommandPort {
  readonly limits: NvmePortLimits;
  readonly #subsystem: NvmeSubsystem;
  readonly #maxTransferBytes: number;
  readonly #maxAppendBytes: number;
  readonly #maxInFlight: number;
  readonly #admin: AdminCommands;
  readonly #features: Features;
  readonly #errorLog = new ErrorLog();
  readonly #health = new Health();
  readonly #timestamp = new Timestamp();
  readonly #executor: Executor;
  readonly #decided: EndQueue<NvmeCommand>;
  readonly #slots: IoSlot[] = [];
  readonly #free: IoSlot[] = [];
  readonly #endSlot: (command: TargetCommand) => void;
  #events: NvmePortEvents | undefined;
  /** A reset begins a new epoch and waits for the slots of older ones. */
  #epoch = 0;
  #olderSlots = 0;
  #resets: (() => void)[] = [];
  /** CC.CSS selects all command sets, and with them that of zones. */
  #allSetsSelected = false;

  constructor(
    executor: Executor,
    subsystem: NvmeSubsystem,
    options: NvmeTargetControllerOptions = {},
  ) {
    const traits: ControllerTraits = {
      cntlid: subsystem.attachController(),
      version: options.version ?? 0x1_0400,
      maxInFlight: checkInFlight(options.maxInFlight ?? NVME_MAX_IN_FLIGHT),
      maxTransferBytes: checkTransfer(options.maxTransferBytes ?? NVME_MAX_TRANSFER_BYTES),
      abortLimit0: options.abortLimit0 ?? 3,
      asyncEventLimit0: options.asyncEventLimit0 ?? 3,
      oacs: options.oacs ?? 0,
      sgls: options.sgls ?? 0,
      commandSets: options.commandSets ?? false,
      maxAppendBytes: checkAppend(options),
    };
    this.limits = traits;
    this.#executor = executor;
    this.#subsystem = subsystem;
    this.#maxInFlight = traits.maxInFlight;
    this.#maxTransferBytes = traits.maxTransferBytes;
    this.#maxAppendBytes = traits.maxAppendBytes;
    this.#features = new Features(subsystem);
    this.#admin = new AdminCommands({
      executor,
      subsystem,
      traits,
      features: this.#features,
      errorLog: this.#errorLog,
      health: this.#health,
      timestamp: this.#timestamp,
    });
    this.#decided = new EndQueue(executor, 'target-nvme');
    this.#endSlot = (command) => this.#ended(command as IoSlot);
  }

  connect(events: NvmePortEvents): void {
    this.#events = events;
  }

  enable({ cc }: ControllerEnable): void {
    this.#allSetsSelected = ((cc >>> Cc.cssShift) & Cc.cssMask) === ALL_COMMAND_SETS;
    this.#features.reset();
    this.#timestamp.reset(this.#executor.now);
  }

  namespaceFormat(nsid: number): NamespaceFormat | undefined {
    return this.#subsystem.namespace(nsid)?.format;
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
    if (!this.#allSetsSelected && isZoneOpcode(command.sqe[SqeWord.cdw0]! & 0xff)) {
      this.#decide(command, NvmeStatus.invalidOpcode, 0);
      return;
    }
    const slot = this.#takeSlot(command);
    const status = parseIo(
      command,
      this.#subsystem,
      this.#maxTransferBytes,
      this.#maxAppendBytes,
      !this.#features.writeCache,
      slot,
    );
    if (status !== NvmeStatus.success) {
      this.#giveSlot(slot);
      this.#decide(command, status, slot.lba);
      return;
    }
    if (hasParts(slot) && !this.#startParts(slot)) {
      const result = nvmeStatusOf(resultOf(slot, command));
      this.#giveSlot(slot);
      this.#decide(command, result, slot.lba);
      return;
    }
    slot.port!.submit(slot);
  }

  abort(command: NvmeCommand): AbortResult {
    for (const slot of this.#slots) {
      if (slot.nvme === command) return slot.port!.abort(slot);
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
    if (this.#startFlushAll(slot)) slot.port!.submit(slot);
    else this.#decided.drain(done);
  }

  reset(done: () => void): void {
    this.#epoch += 1;
    this.#olderSlots = this.#slots.length - this.#free.length;
    this.#resets.push(done);
    for (const slot of this.#slots) {
      if (slot.nvme !== undefined) slot.port!.abort(slot);
    }
    if (this.#olderSlots === 0) this.#finishResets();
  }

  #submitAdmin(command: NvmeCommand): void {
    const sqe = command.sqe;
    const code = this.#admin.execute(command);
    if (code === NvmeStatus.success && (sqe[SqeWord.cdw0]! & 0xff) === AdminOpcode.setFeatures) {
      const feature = sqe[SqeWord.cdw10]! & 0xff;
      if (feature === FeatureId.volatileWriteCache && !this.#features.writeCache) {
        // What the cache holds was written before it was switched off.
        const slot = this.#takeSlot(command);
        if (this.#startFlushAll(slot)) {
          slot.port!.submit(slot);
          return;
        }
        this.#giveSlot(slot);
      } else if (feature === FeatureId.temperatureThreshold && this.#features.isBeyondThreshold) {
        this.#events?.asyncEvent(AsyncEventType.smart, EVENT_TEMPERATURE, LogPage.smart);
      }
    }
    this.#decide(command, code, 0);
  }

  /** Makes the slot the first part of a command of several parts; false when there is nothing to do. */
  #startParts(slot: IoSlot): boolean {
    slot.status = TargetStatus.good;
    return slot.kind === SlotKind.flushAll ? this.#startFlushAll(slot) : this.#goOn(slot);
  }

  /** Makes the slot a flush of all active namespaces; false when there is none. */
  #startFlushAll(slot: IoSlot): boolean {
    slot.kind = SlotKind.flushAll;
    slot.op = TargetOp.flush;
    slot.lba = 0;
    slot.blockCount = 0;
    slot.flags = 0;
    slot.nsid = 0;
    return this.#goOn(slot);
  }

  /** Makes the slot the next part of a command of several parts; false when there is none. */
  #goOn(slot: IoSlot): boolean {
    if (slot.pieces !== undefined) return takeNextPiece(slot);
    if (slot.kind === SlotKind.ranges) return takeNextRange(slot);
    if (slot.kind === SlotKind.none) return false;
    const next = this.#subsystem.namespace(this.#subsystem.nextNsid(slot.nsid));
    if (next === undefined) return false;
    slot.nsid = next.nsid;
    slot.port = next.port;
    return true;
  }

  /** The LIO core has ended a slot's command. */
  #ended(slot: IoSlot): void {
    const isOlder = slot.epoch !== this.#epoch;
    if (hasParts(slot) && slot.status === TargetStatus.good && this.#goOn(slot)) {
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
    if (slot.kind === SlotKind.zoneOpen) {
      slot.zones!.prepared(slot.zones!.zoneOf(slot.lba), slot.status === TargetStatus.good);
    }
    const status = resultOf(slot, command);
    const units = slot.blockCount * (slot.port!.geometry.blockBytes >>> 9);
    // Verify moves nothing to the host, and is no read in the health log unless it fails.
    if (slot.kind !== SlotKind.verify || status !== TargetStatus.good) {
      this.#health.countIo(slot.op, units, status);
    }
    this.#giveSlot(slot);
    if (isOlder) this.#olderSlots -= 1;
    command.status = nvmeStatusOf(status);
    if (status !== TargetStatus.good) this.#logError(command, slot.lba);
    command.end(command);
    if (isOlder && this.#olderSlots === 0) this.#finishResets();
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
    slot.nvme = undefined;
    slot.compared = undefined;
    slot.zones = undefined;
    slot.pieces = undefined;
    this.#free.push(slot);
  }

  #makeSlot(command: NvmeCommand): IoSlot {
    const slot = new IoSlot(command.memory, command.data, this.#endSlot);
    this.#slots.push(slot);
    return slot;
  }

  #finishResets(): void {
    const resets = this.#resets;
    this.#resets = [];
    for (const done of resets) this.#decided.drain(done);
  }
}

/** Is the slot's command one part after the other? */
function hasParts(slot: IoSlot): boolean {
  return (
    slot.kind === SlotKind.flushAll ||
    slot.kind === SlotKind.ranges ||
    slot.kind === SlotKind.none ||
    slot.pieces !== undefined
  );
}

/** How the command ended whose last part is done: a Compare has yet to look at what was read. */
function resultOf(slot: IoSlot, command: NvmeCommand): TargetStatus {
  return slot.kind === SlotKind.compare && slot.status === TargetStatus.good
    ? slot.compared!.matches(command)
    : slot.status;
}

function checkAppend({ maxTransferBytes, maxAppendBytes }: NvmeTargetControllerOptions): number {
  const most = maxTransferBytes ?? NVME_MAX_TRANSFER_BYTES;
  if (maxAppendBytes === undefined) return most;
  // A limit of one page would read as none (ZASL 0).
  if (maxAppendBytes <= most && (maxAppendBytes === most || maxAppendBytes > 4096)) {
    return checkTransfer(maxAppendBytes, 'maxAppendBytes');
  }
  throw new ConfigError('controller.maxAppendBytes', maxAppendBytes, `from 8192 to ${most} bytes`);
}

function checkTransfer(maxTransferBytes: number, key = 'maxTransferBytes'): number {
  const pages = maxTransferBytes / 4096;
  if (!Number.isInteger(pages) || pages < 1 || pages > 1 << 18 || (pages & (pages - 1)) !== 0) {
    const expected = '4096 times a power of two, 1 GiB at most';
    throw new ConfigError(`controller.${key}`, maxTransferBytes, expected);
  }
  return maxTransferBytes;
}

function checkInFlight(maxInFlight: number): number {
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1 || maxInFlight > 65_536) {
    throw new ConfigError('controller.maxInFlight', maxInFlight, 'an integer 1..65536');
  }
  return maxInFlight;
}
