/**
 * Replays what a file system wrote: a log of dm-log-writes, bio by bio, up to any entry, so that the power can be cut there.
 *
 * The order of a log is that in which things became guaranteed. Between two flushes the entries go to the device together, but for those that
 * overlap; a flush, a FUA write and a mark wait for all before them, as the file system did.
 */
import { SgList } from '../../base/sg-list.ts';
import { type Bio, BioFlag, BioOp, BlkStatus, type BlockDevice } from '../../interfaces/bio.ts';
import type { GuestMemory } from '../../interfaces/guest-memory.ts';

/** One entry of a log; `sector` counts 512 bytes. */
export interface FsLogEntry {
  readonly op: 'write' | 'flush' | 'discard' | 'mark';
  readonly sector: number;
  readonly sectorCount: number;
  /** Where the payload of a write begins in the data of the log. */
  readonly dataOffset: number;
  /** Durable when it ends. */
  readonly fua: boolean;
  /** Name of a mark, otherwise empty. */
  readonly mark: string;
}

/** Reads a log from its text, one JSON object a line. @throws Error for a line that is no entry */
export function parseFsLog(text: string): FsLogEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { op, sector, nsectors, dataOffset, flags, mark } = JSON.parse(line);
      if (!['write', 'flush', 'discard', 'mark'].includes(op)) throw new Error(`entry ${line}`);
      return {
        op,
        sector: sector ?? 0,
        sectorCount: nsectors ?? 0,
        dataOffset: dataOffset ?? 0,
        fua: op === 'write' && (flags ?? []).includes('FUA'),
        mark: mark ?? '',
      };
    });
}

/** Plays a log on a block device. */
export class FsLogReplay {
  readonly #device: BlockDevice;
  readonly #entries: readonly FsLogEntry[];
  readonly #memory: GuestMemory;
  readonly #runUntilIdle: () => void;
  /** Entries in flight since the device was idle. */
  #group: FsLogEntry[] = [];
  #next = 0;
  #failure = '';

  /**
   * @param memory holds the payloads from address 0 on
   * @param runUntilIdle lets the device end what it has
   */
  constructor(
    device: BlockDevice,
    entries: readonly FsLogEntry[],
    memory: GuestMemory,
    runUntilIdle: () => void,
  ) {
    this.#device = device;
    this.#entries = entries;
    this.#memory = memory;
    this.#runUntilIdle = runUntilIdle;
  }

  /** Plays up to and with entry `last`, which has ended then. @throws Error when a bio fails */
  playTo(last: number): void {
    while (this.#next <= last) this.#play(this.#entries[this.#next]!);
    this.#settle();
  }

  /** Submits what may be in flight beside entry `next`, and lets nothing end: plain writes and discards without overlap. */
  submitAhead(): number {
    let count = 0;
    for (;;) {
      const entry = this.#entries[this.#next];
      const isPlain = (entry?.op === 'write' && !entry.fua) || entry?.op === 'discard';
      if (entry === undefined || !isPlain || this.#overlaps(entry)) return count;
      this.#play(entry);
      count += 1;
    }
  }

  #play(entry: FsLogEntry): void {
    this.#next += 1;
    const isBarrier = entry.op === 'flush' || entry.op === 'mark' || entry.fua;
    if (isBarrier || this.#overlaps(entry)) this.#settle();
    if (entry.op === 'mark') return;
    // A device that cannot discard is not asked to.
    if (entry.op === 'discard' && this.#device.limits.maxDiscardSectors === 0) return;
    this.#group.push(entry);
    this.#device.submitBio(this.#bio(entry));
    if (isBarrier) this.#settle();
  }

  #overlaps({ sector, sectorCount }: FsLogEntry): boolean {
    return this.#group.some(
      (other) => sector < other.sector + other.sectorCount && other.sector < sector + sectorCount,
    );
  }

  #settle(): void {
    this.#runUntilIdle();
    this.#group = [];
    if (this.#failure !== '') throw new Error(this.#failure);
  }

  #bio(entry: FsLogEntry): Bio {
    const data = new SgList(1);
    if (entry.op === 'write') data.pushAddress(entry.dataOffset, entry.sectorCount * 512);
    return {
      ioId: this.#next,
      op: OPS[entry.op as keyof typeof OPS],
      sector: entry.sector,
      sectorCount: entry.sectorCount,
      flags: entry.fua ? BioFlag.fua : 0,
      memory: this.#memory,
      data,
      status: BlkStatus.ok,
      end: (bio) => {
        if (bio.status === BlkStatus.ok) return;
        this.#failure = `entry ${bio.ioId - 1} (${entry.op}) ended with status ${bio.status}`;
      },
    };
  }
}

const OPS = { write: BioOp.write, flush: BioOp.flush, discard: BioOp.discard } as const;
