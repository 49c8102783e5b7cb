/**
 * Fused operations: pairs of commands that stand next to each other in one queue. NVMe Base 2.0, 3.4.2; NVM Command Set 1.0, 2.1.6.
 *
 * Does not model: pairs other than Compare and Write on one range, which end with Invalid Field.
 */
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import { FUSES_COMPARE_WRITE } from '../wire/nvme-identify.ts';
import { IoOpcode } from '../wire/nvme-opcodes.ts';
import { Fuse } from '../wire/nvme-sgl.ts';
import { NvmeStatus, STATUS_DNR } from '../wire/nvme-status.ts';
import type { DataMapper } from './data-mapper.ts';
import type { DeviceCommand } from './device-command.ts';
import type { SubmissionQueue } from './queues.ts';

/** What a pair needs of the engine. */
export interface FusedHost {
  /** All slots. */
  readonly commands: readonly DeviceCommand[];
  /** The slot of the next command, `undefined` when none is free. */
  readonly nextSlot: DeviceCommand | undefined;
  /** Copies the entry at the head; false when that is fatal. */
  load(sq: SubmissionQueue, sqe: Int32Array): boolean;
  /** Steps over the entry in the next slot; false when it was completed for its identifier. */
  take(sq: SubmissionQueue, command: DeviceCommand): boolean;
  /** Undoes `take`. */
  putBack(sq: SubmissionQueue, command: DeviceCommand): void;
  /** The port has the command from now on. */
  handOver(command: DeviceCommand): void;
  /** Completes a command that does not go to the port. */
  complete(command: DeviceCommand, status: number, dw0: number): void;
}

/** Takes pairs out of the queues. */
export class FusedFetch {
  /** The port takes pairs. */
  readonly isOn: boolean;
  readonly #port: NvmeCommandPort;
  readonly #mapper: DataMapper;
  readonly #host: FusedHost;

  constructor(port: NvmeCommandPort, mapper: DataMapper, host: FusedHost) {
    const hasPairs = ((port.limits.fuses ?? 0) & FUSES_COMPARE_WRITE) !== 0;
    this.isOn = hasPairs && port.submitFused !== undefined;
    this.#port = port;
    this.#mapper = mapper;
    this.#host = host;
  }

  /** `first` was taken and says that it is part of a pair: its other half is the entry behind it, or it has none. */
  start(sq: SubmissionQueue, first: DeviceCommand, fuse: number): void {
    const host = this.#host;
    if (fuse === Fuse.mask) {
      host.complete(first, NvmeStatus.invalidField | STATUS_DNR, 0);
      return;
    }
    const canEverFit = sq.cq.size > 2 && host.commands.length > 1;
    if (fuse === Fuse.second || sq.head === sq.tail || !canEverFit) {
      host.complete(first, NvmeStatus.abortedMissingFused, 0);
      return;
    }
    const second = host.nextSlot;
    if (sq.cq.room === 0 || second === undefined) {
      // The pair waits until there is room for both.
      host.putBack(sq, first);
      sq.need = 2;
      return;
    }
    sq.need = 1;
    if (!host.load(sq, second.sqe)) return;
    if ((second.sqe[SqeWord.cdw0]! & Fuse.mask) !== Fuse.second) {
      host.complete(first, NvmeStatus.abortedMissingFused, 0);
    } else if (!host.take(sq, second)) {
      host.complete(first, NvmeStatus.abortedFailedFused, 0);
    } else {
      this.#startPair(first, second);
    }
  }

  #startPair(first: DeviceCommand, second: DeviceCommand): void {
    first.sqe[SqeWord.cdw0]! &= ~Fuse.mask;
    second.sqe[SqeWord.cdw0]! &= ~Fuse.mask;
    let firstStatus: number = NvmeStatus.invalidField;
    let secondStatus: number = NvmeStatus.invalidField;
    if (isCompareAndWrite(first.sqe, second.sqe)) {
      firstStatus = this.#mapper.map(first);
      secondStatus = this.#mapper.map(second);
    }
    if (firstStatus === NvmeStatus.success && secondStatus === NvmeStatus.success) {
      this.#host.handOver(first);
      this.#host.handOver(second);
      this.#port.submitFused!(first, second);
      return;
    }
    this.#host.complete(first, failedHalf(firstStatus), 0);
    this.#host.complete(second, failedHalf(secondStatus), 0);
  }
}

/** What a half of a pair ends with when the pair is not executed: its own status, or that of the other half's failure. */
function failedHalf(status: number): number {
  return status === NvmeStatus.success ? NvmeStatus.abortedFailedFused : status | STATUS_DNR;
}

/** Compare and Write on the same blocks of the same namespace. */
function isCompareAndWrite(first: Int32Array, second: Int32Array): boolean {
  return (
    (first[SqeWord.cdw0]! & 0xff) === IoOpcode.compare &&
    (second[SqeWord.cdw0]! & 0xff) === IoOpcode.write &&
    first[SqeWord.nsid] === second[SqeWord.nsid] &&
    first[SqeWord.cdw10] === second[SqeWord.cdw10] &&
    first[SqeWord.cdw11] === second[SqeWord.cdw11] &&
    (first[SqeWord.cdw12]! & 0xffff) === (second[SqeWord.cdw12]! & 0xffff)
  );
}
