/** A tag's command of the SCSI disk driver. */
import { SgList } from '../base/sg-list.ts';
import { BlkStatus } from '../interfaces/bio.ts';
import type { Request } from '../interfaces/blk-mq.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { ScsiTask } from '../interfaces/scsi-task.ts';

/** The list of a command without data. */
export const NO_DATA = new SgList(1);

/** Task and request in one. */
export class ScsiSlot implements ScsiTask {
  ioId = 0;
  lun = 0;
  readonly cdb = new Uint8Array(32);
  memory: GuestMemory;
  data: SgList = NO_DATA;
  status = 0;
  residualBytes = 0;
  readonly sense = new Uint8Array(96);
  senseLength = 0;
  end: (task: ScsiTask) => void;
  readonly index: number;
  request: Request | undefined = undefined;
  retries = 0;
  startedNs = 0;
  /** The device has it. */
  isOut = false;
  /** Its time is over, and the device was asked to abort it. */
  isAborting = false;
  /** Its time was over while it waited to be sent again. */
  isTimedOut = false;
  /** It waits for the error handler. */
  isFailed = false;
  /** Ends with this status without a command, when it is not `ok`. */
  refusal: BlkStatus = BlkStatus.ok;

  constructor(index: number, memory: GuestMemory, end: (slot: ScsiSlot) => void) {
    this.index = index;
    this.memory = memory;
    this.end = () => end(this);
  }
}
