/**
 * The error handler of the SATA driver: soft reset, hard reset, hard reset at a slower speed, and again slower; after each the device must
 * identify itself as the disk that it was. After Linux's libata-eh.
 *
 * Does not model: port multipliers, waking a device that stands by, turning queueing off.
 */
import type { AtaDevice } from '../interfaces/ata-device.ts';
import type { Executor } from '../interfaces/executor.ts';
import { AtaCommand, AtaStatusBit, FisType } from '../wire/ata.ts';
import { type AtaIdentity, parseIdentify } from '../wire/ata-identify.ts';
import { canQueueTrim, NCQ_SEND_LOG } from '../wire/ata-trim.ts';
import { RecoveryLadder } from './recovery-ladder.ts';
import type { SataOwnCommand } from './sata-own-command.ts';

/** The time of each step of a reset: 10 s. */
export const SATA_RESET_TIMEOUT_NS = 10_000_000_000;

/** Rungs of the ladder. */
export const SataRung = { softReset: 0, hardReset: 1, slower: 2, slowest: 3 } as const;
/** One of {@link SataRung}. */
export type SataRung = (typeof SataRung)[keyof typeof SataRung];
const RUNG_COUNT = 4;
/** Generation of a link of which nothing is known. */
const FASTEST = 3;

/** What is awaited from the device. */
const Step = { none: 0, signature: 1, identity: 2, sendLog: 3 } as const;
type Step = (typeof Step)[keyof typeof Step];

/** Climbs, and knows what the device said of itself at the top of a rung that held. */
export class SataErrorHandler {
  /** What the device is; `undefined` before it was ever asked. */
  identity: AtaIdentity | undefined = undefined;
  /** Can TRIM be queued? */
  canQueueTrim = false;
  /** Fastest generation that is still tried; 0 for no limit. */
  speedLimit = 0;
  readonly #device: AtaDevice;
  readonly #own: SataOwnCommand;
  readonly #ladder: RecoveryLadder;
  #step: Step = Step.none;

  /**
   * @param recovered the device is back
   * @param gaveUp it is not, and is to be disabled
   */
  constructor(
    executor: Executor,
    device: AtaDevice,
    own: SataOwnCommand,
    owner: string,
    recovered: () => void,
    gaveUp: () => void,
  ) {
    this.#device = device;
    this.#own = own;
    this.#ladder = new RecoveryLadder(executor, owner, RUNG_COUNT, SATA_RESET_TIMEOUT_NS, {
      attempt: (rung) => this.#attempt(rung),
      recovered,
      gaveUp,
    });
  }

  /** Is the port frozen, so that all frames are for the handler? */
  get isClimbing(): boolean {
    return this.#ladder.rung >= 0;
  }

  /** Begins at a rung; the port is frozen from here on. */
  start(rung: SataRung): void {
    this.#ladder.start(rung);
  }

  /** A frame that came while the port is frozen. */
  received(fis: Uint8Array): void {
    const isAnswer = fis[0] === FisType.registerD2H || fis[0] === FisType.pioSetup;
    if (!isAnswer || this.#step === Step.none) return;
    const isFailed = (fis[2]! & (AtaStatusBit.error | AtaStatusBit.deviceFault)) !== 0;
    const step = this.#step;
    if (isFailed && step !== Step.sendLog) {
      this.#fail();
      return;
    }
    switch (step) {
      case Step.signature:
        this.#next(Step.identity);
        this.#own.issue(AtaCommand.identifyDevice, 0, 1);
        break;
      case Step.identity:
        this.#identified();
        break;
      default:
        this.canQueueTrim = !isFailed && canQueueTrim(this.#own.load());
        this.#helped();
    }
  }

  #attempt(rung: number): void {
    this.#step = Step.signature;
    if (rung === SataRung.softReset) {
      this.#own.softReset();
      return;
    }
    if (rung >= SataRung.slower) {
      const speed = this.speedLimit || this.#device.linkSpeed || FASTEST;
      this.speedLimit = Math.max(1, speed - 1);
    }
    this.#device.comreset(this.speedLimit);
  }

  #identified(): void {
    const found = parseIdentify(this.#own.load());
    const known = this.identity;
    const isSame =
      known === undefined ||
      (found?.sectorCount === known.sectorCount && found.sectorBytes === known.sectorBytes);
    if (found === undefined || !isSame) {
      this.#fail();
      return;
    }
    this.identity = found;
    this.canQueueTrim = false;
    if (found.sendFpdma && found.queueDepth > 0) {
      this.#next(Step.sendLog);
      this.#own.issue(AtaCommand.readLogExt, NCQ_SEND_LOG, 1);
    } else {
      this.#helped();
    }
  }

  #next(step: Step): void {
    this.#step = step;
    this.#ladder.moreTime();
  }

  #helped(): void {
    this.#step = Step.none;
    this.#ladder.helped();
  }

  #fail(): void {
    this.#step = Step.none;
    this.#ladder.failed();
  }
}
