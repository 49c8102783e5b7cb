/** What sd asks a logical unit before it uses it: what it is, how large, its limits, its cache. */
import { assert } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import { BlkStatus, DEFAULT_LIMITS, type QueueLimits, SECTOR_BYTES } from '../interfaces/bio.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { ScsiDevice, ScsiTask } from '../interfaces/scsi-task.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { makeTask } from '../sim/task.ts';
import {
  ascOf,
  blockLimitsPage,
  buildInquiry,
  buildModeSense6,
  buildReadCapacity10,
  buildReadCapacity16,
  buildTestUnitReady,
  CACHING_MODE_PAGE,
  capacity10,
  capacity16,
  inquiryData,
  ScsiStatus,
  SenseKey,
  senseKeyOf,
  VpdPage,
} from '../wire/scsi.ts';
import { CapacityBit, ProvisioningBit, provisioningPage } from '../wire/scsi-provisioning.ts';
import { Disposition, disposeOf } from './scsi-disposition.ts';

/** How often each question is asked again when it failed in a way that may pass. */
const MAX_RETRIES = 3;
/** How often it is asked again after a unit attention of a reset, of which several may come. */
const MAX_RESET_RETRIES = 10;
/** How long a unit may take to become ready. */
const READY_TRIES = 100;
const READY_DELAY_NS = 1_000_000_000;
const BUFFER_BYTES = 4096;
/** sd's limit of one request unless the unit names a smaller one. */
const MAX_SECTORS = 2560;

type Step =
  | 'inquiry'
  | 'ready'
  | 'capacity10'
  | 'capacity16'
  | 'pages'
  | 'blockLimits'
  | 'provisioning'
  | 'caching'
  | 'done';

/** Each question, and the one after it. */
const NEXT: Readonly<Record<Exclude<Step, 'done'>, Step>> = {
  inquiry: 'ready',
  ready: 'capacity10',
  capacity10: 'capacity16',
  capacity16: 'pages',
  pages: 'blockLimits',
  blockLimits: 'provisioning',
  provisioning: 'caching',
  caching: 'done',
};

/** Questions that a unit may refuse to answer. */
const OPTIONAL: ReadonlySet<Step> = new Set(['pages', 'blockLimits', 'provisioning', 'caching']);

/** How a unit lets go of blocks. */
export const DiscardMode = { none: 0, unmap: 1, writeSame16: 2, writeSame10: 3 } as const;
/** One of {@link DiscardMode}. */
export type DiscardMode = (typeof DiscardMode)[keyof typeof DiscardMode];

/** Most blocks of WRITE SAME (16) and (10) unless the unit names fewer. */
const MAX_SAME16_BLOCKS = 0x7f_ffff;
const MAX_SAME10_BLOCKS = 0xffff;

/** Asks one question after the other; results are in `limits` and `capacitySectors`. */
export class ScsiProbe {
  /** Private memory that answers come to. */
  readonly memory = new RegionMemory([{ base: 0, size: BUFFER_BYTES }]);
  /** What was found. */
  limits: QueueLimits = LIMITS;
  /** What was found; 0 before. */
  capacitySectors = 0;
  /** What a discard becomes. */
  discardMode: DiscardMode = DiscardMode.none;
  /** Do blocks that WRITE SAME unmaps read as zeroes? Then zeroes are written that way. */
  canZeroByUnmap = false;
  readonly #executor: Executor;
  readonly #device: ScsiDevice;
  readonly #task: ScsiTask;
  readonly #bytes = new Uint8Array(256);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #again: Task;
  #step: Step = 'inquiry';
  #retries = 0;
  #resetRetries = 0;
  #done: ((failure: string | undefined) => void) | undefined = undefined;
  #lastLba = 0;
  #blockBytes = 0;
  #physicalBytes = 0;
  #maxTransferBlocks = 0;
  #hasBlockLimits = false;
  #hasProvisioning = false;
  /** Byte 14 of READ CAPACITY(16): LBPME and LBPRZ. */
  #managed = 0;
  /** Flags of the Logical Block Provisioning page. */
  #provisioning = 0;
  #maxUnmapBlocks = 0;
  #maxSameBlocks = 0;
  #granularityBlocks = 0;
  #writeCache = false;
  #fua = false;

  constructor(executor: Executor, device: ScsiDevice, owner: string) {
    this.#executor = executor;
    this.#device = device;
    this.#again = makeTask(owner, () => this.#ask());
    this.#task = {
      ioId: 0,
      lun: 0,
      cdb: new Uint8Array(32),
      memory: this.memory,
      data: new SgList(1),
      status: 0,
      residualBytes: 0,
      sense: new Uint8Array(96),
      senseLength: 0,
      end: () => this.#answered(),
    };
  }

  /** Starts asking; `done` gets `undefined`, or why the unit cannot be used. */
  start(done: (failure: string | undefined) => void): void {
    assert(this.#done === undefined, 'a driver is started once');
    this.#done = done;
    this.#enter('inquiry');
  }

  #enter(step: Step): void {
    this.#step = step;
    this.#retries = 0;
    this.#resetRetries = 0;
    const isMissing =
      (step === 'blockLimits' && !this.#hasBlockLimits) ||
      (step === 'provisioning' && !this.#hasProvisioning);
    if (isMissing) this.#enter(NEXT[step]);
    else if (step === 'done') this.#finish();
    else this.#ask();
  }

  #ask(): void {
    const { cdb, data } = this.#task;
    let length = this.#bytes.length;
    switch (this.#step) {
      case 'inquiry':
        length = inquiryData.byteLength;
        buildInquiry(cdb, -1, length);
        break;
      case 'ready':
        length = 0;
        buildTestUnitReady(cdb);
        break;
      case 'capacity10':
        length = capacity10.byteLength;
        buildReadCapacity10(cdb);
        break;
      case 'capacity16':
        length = capacity16.byteLength;
        buildReadCapacity16(cdb);
        break;
      case 'pages':
        buildInquiry(cdb, VpdPage.supportedPages, length);
        break;
      case 'blockLimits':
        length = blockLimitsPage.byteLength;
        buildInquiry(cdb, VpdPage.blockLimits, length);
        break;
      case 'provisioning':
        length = provisioningPage.byteLength;
        buildInquiry(cdb, VpdPage.provisioning, length);
        break;
      default:
        length = 64;
        buildModeSense6(cdb, CACHING_MODE_PAGE, length);
    }
    this.memory.fill(0, 0, BUFFER_BYTES);
    data.clear();
    if (length > 0) data.pushAddress(0, length);
    this.#device.submit(this.#task);
  }

  #answered(): void {
    const step = this.#step;
    const disposition = disposeOf(this.#task);
    if (isReset(this.#task) && this.#resetRetries < MAX_RESET_RETRIES) {
      this.#resetRetries += 1;
      this.#executor.post(this.#again);
      return;
    }
    this.#retries += 1;
    if (disposition === Disposition.retryLater && this.#retries < READY_TRIES) {
      this.#executor.schedule(this.#again, this.#executor.now + READY_DELAY_NS);
    } else if (disposition === Disposition.retry && this.#retries <= MAX_RETRIES) {
      this.#executor.post(this.#again);
    } else if (disposition === BlkStatus.ok) {
      this.memory.load(0, this.#bytes, 0, this.#bytes.length);
      const failure = this.#read(step);
      if (failure === undefined) this.#enter(NEXT[step as Exclude<Step, 'done'>]);
      else this.#done!(failure);
    } else if (OPTIONAL.has(step) || (step === 'capacity16' && this.#lastLba !== 0xffff_ffff)) {
      this.#enter(NEXT[step as Exclude<Step, 'done'>]);
    } else {
      this.#done!(`${step} was refused`);
    }
  }

  /** Takes in an answer; why the unit cannot be used, if so. */
  #read(step: Step): string | undefined {
    const view = this.#view;
    switch (step) {
      case 'inquiry':
        return inquiryData.peripheral.get(view, 0) === 0 ? undefined : 'no disk at this unit';
      case 'capacity10':
        this.#lastLba = capacity10.lastLba.get(view, 0);
        this.#blockBytes = capacity10.blockBytes.get(view, 0);
        this.#physicalBytes = this.#blockBytes;
        return undefined;
      case 'capacity16':
        this.#lastLba = capacity16.lastLba.get(view, 0);
        this.#blockBytes = capacity16.blockBytes.get(view, 0);
        this.#managed = this.#bytes[14]!;
        this.#physicalBytes = this.#blockBytes * 2 ** (capacity16.exponents.get(view, 0) & 0xf);
        return undefined;
      case 'pages':
        this.#hasBlockLimits = this.#hasPage(VpdPage.blockLimits);
        this.#hasProvisioning = this.#hasPage(VpdPage.provisioning);
        return undefined;
      case 'blockLimits':
        this.#maxTransferBlocks = blockLimitsPage.maxTransfer.get(view, 0);
        this.#maxUnmapBlocks = blockLimitsPage.maxUnmapBlocks.get(view, 0);
        this.#granularityBlocks = blockLimitsPage.unmapGranularity.get(view, 0);
        this.#maxSameBlocks = blockLimitsPage.maxWriteSame.get(view, 0);
        return undefined;
      case 'provisioning':
        this.#provisioning = provisioningPage.flags.get(view, 0);
        return undefined;
      case 'caching': {
        const at = 4 + this.#bytes[3]!;
        if ((this.#bytes[at]! & 0x3f) === CACHING_MODE_PAGE) {
          this.#writeCache = (this.#bytes[at + 2]! & 0x04) !== 0;
          this.#fua = (this.#bytes[2]! & 0x10) !== 0;
        }
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #finish(): void {
    const block = this.#blockBytes;
    if (![512, 1024, 2048, 4096].includes(block)) {
      this.#done!(`blocks of ${block} bytes cannot be used`);
      return;
    }
    const perBlock = block / SECTOR_BYTES;
    const named = this.#maxTransferBlocks * perBlock;
    this.discardMode = this.#chooseDiscard();
    const sameBlocks = Math.min(
      MAX_SAME16_BLOCKS,
      this.#maxSameBlocks === 0 ? MAX_SAME10_BLOCKS : this.#maxSameBlocks,
    );
    this.capacitySectors = (this.#lastLba + 1) * perBlock;
    this.limits = {
      ...LIMITS,
      logicalBlockSize: block,
      physicalBlockSize: this.#physicalBytes,
      maxSectors: named === 0 ? MAX_SECTORS : Math.min(MAX_SECTORS, named),
      maxDiscardSectors: this.#discardBlocks(sameBlocks) * perBlock,
      discardGranularity:
        this.discardMode === DiscardMode.none
          ? 0
          : Math.max(this.#physicalBytes, this.#granularityBlocks * block),
      maxWriteZeroesSectors: this.#canWriteSame() ? sameBlocks * perBlock : 0,
      writeCache: this.#writeCache,
      fua: this.#writeCache && this.#fua,
    };
    this.#done!(undefined);
  }

  #hasPage(page: number): boolean {
    return this.#bytes.subarray(4, 4 + this.#view.getUint16(2)).includes(page);
  }

  /** The mode that sd takes for what the pages say. */
  #chooseDiscard(): DiscardMode {
    if ((this.#managed & CapacityBit.managed) === 0) return DiscardMode.none;
    if (!this.#hasProvisioning) {
      return this.#maxUnmapBlocks > 0 ? DiscardMode.unmap : DiscardMode.writeSame16;
    }
    if ((this.#provisioning & ProvisioningBit.unmap) !== 0 && this.#maxUnmapBlocks > 0) {
      return DiscardMode.unmap;
    }
    if ((this.#provisioning & ProvisioningBit.writeSame16) !== 0) return DiscardMode.writeSame16;
    if ((this.#provisioning & ProvisioningBit.writeSame10) !== 0) return DiscardMode.writeSame10;
    return DiscardMode.none;
  }

  #discardBlocks(sameBlocks: number): number {
    switch (this.discardMode) {
      case DiscardMode.none:
        return 0;
      case DiscardMode.unmap:
        return Math.min(MAX_SAME16_BLOCKS, this.#maxUnmapBlocks);
      case DiscardMode.writeSame16:
        return sameBlocks;
      default:
        return Math.min(MAX_SAME10_BLOCKS, sameBlocks);
    }
  }

  /** A unit that names a limit of WRITE SAME has the command. */
  #canWriteSame(): boolean {
    const readsZeroes = (this.#managed & CapacityBit.readsZeroes) !== 0;
    const unmapping = ProvisioningBit.writeSame16 | ProvisioningBit.writeSame10;
    this.canZeroByUnmap =
      readsZeroes &&
      this.discardMode !== DiscardMode.none &&
      (this.#provisioning & unmapping) !== 0;
    return this.#maxSameBlocks > 0 || this.canZeroByUnmap;
  }
}

/** A unit attention of power on or reset. */
function isReset(task: ScsiTask): boolean {
  return (
    task.status === ScsiStatus.checkCondition &&
    senseKeyOf(task.sense, task.senseLength) === SenseKey.unitAttention &&
    ascOf(task.sense, task.senseLength) >>> 8 === 0x29
  );
}

const LIMITS: QueueLimits = { ...DEFAULT_LIMITS, maxSectors: MAX_SECTORS };
