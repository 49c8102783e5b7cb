/** The VMM's end of vhost_nvme without rings: each access of a register or doorbell is an ioctl, each interrupt an eventfd. */
import type { Executor } from '../interfaces/executor.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { NvmeController, NvmeInterrupts } from '../interfaces/nvme-controller.ts';
import type { AccessBytes, RegisterHalves } from '../interfaces/pci-function.ts';
import type { VhostErrno, VhostMemoryRegion } from '../interfaces/vhost.ts';
import type { VhostNvmeBar } from '../interfaces/vhost-nvme-bar.ts';
import { EventFd } from '../sim/event-fd.ts';

/** How a {@link BarForwarder} is made. */
export interface BarForwarderOptions {
  /** Bytes of registers and doorbells that the host's controller has. */
  registerBytes: number;
  /** Interrupt vectors. */
  vectorCount: number;
  /** From a signal until its reader runs, in virtual nanoseconds. */
  eventfdWakeNs?: number;
  /** Owner of the eventfds' tasks. */
  owner?: string;
}

/** An {@link NvmeController} that lives in the host. Without an endpoint it reads as all ones and takes no writes, as a device that is gone. */
export class BarForwarder implements NvmeController {
  readonly registerBytes: number;
  /** Eventfds by vector: for counters. */
  readonly calls: readonly EventFd[];
  readonly #bar: VhostNvmeBar;
  readonly #interrupts: NvmeInterrupts;
  #vectorCount = 1;
  #levels = true;
  #canMaster = false;

  constructor(
    executor: Executor,
    bar: VhostNvmeBar,
    interrupts: NvmeInterrupts,
    options: BarForwarderOptions,
  ) {
    const { registerBytes, vectorCount, eventfdWakeNs = 0, owner = 'vmm' } = options;
    this.registerBytes = registerBytes;
    this.#bar = bar;
    this.#interrupts = interrupts;
    this.calls = Array.from({ length: vectorCount }, (_, vector) => {
      const fd = new EventFd(executor, { wakeNs: eventfdWakeNs, owner: `${owner}-call` });
      fd.listen(() => {
        fd.read();
        this.#deliver(vector);
      });
      return fd;
    });
  }

  /**
   * Connects the host's device to a target, with what the guest has chosen so far.
   *
   * @returns 0, or the errno of the step that was refused
   */
  start(regions: readonly VhostMemoryRegion[], target: NvmeCommandPort): VhostErrno {
    const bar = this.#bar;
    let refusal = bar.setOwner();
    refusal ||= bar.setMemTable(regions);
    for (const [vector, fd] of this.calls.entries()) refusal ||= bar.setVectorCall(vector, fd);
    refusal ||= bar.setEndpoint(target);
    refusal ||= bar.setInterruptMode(this.#vectorCount, this.#levels);
    return refusal || bar.setBusMaster(this.#canMaster);
  }

  read(at: number, size: AccessBytes): number {
    const value = this.#bar.barRead(at, size);
    return value < 0 ? 2 ** (8 * size) - 1 : value;
  }

  write(at: number, size: AccessBytes, value: number): void {
    this.#bar.barWrite(at, size, value);
  }

  read64(at: number, halves: RegisterHalves): void {
    halves.lo = this.read(at, 4);
    halves.hi = this.read(at + 4, 4);
  }

  write64(at: number, lo: number, hi: number): void {
    this.write(at, 4, lo);
    this.write(at + 4, 4, hi);
  }

  hardReset(): void {
    this.#bar.resetController();
  }

  setInterruptMode(vectorCount: number, levels: boolean): void {
    this.#vectorCount = vectorCount;
    this.#levels = levels;
    this.#bar.setInterruptMode(vectorCount, levels);
    // A fall of the pin that is still on its way would be taken for a message.
    if (!levels) this.#interrupts.lower(0);
  }

  setBusMaster(canMaster: boolean): void {
    this.#canMaster = canMaster;
    this.#bar.setBusMaster(canMaster);
  }

  #deliver(vector: number): void {
    if (this.#levels && !this.#bar.pinLevel) this.#interrupts.lower(vector);
    else this.#interrupts.raise(vector);
  }
}
