/** Several observers of one device: each event goes to all of them, in their order. */
import type { BioOp } from '../interfaces/bio.ts';
import type { BlockAction, BlockObserver } from '../interfaces/block-observer.ts';

/** An observer that passes on what it hears. */
export class ObserverTee implements BlockObserver {
  readonly #observers: readonly BlockObserver[];

  constructor(observers: readonly BlockObserver[]) {
    this.#observers = observers;
  }

  event(
    action: BlockAction,
    ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    extra: number,
  ): void {
    for (let i = 0; i < this.#observers.length; i++) {
      this.#observers[i]!.event(action, ioId, op, flags, sector, sectorCount, extra);
    }
  }

  remapped(
    ioId: number,
    op: BioOp,
    flags: number,
    sector: number,
    sectorCount: number,
    fromDevice: number,
    fromSector: number,
  ): void {
    for (let i = 0; i < this.#observers.length; i++) {
      this.#observers[i]!.remapped(ioId, op, flags, sector, sectorCount, fromDevice, fromSector);
    }
  }
}
