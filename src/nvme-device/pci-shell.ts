/**
 * The PCI shell of a controller: configuration space, BAR0, MSI-X and the INTx pin. PCI Local Bus 3.0; NVMe over PCIe 1.0.
 *
 * BAR0: registers and doorbells, then on a page of its own the MSI-X table, then the pending bits.
 *
 * Does not model: MSI, power states (D3 keeps everything working), extended configuration space.
 * Memory enable is the VMM's: it stops forwarding accesses.
 */
import { ConfigError } from '../base/assert.ts';
import type { Executor, Task } from '../interfaces/executor.ts';
import type { NvmeController, NvmeControllerFactory } from '../interfaces/nvme-controller.ts';
import type {
  AccessBytes,
  InterruptSink,
  PciFunction,
  RegisterHalves,
} from '../interfaces/pci-function.ts';
import { makeTask } from '../sim/task.ts';
import { PciCommand } from '../wire/pci.ts';
import { MsixTable } from './msix-table.ts';
import { MAX_VECTORS } from './options.ts';
import { PciConfig, type PciIdentity } from './pci-config.ts';

/** What a shell says of itself. */
export interface NvmePciShellOptions extends Partial<PciIdentity> {
  /** Interrupt vectors, 1..2048: entries of the MSI-X table. */
  readonly vectorCount: number;
}

const PAGE_BYTES = 4096;
const MIN_BAR_BYTES = 16_384;

/** {@link PciFunction} with an NVMe controller behind BAR0, wherever that controller runs. */
export class NvmePciShell implements PciFunction {
  readonly barBytes: number;
  /** The controller behind the shell. */
  readonly controller: NvmeController;
  readonly #executor: Executor;
  readonly #sink: InterruptSink;
  readonly #config: PciConfig;
  readonly #msix: MsixTable;
  readonly #registerBytes: number;
  readonly #tableAt: number;
  readonly #pendingAt: number;
  /** The controller holds its pin up. */
  #pin = false;
  /** The level that the sink knows. */
  #level = false;
  readonly #settleTask: Task;

  /** @throws ConfigError for an option out of its range */
  constructor(
    executor: Executor,
    makeController: NvmeControllerFactory,
    sink: InterruptSink,
    options: NvmePciShellOptions,
  ) {
    const { vectorCount } = options;
    if (!Number.isInteger(vectorCount) || vectorCount < 1 || vectorCount > MAX_VECTORS) {
      throw new ConfigError('vectorCount', vectorCount, `an integer from 1 to ${MAX_VECTORS}`);
    }
    this.#executor = executor;
    this.#sink = sink;
    this.#msix = new MsixTable(vectorCount);
    this.controller = makeController({
      raise: (vector) => this.#raise(vector),
      lower: () => this.#setPin(false),
    });
    this.#registerBytes = this.controller.registerBytes;
    this.#tableAt = Math.ceil(this.#registerBytes / PAGE_BYTES) * PAGE_BYTES;
    this.#pendingAt = this.#tableAt + this.#msix.tableBytes;
    let barBytes = MIN_BAR_BYTES;
    while (barBytes < this.#pendingAt + this.#msix.pendingBytes) barBytes *= 2;
    this.barBytes = barBytes;
    this.#config = new PciConfig(
      {
        vendorId: checkId('vendorId', options.vendorId ?? 0x1b36),
        deviceId: checkId('deviceId', options.deviceId ?? 0x0010),
        subsystemVendorId: checkId('subsystemVendorId', options.subsystemVendorId ?? 0x1af4),
        subsystemId: checkId('subsystemId', options.subsystemId ?? 0x1100),
        revisionId: checkId('revisionId', options.revisionId ?? 2, 0xff),
      },
      {
        barBytes,
        vectorCount: this.#msix.count,
        tableAt: this.#tableAt,
        pendingAt: this.#pendingAt,
      },
    );
    this.#settleTask = makeTask('nvme-device', () => this.#settle());
    this.#applyConfig();
  }

  configRead(at: number, size: AccessBytes): number {
    return this.#config.read(at, size);
  }

  configWrite(at: number, size: AccessBytes, value: number): void {
    if (this.#config.write(at, size, value)) {
      this.#config.reset();
      this.#msix.reset();
      this.controller.hardReset();
    }
    this.#applyConfig();
  }

  mmioRead(at: number, size: AccessBytes): number {
    if (at < this.#registerBytes) return this.controller.read(at, size);
    const shift = 8 * (at & 3);
    if (shift + 8 * size > 32) return 0;
    const word = this.#readMsix(at & ~3);
    return size === 4 ? word : (word >>> shift) & ((1 << (8 * size)) - 1);
  }

  mmioWrite(at: number, size: AccessBytes, value: number): void {
    if (at < this.#registerBytes) {
      this.controller.write(at, size, value);
      return;
    }
    if (size !== 4 || (at & 3) !== 0 || at < this.#tableAt || at >= this.#pendingAt) return;
    this.#msix.writeTable(at - this.#tableAt, value);
    this.#executor.post(this.#settleTask);
  }

  mmioRead64(at: number, halves: RegisterHalves): void {
    halves.lo = this.mmioRead(at, 4);
    halves.hi = this.mmioRead(at + 4, 4);
  }

  mmioWrite64(at: number, lo: number, hi: number): void {
    this.mmioWrite(at, 4, lo);
    this.mmioWrite(at + 4, 4, hi);
  }

  #readMsix(at: number): number {
    if (at >= this.#tableAt && at < this.#pendingAt)
      return this.#msix.readTable(at - this.#tableAt);
    const pending = at - this.#pendingAt;
    return pending >= 0 && pending < this.#msix.pendingBytes ? this.#msix.readPending(pending) : 0;
  }

  #applyConfig(): void {
    const enabled = this.#config.msixEnabled;
    this.controller.setBusMaster((this.#config.command & PciCommand.busMaster) !== 0);
    this.#msix.functionMasked = this.#config.msixMasked;
    this.#msix.enabled = enabled;
    this.controller.setInterruptMode(this.#msix.count, !enabled);
    this.#executor.post(this.#settleTask);
  }

  #raise(vector: number): void {
    if (!this.#msix.enabled) this.#setPin(true);
    else if (this.#canSend(vector)) this.#sink.msix(vector);
    else this.#msix.setPending(vector, true);
  }

  #canSend(vector: number): boolean {
    return this.#msix.canSend(vector) && (this.#config.command & PciCommand.busMaster) !== 0;
  }

  #setPin(level: boolean): void {
    this.#pin = level;
    this.#config.setInterruptStatus(level);
    this.#settlePin();
  }

  #settlePin(): void {
    const disabled = (this.#config.command & PciCommand.intxDisable) !== 0;
    const level = this.#pin && !disabled && !this.#msix.enabled;
    if (level === this.#level) return;
    this.#level = level;
    this.#sink.intx(level);
  }

  /** Sends what masks held back and are open now, and brings the pin to its level. */
  #settle(): void {
    for (let vector = 0; vector < this.#msix.count; vector++) {
      if (!this.#msix.isPending(vector) || !this.#canSend(vector)) continue;
      this.#msix.setPending(vector, false);
      this.#sink.msix(vector);
    }
    this.#settlePin();
  }
}

function checkId(path: string, value: number, max = 0xffff): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new ConfigError(path, value, `an integer from 0 to ${max}`);
}
