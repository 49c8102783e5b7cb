/** A PCI function of a QEMU machine, behind the same contract as ours. */
import type { AccessBytes, PciFunction, RegisterHalves } from '../../../src/interfaces/index.ts';
import type { QtestMachine } from './qtest-machine.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const CONFIG_BYTES = 256;

const COMMAND = 0x04;
const BAR0 = 0x10;

/** Memory decoding, bus master, INTx off. */
const COMMAND_ON = 0x0406;

/** The function in a slot of bus 0. The constructor does what firmware would: it places BAR0 and switches decoding on. */
export class QtestFunction implements PciFunction {
  readonly barBytes: number;
  readonly #machine: QtestMachine;
  readonly #slot: number;
  readonly #barAddress: number;

  constructor(machine: QtestMachine, slot: number) {
    this.#machine = machine;
    this.#slot = slot;
    this.configWrite(BAR0, 4, 0xffff_ffff);
    this.barBytes = (~(this.configRead(BAR0, 4) & ~0xf) + 1) >>> 0;
    if (this.barBytes === 0) throw new Error(`slot ${slot} has no memory in BAR0`);
    this.#barAddress = machine.takeBarAddress(this.barBytes);
    this.configWrite(BAR0, 4, this.#barAddress);
    this.configWrite(BAR0 + 4, 4, 0);
    this.configWrite(COMMAND, 2, COMMAND_ON);
  }

  configRead(at: number, size: AccessBytes): number {
    if (!isInside(at, size, CONFIG_BYTES)) return 2 ** (size * 8) - 1;
    this.#selectConfig(at);
    return this.#machine.in(CONFIG_DATA + (at & 3), size);
  }

  configWrite(at: number, size: AccessBytes, value: number): void {
    if (!isInside(at, size, CONFIG_BYTES)) return;
    this.#selectConfig(at);
    this.#machine.out(CONFIG_DATA + (at & 3), size, value);
  }

  mmioRead(at: number, size: AccessBytes): number {
    if (!isInside(at, size, this.barBytes)) return 0;
    return this.#machine.read(this.#barAddress + at, size);
  }

  mmioWrite(at: number, size: AccessBytes, value: number): void {
    if (isInside(at, size, this.barBytes)) this.#machine.write(this.#barAddress + at, size, value);
  }

  mmioRead64(at: number, halves: RegisterHalves): void {
    if (isInside(at, 8, this.barBytes)) {
      this.#machine.read64(this.#barAddress + at, halves);
      return;
    }
    halves.lo = 0;
    halves.hi = 0;
  }

  mmioWrite64(at: number, lo: number, hi: number): void {
    if (isInside(at, 8, this.barBytes)) this.#machine.write64(this.#barAddress + at, lo, hi);
  }

  #selectConfig(at: number): void {
    this.#machine.out(CONFIG_ADDRESS, 4, (0x8000_0000 | (this.#slot << 11) | (at & 0xfc)) >>> 0);
  }
}

function isInside(at: number, size: number, limit: number): boolean {
  return at >= 0 && at + size <= limit && at % size === 0;
}
