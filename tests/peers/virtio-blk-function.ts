/** A virtio-blk PCI function of a QEMU machine, up to its first queue. VIRTIO 1.3, 4.1 and 5.2. */
import {
  type FeatureBits,
  featureBits,
  featuresOfBits,
  type RingLayout,
  type VirtqueueFeature,
} from '../../src/virtqueue/index.ts';
import type { QtestMachine } from './qtest/qtest-machine.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const CAPABILITIES = 0x34;
const COMMAND = 0x04;
const BAR0 = 0x10;
/** Memory decoding, bus master, INTx off. */
const COMMAND_ON = 0x0406;
const VENDOR_CAPABILITY = 0x09;

const CFG_COMMON = 1;
const CFG_NOTIFY = 2;
const CFG_ISR = 3;

const STATUS = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8 };

const COMMON = {
  deviceFeatureSelect: 0,
  deviceFeature: 4,
  driverFeatureSelect: 8,
  driverFeature: 12,
  status: 20,
  queueSelect: 22,
  queueSize: 24,
  queueEnable: 28,
  queueNotifyOff: 30,
  queueDesc: 32,
  queueDriver: 40,
  queueDevice: 48,
  queueReset: 58,
};

/** Reset, features and queue 0 of the function in a slot of bus 0, through its modern interface. */
export class VirtioBlkFunction {
  readonly #machine: QtestMachine;
  readonly #slot: number;
  readonly #places = new Map<number, number>();
  #notifyMultiplier = 0;
  #notifyAt = 0;

  constructor(machine: QtestMachine, slot: number) {
    this.#machine = machine;
    this.#slot = slot;
    const bars = new Map<number, number>();
    for (let at = this.#config(CAPABILITIES, 1); at !== 0; at = this.#config(at + 1, 1)) {
      if (this.#config(at, 1) !== VENDOR_CAPABILITY) continue;
      const kind = this.#config(at + 3, 1);
      if (kind > CFG_ISR) continue;
      const bar = this.#config(at + 4, 1);
      if (!bars.has(bar)) bars.set(bar, this.#placeBar(bar));
      this.#places.set(kind, bars.get(bar)! + this.#config(at + 8, 4));
      if (kind === CFG_NOTIFY) this.#notifyMultiplier = this.#config(at + 16, 4);
    }
    this.#configWrite(COMMAND, 2, COMMAND_ON);
  }

  /** Resets the device and agrees on the wanted features as far as they are offered; returns those. */
  negotiate(wanted: readonly VirtqueueFeature[]): readonly VirtqueueFeature[] {
    const { acknowledge, driver, featuresOk } = STATUS;
    this.#write(COMMON.status, 1, 0);
    this.#write(COMMON.status, 1, acknowledge | driver);
    const offered = featuresOfBits(this.#offered());
    const agreed = wanted.filter((name) => offered.includes(name));
    const bits = featureBits(agreed);
    [bits.lo, bits.hi].forEach((half, select) => {
      this.#write(COMMON.driverFeatureSelect, 4, select);
      this.#write(COMMON.driverFeature, 4, half);
    });
    this.#write(COMMON.status, 1, acknowledge | driver | featuresOk);
    if ((this.#read(COMMON.status, 1) & featuresOk) === 0) throw new Error('features refused');
    return agreed;
  }

  /** Gives queue 0 its ring and lets the device go. */
  start(layout: RingLayout, gpa: number): void {
    this.enableQueue(layout, gpa);
    this.#write(COMMON.status, 1, 15);
  }

  /** Gives queue 0 its ring. */
  enableQueue(layout: RingLayout, gpa: number): void {
    this.#write(COMMON.queueSelect, 2, 0);
    this.#write(COMMON.queueSize, 2, layout.size);
    this.#write64(COMMON.queueDesc, gpa + layout.descriptorsAt);
    this.#write64(COMMON.queueDriver, gpa + layout.driverAt);
    this.#write64(COMMON.queueDevice, gpa + layout.deviceAt);
    const off = this.#read(COMMON.queueNotifyOff, 2);
    this.#notifyAt = this.#places.get(CFG_NOTIFY)! + off * this.#notifyMultiplier;
    this.#write(COMMON.queueEnable, 2, 1);
  }

  /** Resets queue 0 alone (VIRTIO_F_RING_RESET). */
  resetQueue(): void {
    this.#write(COMMON.queueSelect, 2, 0);
    this.#write(COMMON.queueReset, 2, 1);
    while (this.#read(COMMON.queueReset, 2) !== 0) {}
  }

  /** Notifies queue 0. */
  notify(data: number): boolean {
    this.#machine.write(this.#notifyAt, 2, data);
    return true;
  }

  /** Reads and clears the interrupt status; bit 0: a queue wants a look. */
  takeInterrupt(): number {
    return this.#machine.read(this.#places.get(CFG_ISR)!, 1);
  }

  #offered(): FeatureBits {
    const [lo, hi] = [0, 1].map((select) => {
      this.#write(COMMON.deviceFeatureSelect, 4, select);
      return this.#read(COMMON.deviceFeature, 4);
    });
    return { lo: lo!, hi: hi! };
  }

  #placeBar(bar: number): number {
    const at = BAR0 + 4 * bar;
    this.#configWrite(at, 4, 0xffff_ffff);
    const bytes = (~(this.#config(at, 4) & ~0xf) + 1) >>> 0;
    const address = this.#machine.takeBarAddress(bytes);
    this.#configWrite(at, 4, address);
    if ((this.#config(at, 4) & 6) === 4) this.#configWrite(at + 4, 4, 0);
    return address;
  }

  #read(at: number, size: 1 | 2 | 4): number {
    return this.#machine.read(this.#places.get(CFG_COMMON)! + at, size);
  }

  #write(at: number, size: 1 | 2 | 4, value: number): void {
    this.#machine.write(this.#places.get(CFG_COMMON)! + at, size, value);
  }

  #write64(at: number, value: number): void {
    this.#write(at, 4, value >>> 0);
    this.#write(at + 4, 4, 0);
  }

  #config(at: number, size: 1 | 2 | 4): number {
    this.#select(at);
    return this.#machine.in(CONFIG_DATA + (at & 3), size);
  }

  #configWrite(at: number, size: 1 | 2 | 4, value: number): void {
    this.#select(at);
    this.#machine.out(CONFIG_DATA + (at & 3), size, value);
  }

  #select(at: number): void {
    this.#machine.out(CONFIG_ADDRESS, 4, (0x8000_0000 | (this.#slot << 11) | (at & 0xfc)) >>> 0);
  }
}
