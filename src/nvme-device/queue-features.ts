/** The features that belong to the queues: 01h 07h 08h 09h 0Bh. NVMe Base 2.0, 5.27.1. */
import { SqeWord } from '../wire/nvme-entries.ts';
import { FeatureId, FeatureSelect, NSID_ALL } from '../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../wire/nvme-status.ts';
import type { AsyncEvents } from './async-events.ts';
import type { InterruptUnit } from './interrupt-unit.ts';

/** Capability answer of a feature that can be changed and is neither saved nor of a namespace. */
const CHANGEABLE = 4;
/** Arbitration burst that means no limit, and the one after a reset: 32 commands. */
const NO_BURST_LIMIT = 7;
const DEFAULT_ARBITRATION = 5;

/** Keeps the values, sets and gets them. */
export class QueueFeatures {
  /** Result of the last command: completion dword 0. */
  dw0 = 0;
  /** I/O submission queues that may exist. */
  sqLimit: number;
  /** I/O completion queues that may exist. */
  cqLimit: number;
  readonly #ioQueues: number;
  readonly #interrupts: InterruptUnit;
  readonly #events: AsyncEvents;
  #arbitration = DEFAULT_ARBITRATION;
  #coalescing = 0;

  constructor(ioQueues: number, interrupts: InterruptUnit, events: AsyncEvents) {
    this.#ioQueues = ioQueues;
    this.#interrupts = interrupts;
    this.#events = events;
    this.sqLimit = ioQueues;
    this.cqLimit = ioQueues;
  }

  /** Commands that one queue may have fetched in its turn. */
  get burst(): number {
    const power = this.#arbitration & 7;
    return power === NO_BURST_LIMIT ? 0x3fff_ffff : 1 << power;
  }

  /** Commands of the high class in each round of weighted arbitration. */
  get highWeight(): number {
    return (this.#arbitration >>> 24) + 1;
  }

  /** Commands of the medium class in each round. */
  get mediumWeight(): number {
    return ((this.#arbitration >>> 16) & 0xff) + 1;
  }

  /** Commands of the low class in each round. */
  get lowWeight(): number {
    return ((this.#arbitration >>> 8) & 0xff) + 1;
  }

  /** Is the feature kept here? */
  owns(feature: number): boolean {
    return (
      feature === FeatureId.arbitration ||
      feature === FeatureId.asyncEventConfig ||
      (feature >= FeatureId.numberOfQueues && feature <= FeatureId.interruptVectorConfig)
    );
  }

  /** As after a controller reset. */
  reset(): void {
    this.sqLimit = this.#ioQueues;
    this.cqLimit = this.#ioQueues;
    this.#arbitration = DEFAULT_ARBITRATION;
    this.#coalescing = 0;
  }

  /** Executes Set Features and returns its status. @param hasIoQueues whether I/O queues exist now */
  set(sqe: Int32Array, hasIoQueues: boolean): number {
    this.dw0 = 0;
    const nsid = sqe[SqeWord.nsid]! >>> 0;
    if (sqe[SqeWord.cdw10]! < 0) return NvmeStatus.featureNotSaveable;
    if (nsid !== 0 && nsid !== NSID_ALL) return NvmeStatus.featureNotNamespaceSpecific;
    const value = sqe[SqeWord.cdw11]!;
    switch (sqe[SqeWord.cdw10]! & 0xff) {
      case FeatureId.arbitration:
        this.#arbitration = value & ~0xf8;
        return NvmeStatus.success;
      case FeatureId.numberOfQueues:
        return this.#setQueueCount(value, hasIoQueues);
      case FeatureId.interruptCoalescing:
        this.#coalescing = value & 0xffff;
        this.#interrupts.setCoalescing(value & 0xff, (value >>> 8) & 0xff);
        return NvmeStatus.success;
      case FeatureId.interruptVectorConfig:
        return this.#setVectorConfig(value);
      default:
        this.#events.config = value;
        return NvmeStatus.success;
    }
  }

  /** Executes Get Features and returns its status. */
  get(sqe: Int32Array): number {
    const feature = sqe[SqeWord.cdw10]! & 0xff;
    const select = (sqe[SqeWord.cdw10]! >>> 8) & 7;
    this.dw0 = CHANGEABLE;
    if (select === FeatureSelect.capabilities) return NvmeStatus.success;
    if (select > FeatureSelect.capabilities) {
      this.dw0 = 0;
      return NvmeStatus.invalidField;
    }
    const isCurrent = select === FeatureSelect.current;
    const vector = sqe[SqeWord.cdw11]! & 0xffff;
    switch (feature) {
      case FeatureId.arbitration:
        this.dw0 = isCurrent ? this.#arbitration : DEFAULT_ARBITRATION;
        return NvmeStatus.success;
      case FeatureId.numberOfQueues: {
        const all = this.#ioQueues - 1;
        this.dw0 = isCurrent ? (this.sqLimit - 1) | ((this.cqLimit - 1) << 16) : all | (all << 16);
        return NvmeStatus.success;
      }
      case FeatureId.interruptCoalescing:
        this.dw0 = isCurrent ? this.#coalescing : 0;
        return NvmeStatus.success;
      case FeatureId.interruptVectorConfig:
        this.dw0 = 0;
        if (vector >= this.#interrupts.vectorCount) return NvmeStatus.invalidField;
        // Interrupts of the admin queue are never delayed, and say so.
        this.dw0 =
          vector | ((isCurrent ? this.#interrupts.isDirect(vector) : vector === 0) ? 0x1_0000 : 0);
        return NvmeStatus.success;
      default:
        this.dw0 = isCurrent ? this.#events.config : 0;
        return NvmeStatus.success;
    }
  }

  #setQueueCount(value: number, hasIoQueues: boolean): number {
    const submission0 = value & 0xffff;
    const completion0 = value >>> 16;
    if (submission0 === 0xffff || completion0 === 0xffff) return NvmeStatus.invalidField;
    if (hasIoQueues) return NvmeStatus.commandSequenceError;
    this.sqLimit = Math.min(submission0 + 1, this.#ioQueues);
    this.cqLimit = Math.min(completion0 + 1, this.#ioQueues);
    this.dw0 = (this.sqLimit - 1) | ((this.cqLimit - 1) << 16);
    return NvmeStatus.success;
  }

  #setVectorConfig(value: number): number {
    const vector = value & 0xffff;
    if (vector >= this.#interrupts.vectorCount) return NvmeStatus.invalidField;
    this.#interrupts.setDirect(vector, (value & 0x1_0000) !== 0);
    return NvmeStatus.success;
  }
}
