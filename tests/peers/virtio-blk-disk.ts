/** Sectors of a virtio-blk device through our driver side of its queue. VIRTIO 1.3, 5.2.6. */
import { SgList } from '../../src/base/index.ts';
import { NO_TOKEN } from '../../src/interfaces/index.ts';
import {
  createVirtqueue,
  IndirectArea,
  mapRing,
  type RingLayout,
  ringLayout,
  type VirtqueueFeature,
} from '../../src/virtqueue/index.ts';
import type { QtestMachine } from './qtest/qtest-machine.ts';
import type { VirtioBlkFunction } from './virtio-blk-function.ts';

const RING = 0x100_0000;
const TABLES = 0x110_0000;
const SLOTS = 0x200_0000;
/** Header, status and data of one request. */
const SLOT_BYTES = 0x2000;
const STATUS_AT = 0x20;
const DATA_AT = 0x1000;
const SLOT_COUNT = 256;

const TYPE_IN = 0;
const TYPE_OUT = 1;
const TYPE_FLUSH = 4;

const WAIT_MS = 10_000;

/** The driver of one disk. Requests are synchronous in batches: submit, then `drain`. */
export class VirtioBlkDisk {
  /** What was agreed on. */
  readonly features: readonly VirtqueueFeature[];
  /** How often the device was notified. */
  kicks = 0;
  readonly #machine: QtestMachine;
  readonly #function: VirtioBlkFunction;
  readonly #free = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
  readonly #reads = new Map<number, (data: Uint8Array) => void>();
  readonly #out = new SgList();
  readonly #into = new SgList();
  readonly #bytes = new Uint8Array(4096);
  #queue: ReturnType<typeof createVirtqueue>;
  #inFlight = 0;

  constructor(
    machine: QtestMachine,
    virtio: VirtioBlkFunction,
    wanted: readonly VirtqueueFeature[],
    size: number,
  ) {
    this.#machine = machine;
    this.#function = virtio;
    this.features = virtio.negotiate(wanted);
    const layout = this.#layout(size);
    const indirect = this.features.includes('VIRTIO_F_INDIRECT_DESC')
      ? new IndirectArea(TABLES, 256, 4)
      : undefined;
    machine.memory.fill(RING, 0, layout.byteLength);
    virtio.start(layout, RING);
    this.#queue = createVirtqueue(
      this.features,
      mapRing(machine.memory, layout, RING)!,
      machine.memory,
      size,
      (data) => {
        this.kicks += 1;
        return virtio.notify(data);
      },
      { indirect, callback: () => {} },
    );
    this.#queue.disableCb();
  }

  /** Writes 512-byte sectors. */
  write(sector: number, data: Uint8Array): void {
    const slot = this.#takeSlot();
    this.#header(slot, TYPE_OUT, sector);
    this.#machine.memory.store(slotAt(slot) + DATA_AT, data, 0, data.length);
    this.#out.pushAddress(slotAt(slot) + DATA_AT, data.length);
    this.#send(slot);
  }

  /** Reads 512-byte sectors; `done` gets them during a later `drain`. */
  read(sector: number, length: number, done: (data: Uint8Array) => void): void {
    const slot = this.#takeSlot();
    this.#header(slot, TYPE_IN, sector);
    this.#into.pushAddress(slotAt(slot) + DATA_AT, length);
    this.#reads.set(slot, (bytes) => done(bytes.slice(0, length)));
    this.#send(slot);
  }

  /** Makes everything written durable. */
  flush(): void {
    const slot = this.#takeSlot();
    this.#header(slot, TYPE_FLUSH, 0);
    this.#send(slot);
    this.drain();
  }

  /** Tells the device, if it wants to hear, and takes what it has used until nothing is in flight. */
  drain(): void {
    this.#queue.kick();
    while (this.#inFlight > 0) this.#takeOne();
  }

  /** Asks for an interrupt, makes one request, and says whether the device raised one. */
  isInterrupted(): boolean {
    this.#function.takeInterrupt();
    if (!this.#queue.enableCb()) throw new Error('something was used with nothing in flight');
    this.flush();
    const isRaised = (this.#function.takeInterrupt() & 1) === 1;
    this.#queue.disableCb();
    return isRaised;
  }

  /** Resets the queue alone and starts it with another size. */
  resize(size: number): void {
    const layout = this.#layout(size);
    this.#function.resetQueue();
    while (this.#queue.detachUnusedBuf() !== NO_TOKEN) this.#inFlight -= 1;
    this.#machine.memory.fill(RING, 0, layout.byteLength);
    this.#queue.resize(mapRing(this.#machine.memory, layout, RING)!, size);
    this.#function.enableQueue(layout, RING);
    this.#queue.disableCb();
  }

  #layout(size: number): RingLayout {
    return ringLayout(
      this.features.includes('VIRTIO_F_RING_PACKED') ? 'packed' : 'split',
      size,
      4096,
    );
  }

  #takeSlot(): number {
    if (this.#free.length === 0) {
      this.#queue.kick();
      this.#takeOne();
    }
    return this.#free.pop()!;
  }

  #header(slot: number, type: number, sector: number): void {
    const { memory } = this.#machine;
    const at = slotAt(slot);
    memory.write32(at, type);
    memory.write32(at + 4, 0);
    memory.write32(at + 8, sector);
    memory.write32(at + 12, 0);
    memory.write8(at + STATUS_AT, 0xff);
    this.#out.clear();
    this.#into.clear();
    this.#out.pushAddress(at, 16);
  }

  #send(slot: number): void {
    this.#into.pushAddress(slotAt(slot) + STATUS_AT, 1);
    while (this.#queue.addSgs(this.#out, this.#into, slot) !== 0) {
      if (this.#queue.isBroken) throw new Error(this.#queue.brokenReason);
      this.#queue.kick();
      this.#takeOne();
    }
    this.#inFlight += 1;
  }

  /** Waits for one used buffer; a kick that was wrongly spared would end here. */
  #takeOne(): void {
    const started = performance.now();
    let token = this.#queue.getBuf();
    while (token === NO_TOKEN) {
      if (this.#queue.isBroken) throw new Error(this.#queue.brokenReason);
      if (performance.now() - started > WAIT_MS) throw new Error('the device uses no buffer');
      token = this.#queue.getBuf();
    }
    const status = this.#machine.memory.read8(slotAt(token) + STATUS_AT);
    if (status !== 0) throw new Error(`request ended with status ${status}`);
    const done = this.#reads.get(token);
    if (done !== undefined) {
      this.#reads.delete(token);
      this.#machine.memory.load(slotAt(token) + DATA_AT, this.#bytes, 0, 4096);
      done(this.#bytes);
    }
    this.#inFlight -= 1;
    this.#free.push(token);
  }
}

function slotAt(slot: number): number {
  return SLOTS + slot * SLOT_BYTES;
}
