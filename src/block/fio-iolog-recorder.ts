/** Records the bios of a block device as a log that `fio --read_iolog` replays. */
import { BioFlag, BioOp, SECTOR_BYTES } from '../interfaces/bio.ts';
import { BlockAction, type BlockObserver } from '../interfaces/block-observer.ts';
import type { Executor } from '../interfaces/executor.ts';
import type { FioIolog, FioIologAction, FioIologEntry, FioIologVersion } from './fio-iolog.ts';

const ACTIONS: Readonly<Record<number, FioIologAction>> = {
  [BioOp.read]: 'read',
  [BioOp.write]: 'write',
  [BioOp.flush]: 'sync',
  [BioOp.discard]: 'trim',
};

/**
 * An observer that keeps a log in memory. A write with PREFLUSH or FUA has a `sync` before or after it. Write zeroes are left out: fio has
 * no such action.
 */
export class FioIologRecorder implements BlockObserver {
  readonly #executor: Executor;
  readonly #file: string;
  readonly #entries: FioIologEntry[];
  readonly #startNs: number;

  /** @param file the name under which fio finds the device */
  constructor(executor: Executor, file: string) {
    this.#executor = executor;
    this.#file = file;
    this.#startNs = executor.now;
    this.#entries = [];
    this.#add('add', 0, 0);
    this.#add('open', 0, 0);
  }

  /** The log so far, closed. */
  log(version: FioIologVersion): FioIolog {
    const entries = [...this.#entries, this.#entry('close', 0, 0)];
    const plain = version === 3 ? entries : entries.map((entry) => ({ ...entry, timeUs: 0 }));
    return { version, entries: plain };
  }

  event(
    action: BlockAction,
    _ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
  ): void {
    const name = ACTIONS[op];
    if (action !== BlockAction.queued || name === undefined) return;
    if (op === BioOp.flush || (flags & BioFlag.preflush) !== 0) this.#add('sync', 0, 0);
    if (sectorCount > 0) this.#add(name, sector * SECTOR_BYTES, sectorCount * SECTOR_BYTES);
    if (sectorCount > 0 && (flags & BioFlag.fua) !== 0) this.#add('sync', 0, 0);
  }

  remapped(): void {}

  #add(action: FioIologAction, offset: number, length: number): void {
    this.#entries.push(this.#entry(action, offset, length));
  }

  #entry(action: FioIologAction, offset: number, length: number): FioIologEntry {
    const timeUs = Math.floor((this.#executor.now - this.#startNs) / 1_000);
    return { timeUs, file: this.#file, action, offset, length };
  }
}
