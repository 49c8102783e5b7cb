/** A block device that keeps the bios that it is given until the test ends them. */
import {
  type Bio,
  BioOp,
  BlkStatus,
  type BlockDevice,
  DEFAULT_LIMITS,
  type QueueLimits,
} from '../../src/interfaces/bio.ts';

export class HeldDevice implements BlockDevice {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  /** Bios that have not ended, oldest first. */
  readonly held: Bio[] = [];
  /** Everything that happened, in words: `write 0+8`, `plug`. */
  readonly log: string[] = [];

  constructor(limits: Partial<QueueLimits> = {}, capacitySectors = 1 << 20) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.capacitySectors = capacitySectors;
  }

  submitBio(bio: Bio): void {
    const op = Object.entries(BioOp).find(([, value]) => value === bio.op)![0];
    const preflush = (bio.flags & 2) !== 0 ? ' preflush' : '';
    const fua = (bio.flags & 4) !== 0 ? ' fua' : '';
    this.log.push(`${op} ${bio.sector}+${bio.sectorCount}${preflush}${fua}`);
    this.held.push(bio);
  }

  plug(): void {
    this.log.push('plug');
  }

  unplug(): void {
    this.log.push('unplug');
  }

  /** Ends the oldest bio, or the one at `index`. */
  endOne(status: BlkStatus = BlkStatus.ok, index = 0): void {
    const [bio] = this.held.splice(index, 1);
    bio!.status = status;
    bio!.end(bio!);
  }

  /** The log since the last call. */
  takeLog(): string[] {
    return this.log.splice(0);
  }
}
