/**
 * Doorbells: the registers, and the shadows in memory that spare most of the register writes. NVMe over PCIe 1.0, 3.1.2; NVMe Base 2.0,
 * 5.8 and B.5.
 */
import { needEvent } from '../base/seq16.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import type { QueuePair } from './queue-pair.ts';

/** Rings for queue pairs. */
export class Doorbells {
  /** Registers that were written. */
  mmioWrites = 0;
  /** Shadows that were written without a register. */
  shadowWrites = 0;
  readonly #memory: GuestMemory;
  readonly #pci: PciFunction;

  constructor(memory: GuestMemory, pci: PciFunction) {
    this.#memory = memory;
    this.#pci = pci;
  }

  /** Shows the tail of a submission queue to the controller; true when the register was written. */
  ringTail(pair: QueuePair): boolean {
    const { rung, tail } = pair;
    pair.rung = tail;
    if (pair.shadowAt >= 0 && !this.#shadow(pair.shadowAt, pair.eventAt, rung, tail)) return false;
    this.mmioWrites += 1;
    this.#pci.mmioWrite(pair.sqDoorbell, 4, tail);
    return true;
  }

  /** Shows the head of a completion queue to the controller. */
  ringHead(pair: QueuePair): void {
    const { shown, head } = pair;
    pair.shown = head;
    if (pair.shadowAt >= 0) {
      const stride = pair.cqDoorbell - pair.sqDoorbell;
      if (!this.#shadow(pair.shadowAt + stride, pair.eventAt + stride, shown, head)) return;
    }
    this.mmioWrites += 1;
    this.#pci.mmioWrite(pair.cqDoorbell, 4, head);
  }

  /** Writes a shadow; true when the controller asked for the register too. */
  #shadow(shadowAt: number, eventAt: number, from: number, to: number): boolean {
    this.#memory.write32(shadowAt, to);
    // The shadow must be visible before the event index is read: the controller looks in the other order.
    if (needEvent(this.#memory.read32(eventAt) & 0xffff, to, from)) return true;
    this.shadowWrites += 1;
    return false;
  }
}
