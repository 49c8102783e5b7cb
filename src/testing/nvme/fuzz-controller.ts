/**
 * A judge that fuzzes NVMe functions: entries, registers, doorbells, lists and resets of any kind, in any order, between any two events.
 *
 * Every input leaves a controller that touched nothing but what the host named, threw nothing, and came to rest; whatever happened, a
 * controller reset leads to one that answers Identify.
 */
import type { AccessBytes, PciFunction } from '../../interfaces/pci-function.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { AdminOpcode, IdentifyCns } from '../../wire/nvme-opcodes.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../../wire/nvme-registers.ts';
import { PciCommand, PciRegister } from '../../wire/pci.ts';
import type { PciFunctionFactory } from './check-pci-function.ts';
import { FUZZ_DATA, FUZZ_QUEUES, fillLists, fuzzEntry } from './fuzz-entries.ts';
import { NamedMemory } from './named-memory.ts';
import { NvmeLaw, NvmeLawError, nvmeLaw } from './nvme-laws.ts';
import { RawNvmeHost, type RawQueue } from './raw-nvme-host.ts';

/** How {@link fuzzController} works. */
export interface FuzzOptions {
  /** Inputs: entries pushed, accesses made, events let run. Default 10,000. */
  readonly runs?: number;
  /** Decides all of it. Default 1. */
  readonly seed?: number;
  /** Bytes of a block of namespace 1, the only one. Default 512. */
  readonly blockBytes?: number;
  /** Most bytes of one command (MDTS). Default 1 MiB. */
  readonly maxTransferBytes?: number;
  /** Ranges that the controller may write although nobody named them, as address and bytes. */
  readonly own?: readonly (readonly [number, number])[];
}

/** What {@link fuzzController} did. */
export interface FuzzReport {
  /** Inputs. */
  readonly runs: number;
  /** Controllers that were made, each of which came through a reset in the end. */
  readonly worlds: number;
  /** Entries that were fetched. */
  readonly fetched: number;
  /** Completions that were posted. */
  readonly posted: number;
}

/** Inputs to one controller. */
const INPUTS_PER_WORLD = 80;
/** Most events that a controller may take to come to rest. */
const MAX_EVENTS = 50_000;
const LOW_BYTES = 0x8_0000;
const HIGH_BASE = 0x1_0000_0000;
const HIGH_BYTES = 0x1_0000;
const QUEUE_ENTRIES = [16, 5] as const;
const SIZES: readonly AccessBytes[] = [1, 2, 4];

/**
 * Fuzzes functions that `factory` makes on memory of 512 KiB at 0 and 64 KiB at 4 GiB.
 *
 * @throws NvmeLawError that names the first law that is broken, and the seed that breaks it at once
 */
export function fuzzController(factory: PciFunctionFactory, options: FuzzOptions = {}): FuzzReport {
  const wanted = options.runs ?? 10_000;
  const seeds = makePrng(options.seed ?? 1);
  const report = { runs: 0, worlds: 0, fetched: 0, posted: 0 };
  // One memory for all worlds: to make it costs more than a world does.
  const ram = new RegionMemory([
    { base: 0, size: LOW_BYTES },
    { base: HIGH_BASE, size: HIGH_BYTES },
  ]);
  while (report.runs < wanted) {
    // The first world is that of the seed itself, so that the seed of a failure repeats it at once.
    const seed = report.worlds === 0 ? (options.seed ?? 1) : seeds.next32();
    const world = new FuzzWorld(factory, ram, seed, options);
    world.live(Math.min(INPUTS_PER_WORLD, wanted - report.runs));
    report.runs += world.inputs;
    report.worlds += 1;
    report.fetched += world.memory.fetched;
    report.posted += world.memory.posted;
  }
  return report;
}

class FuzzWorld {
  readonly memory: NamedMemory;
  inputs = 0;
  readonly #ram: RegionMemory;
  readonly #executor: SimExecutor;
  readonly #pci: PciFunction;
  readonly #host: RawNvmeHost;
  readonly #chance: Prng;
  readonly #seed: number;
  readonly #halves = { lo: 0, hi: 0 };
  #queues: readonly RawQueue[] = [];
  #sent = 0;
  #isEnabled = false;
  /** CC.EN was cleared, and CSTS.RDY is not yet. */
  #isEnding = false;
  #last = 'construction';

  constructor(factory: PciFunctionFactory, ram: RegionMemory, seed: number, options: FuzzOptions) {
    this.#ram = ram;
    ram.fill(0, 0, LOW_BYTES);
    ram.fill(HIGH_BASE, 0, HIGH_BYTES);
    const { blockBytes = 512, maxTransferBytes = 1 << 20, own = [] } = options;
    this.#seed = seed;
    this.#chance = makePrng(seed);
    this.#executor = new SimExecutor({ order: 'seeded', seed, livelockLimit: MAX_EVENTS });
    this.memory = new NamedMemory(this.#ram, {
      blockBytes: (nsid) => (nsid === 1 ? blockBytes : undefined),
      maxTransferBytes,
      own,
    });
    const note = () => {
      this.#sent += 1;
    };
    const interrupts = { msix: note, intx: note };
    this.#pci = factory({ executor: this.#executor, memory: this.memory, interrupts });
    this.#host = new RawNvmeHost(this.#executor, this.#ram, this.#pci);
  }

  /** A life of `count` inputs, and a reset. */
  live(count: number): void {
    this.#guard(() => {
      fillLists(this.#ram, this.#chance);
      this.#restart();
      const ids = this.#chance.oneIn(2) ? [1, 2] : [1];
      this.#queues = [this.#host.admin, ...ids.map((id) => this.#createQueue(id))];
      while (this.inputs < count) {
        this.inputs += 1;
        this.#input();
        this.#run(this.#chance.below(6));
      }
      this.#last = 'the reset at the end';
      this.#settle();
      this.#restart();
      this.#identify();
    });
  }

  /** Turns whatever is thrown into a law with the seed. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      const isLaw = error instanceof NvmeLawError;
      const law = isLaw ? error.law : NvmeLaw.total;
      const what = isLaw ? error.message.slice(law.length + 2) : String(error);
      const where = `seed ${this.#seed}, input ${this.inputs}, ${this.#last}`;
      throw new NvmeLawError(law, `${what} (${where})`);
    }
  }

  #input(): void {
    const chance = this.#chance;
    const kind = chance.below(100);
    if (kind < 45) this.#push();
    else if (kind < 55) this.#take();
    else if (kind < 65) this.#ringAnything();
    else if (kind < 75) this.#write();
    else if (kind < 82) this.#read();
    else if (kind < 86) this.#configure();
    else if (kind < 92) fillLists(this.#ram, chance);
    else if (kind < 96) this.#settle();
    else if (kind < 98) this.#toggle();
    else this.#restart();
  }

  /** Entries, and mostly their doorbell. */
  #push(): void {
    const chance = this.#chance;
    const queue = this.#queues[chance.below(this.#queues.length)]!;
    for (let count = 1 + chance.below(4); count > 0; count--) {
      this.#host.pushWords(queue, fuzzEntry(chance, queue.id === 0));
    }
    if (chance.oneIn(8)) return;
    this.#access('a tail doorbell', () => this.#host.ring(queue));
  }

  #take(): void {
    const queue = this.#queues[this.#chance.below(this.#queues.length)]!;
    this.#access('a head doorbell', () => this.#host.take(queue));
  }

  #ringAnything(): void {
    const index = this.#chance.below(12);
    const value = this.#chance.oneIn(2) ? this.#chance.below(20) : this.#chance.next32();
    this.#access('a doorbell', () => this.#pci.mmioWrite(DOORBELL_BASE + 4 * index, 4, value));
  }

  #write(): void {
    const at = this.#somewhere();
    const size = SIZES[this.#chance.below(3)]!;
    const value = this.#chance.next32() >>> (32 - 8 * size);
    // What enables or disables comes often enough by itself.
    if (at === NvmeRegister.cc && !this.#chance.oneIn(8)) return;
    this.#access(`${size} bytes at ${at}`, () => {
      if (size === 4 && this.#chance.oneIn(4)) this.#pci.mmioWrite64(at, value, value);
      else this.#pci.mmioWrite(at, size, value);
    });
  }

  #read(): void {
    const at = this.#somewhere();
    const size = SIZES[this.#chance.below(3)]!;
    this.#access(`reading ${size} bytes at ${at}`, () => {
      const value = this.#pci.mmioRead(at, size);
      const isSized = Number.isInteger(value) && value >= 0 && value < 2 ** (8 * size);
      nvmeLaw(isSized, NvmeLaw.total, `${at} answers ${value}`);
      this.#pci.mmioRead64(at, this.#halves);
      const isEqual =
        this.#halves.lo === this.#pci.mmioRead(at, 4) &&
        this.#halves.hi === this.#pci.mmioRead(at + 4, 4);
      nvmeLaw(isEqual, NvmeLaw.halves, `at ${at}`);
    });
  }

  #configure(): void {
    const at = this.#chance.oneIn(2) ? this.#chance.below(0x80) : this.#chance.below(5000) - 8;
    const size = SIZES[this.#chance.below(3)]!;
    const value = this.#chance.next32() >>> (32 - 8 * size);
    this.#access(`configuration ${at}`, () => this.#pci.configWrite(at, size, value));
  }

  #somewhere(): number {
    const chance = this.#chance;
    switch (chance.below(4)) {
      case 0:
        return 4 * chance.below(16);
      case 1:
        return chance.below(0x40);
      case 2:
        return chance.below(this.#pci.barBytes);
      default:
        return chance.below(0x8000_0000) - 16;
    }
  }

  /** Clears or sets CC.EN, and leaves it at that. */
  #toggle(): void {
    const { cc } = NvmeRegister;
    const value = this.#pci.mmioRead(cc, 4) ^ Cc.en;
    this.#access('CC.EN', () => this.#pci.mmioWrite(cc, 4, value));
  }

  /** One access, within which nothing else may happen. */
  #access(what: string, run: () => void): void {
    this.#last = what;
    const touched = this.memory.accessCount;
    const sent = this.#sent;
    run();
    const isQuiet = this.memory.accessCount === touched && this.#sent === sent;
    nvmeLaw(isQuiet, NvmeLaw.quiet, what);
    this.#follow();
  }

  /** Follows the life of the controller from its registers: what it may touch ends with it. */
  #follow(): void {
    const isEnabled = (this.#pci.mmioRead(NvmeRegister.cc, 4) & Cc.en) !== 0;
    if (this.#isEnabled && !isEnabled) this.#isEnding = true;
    const hasBegun = isEnabled && !this.#isEnabled;
    this.#isEnabled = isEnabled;
    if (this.#isEnding && (this.#host.csts & Csts.rdy) === 0) {
      this.#isEnding = false;
      this.memory.forget();
      if (isEnabled) this.#nameAdminQueues();
    } else if (hasBegun) {
      this.#nameAdminQueues();
    }
  }

  #nameAdminQueues(): void {
    const aqa = this.#pci.mmioRead(NvmeRegister.aqa, 4);
    const cc = this.#pci.mmioRead(NvmeRegister.cc, 4);
    this.memory.pageBytes = 4096 << ((cc >>> Cc.mpsShift) & Cc.mpsMask);
    const asq = this.#address(NvmeRegister.asq);
    const acq = this.#address(NvmeRegister.acq);
    this.memory.nameAdminQueues(asq, (aqa & 0xfff) + 1, acq, ((aqa >>> 16) & 0xfff) + 1);
  }

  #address(at: number): number {
    return this.#pci.mmioRead(at + 4, 4) * 0x1_0000_0000 + this.#pci.mmioRead(at, 4);
  }

  #run(events: number): void {
    for (let i = 0; i < events && this.#executor.step(); i++) this.#follow();
  }

  #settle(): void {
    let events = 0;
    while (!this.#executor.isIdle) {
      nvmeLaw(events < MAX_EVENTS, NvmeLaw.settles, `${events} events and no end`);
      events += 1;
      this.#run(1);
    }
  }

  /** A controller reset, and an enable with queues where they were. */
  #restart(): void {
    const { cc, aqa, asq, acq } = NvmeRegister;
    const host = this.#host;
    const write = (at: number, value: number) =>
      this.#access(`register ${at}`, () => host.write(at, value));
    write(cc, 0);
    this.#settle();
    nvmeLaw((host.csts & Csts.rdy) === 0, NvmeLaw.recovers, 'RDY stays');
    this.#pci.configWrite(PciRegister.command, 2, PciCommand.memory | PciCommand.busMaster);
    for (const queue of [host.admin, ...this.#queues]) this.#rewind(queue);
    write(aqa, 0x1f_001f);
    write(asq, host.admin.sq);
    write(asq + 4, 0);
    write(acq, host.admin.cq);
    write(acq + 4, 0);
    const mps = this.#chance.oneIn(4) ? this.#chance.below(this.#mpsMax + 1) : 0;
    const sizes = (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
    write(cc, sizes | (mps << Cc.mpsShift) | Cc.en);
    this.#settle();
    const isReady = (host.csts & (Csts.rdy | Csts.cfs)) === Csts.rdy;
    nvmeLaw(isReady, NvmeLaw.recovers, `CSTS is ${host.csts}`);
  }

  /** CAP.MPSMAX. */
  get #mpsMax(): number {
    return (this.#pci.mmioRead(NvmeRegister.cap + 4, 4) >>> 20) & 15;
  }

  #rewind(queue: RawQueue): void {
    queue.tail = 0;
    queue.head = 0;
    queue.phase = 1;
    this.#ram.fill(queue.cq, 0, queue.cqSize * 16);
  }

  /** A queue pair, made by events that are counted. */
  #createQueue(id: number): RawQueue {
    const { admin } = this.#host;
    const size = QUEUE_ENTRIES[id - 1]!;
    const sq = FUZZ_QUEUES + (id - 1) * 0x2_0000;
    const cq = sq + 0x1_0000;
    const cdw10 = id | ((size - 1) << 16);
    this.#host.push(admin, { opcode: AdminOpcode.createIoCq, prp1: cq, cdw10, cdw11: 3 });
    const cdw11 = 1 | (id << 16);
    this.#host.push(admin, { opcode: AdminOpcode.createIoSq, prp1: sq, cdw10, cdw11 });
    this.#access('creating a queue', () => this.#host.ring(admin));
    this.#settle();
    const statuses = this.#host.take(admin).map(({ status }) => status);
    nvmeLaw(statuses.join() === '0,0', NvmeLaw.ready, `creating queue ${id}: ${statuses}`);
    return { id, sq, cq, sqSize: size, cqSize: size, cqid: id, tail: 0, head: 0, phase: 1 };
  }

  #identify(): void {
    const { admin } = this.#host;
    const fields = { opcode: AdminOpcode.identify, cdw10: IdentifyCns.controller };
    this.#host.push(admin, { ...fields, prp1: FUZZ_DATA });
    this.#ram.fill(FUZZ_DATA, 0, 4096);
    this.#access('Identify', () => this.#host.ring(admin));
    this.#settle();
    const [completion] = this.#host.take(admin);
    nvmeLaw(completion?.status === 0, NvmeLaw.recovers, `Identify: ${completion?.status}`);
    nvmeLaw(this.#ram.read8(FUZZ_DATA + 512) === 0x66, NvmeLaw.recovers, 'Identify has no data');
  }
}
