/**
 * The error handler of the SCSI disk driver: resets the unit, its target, the bus and at last the host, and after each asks whether the unit
 * is back. SAM-5, 6.3; after Linux's scsi_error.
 *
 * Does not model: starting a stopped unit, one handler for several units of a host.
 */
import { BlkStatus } from '../interfaces/bio.ts';
import type { Executor } from '../interfaces/executor.ts';
import { type ScsiDevice, ScsiResetScope } from '../interfaces/scsi-task.ts';
import { RegionMemory } from '../memory/region-memory.ts';
import { buildTestUnitReady } from '../wire/scsi.ts';
import { RecoveryLadder } from './recovery-ladder.ts';
import { Disposition, disposeOf } from './scsi-disposition.ts';
import { ScsiSlot } from './scsi-slot.ts';

/** The time of each reset, and of the question after it: 10 s. */
export const SCSI_RESET_TIMEOUT_NS = 10_000_000_000;
/** How often the question is asked again after a unit attention. */
const MAX_QUESTIONS = 3;

const SCOPES: readonly ScsiResetScope[] = [
  ScsiResetScope.unit,
  ScsiResetScope.target,
  ScsiResetScope.bus,
  ScsiResetScope.host,
];

/** Climbs from unit reset to host reset. */
export class ScsiErrorHandler {
  readonly #device: ScsiDevice;
  readonly #isClean: () => boolean;
  readonly #ladder: RecoveryLadder;
  readonly #question: ScsiSlot;
  /** What each scope's reset calls; an answer that comes when its rung is left tells nothing. */
  readonly #answers: readonly ((helped: boolean) => void)[];
  #questions = 0;

  /**
   * @param isClean do no commands of the driver remain with the device?
   * @param recovered the unit answers again
   * @param gaveUp no reset helped
   */
  constructor(
    executor: Executor,
    device: ScsiDevice,
    owner: string,
    isClean: () => boolean,
    recovered: () => void,
    gaveUp: () => void,
  ) {
    this.#device = device;
    this.#isClean = isClean;
    this.#ladder = new RecoveryLadder(executor, owner, SCOPES.length, SCSI_RESET_TIMEOUT_NS, {
      attempt: (rung) => this.#device.reset(SCOPES[rung]!, this.#answers[rung]!),
      recovered,
      gaveUp,
    });
    this.#answers = SCOPES.map((_, rung) => (helped: boolean) => this.#resetEnded(rung, helped));
    const none = new RegionMemory([{ base: 0, size: 512 }]);
    this.#question = new ScsiSlot(0, none, () => this.#answered());
    buildTestUnitReady(this.#question.cdb);
  }

  /** Begins with the reset of the unit. */
  start(): void {
    this.#ladder.start();
  }

  #resetEnded(rung: number, helped: boolean): void {
    if (this.#ladder.rung !== rung) return;
    // A reset that left commands behind was none.
    if (!helped || this.#question.isOut || !this.#isClean()) {
      this.#ladder.failed();
      return;
    }
    this.#questions = 0;
    this.#ladder.moreTime();
    this.#ask();
  }

  #ask(): void {
    this.#questions += 1;
    this.#question.isOut = true;
    this.#device.submit(this.#question);
  }

  #answered(): void {
    this.#question.isOut = false;
    if (this.#ladder.rung < 0) return;
    const disposition = disposeOf(this.#question);
    // A unit that is only becoming ready is back: its commands wait for it.
    if (disposition === BlkStatus.ok || disposition === Disposition.retryLater) {
      this.#ladder.helped();
    } else if (disposition === Disposition.retry && this.#questions <= MAX_QUESTIONS) {
      this.#ask();
    } else {
      this.#ladder.failed();
    }
  }
}
