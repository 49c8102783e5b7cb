/** The registers of a controller in BAR0, and waiting for its status in virtual time. NVMe Base 2.0, 3.1. */
import type { Executor, Task } from '../interfaces/executor.ts';
import type { PciFunction } from '../interfaces/pci-function.ts';
import { makeTask } from '../sim/task.ts';
import { Csts, NvmeRegister } from '../wire/nvme-registers.ts';

/** What every register of a function reads as that is no longer there. */
export const ALL_ONES = 0xffff_ffff;

const FIRST_POLL_NS = 1_000;
const LAST_POLL_NS = 1_000_000;

/** Reads and writes of registers. One wait at a time: a new one takes the place of the old one. */
export class RegisterWindow {
  readonly #executor: Executor;
  readonly #pci: PciFunction;
  readonly #task: Task;
  #poll: () => void = () => undefined;

  constructor(executor: Executor, pci: PciFunction, owner: string) {
    this.#executor = executor;
    this.#pci = pci;
    this.#task = makeTask(owner, () => this.#poll());
  }

  /** CSTS, {@link ALL_ONES} when nobody answers. */
  get status(): number {
    return this.read(NvmeRegister.csts);
  }

  /** Reads 32 bits. */
  read(at: number): number {
    return this.#pci.mmioRead(at, 4);
  }

  /** Writes 32 bits. */
  write(at: number, value: number): void {
    this.#pci.mmioWrite(at, 4, value);
  }

  /** Writes 64 bits, the low half first. */
  write64(at: number, value: number): void {
    this.write(at, value % 0x1_0000_0000);
    this.write(at + 4, Math.floor(value / 0x1_0000_0000));
  }

  /**
   * Waits until CSTS shows `value` under `mask`: true; or the function is gone, or a wait for set bits sees a fatal status, or
   * `timeoutNs` is over: false. A timer of the foreground: nothing else would wake a driver whose controller died.
   */
  wait(mask: number, value: number, timeoutNs: number, then: (ok: boolean) => void): void {
    const end = this.#executor.now + timeoutNs;
    let pause = FIRST_POLL_NS;
    this.later(() => {
      const csts = this.status;
      const isGone = csts === ALL_ONES;
      if (!isGone && (csts & mask) === value) then(true);
      else if (isGone || this.#executor.now >= end || (value !== 0 && (csts & Csts.cfs) !== 0)) {
        then(false);
      } else {
        this.#executor.schedule(this.#task, Math.min(end, this.#executor.now + pause));
        pause = Math.min(2 * pause, LAST_POLL_NS);
      }
    });
  }

  /** Runs `poll` in a task, instead of a wait. */
  later(poll: () => void): void {
    this.#poll = poll;
    this.#executor.post(this.#task);
  }

  /** Ends a wait without an answer. */
  cancel(): void {
    this.#executor.cancel(this.#task);
  }
}
