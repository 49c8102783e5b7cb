/** The compliance suite of NVMe PCI functions. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { AccessBytes, InterruptSink, PciFunction } from '../../interfaces/pci-function.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { RecordingMemory } from '../../memory/recording-memory.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { Cc, Csts, DOORBELL_BASE, NvmeRegister } from '../../wire/nvme-registers.ts';
import { NVME_CLASS_CODE, PciRegister } from '../../wire/pci.ts';
import { NvmeLaw, nvmeLaw } from './nvme-laws.ts';
import { RawNvmeHost } from './raw-nvme-host.ts';

/** What a function is made on. */
export interface PciWorld {
  readonly executor: SimExecutor;
  readonly memory: GuestMemory;
  readonly interrupts: InterruptSink;
}

/** Makes one fresh function. */
export type PciFunctionFactory = (world: PciWorld) => PciFunction;

const MEMORY_BYTES = 1 << 20;
const SIZES: readonly AccessBytes[] = [1, 2, 4];

class Probe {
  readonly executor = new SimExecutor();
  readonly memory = new RecordingMemory(new RegionMemory([{ base: 0, size: MEMORY_BYTES }]));
  readonly pci: PciFunction;
  interrupts = 0;

  constructor(factory: PciFunctionFactory) {
    const interrupts = {
      msix: () => {
        this.interrupts += 1;
      },
      intx: () => {
        this.interrupts += 1;
      },
    };
    this.pci = factory({ executor: this.executor, memory: this.memory, interrupts });
  }

  /** Runs one access and proves that nothing else happened inside it. */
  access<T>(what: string, run: () => T): T {
    const touched = this.memory.accesses.length;
    const sent = this.interrupts;
    let result: T;
    try {
      result = run();
    } catch (error) {
      nvmeLaw(false, NvmeLaw.total, `${what} threw ${error}`);
    }
    const isQuiet = this.memory.accesses.length === touched && this.interrupts === sent;
    nvmeLaw(isQuiet, NvmeLaw.quiet, what);
    return result;
  }
}

/**
 * Checks a function against the laws of `PciFunction` and the life of a controller.
 *
 * @throws NvmeLawError that names the first law that is broken
 */
export function checkPciFunction(
  factory: PciFunctionFactory,
  options: { seed?: number; rounds?: number } = {},
): void {
  const chance = makePrng(options.seed ?? 1);
  const rounds = options.rounds ?? 500;
  checkConfig(new Probe(factory));
  checkLife(new Probe(factory));
  checkHarmless(new Probe(factory), chance.split('harmless'), rounds);
  checkAccesses(new Probe(factory), chance.split('accesses'), rounds);
}

function checkConfig({ pci }: Probe): void {
  const { barBytes } = pci;
  const isPower = Number.isInteger(Math.log2(barBytes));
  nvmeLaw(isPower && barBytes >= 0x2000, NvmeLaw.sizing, `barBytes is ${barBytes}`);
  pci.configWrite(PciRegister.bar0, 4, 0xffff_ffff);
  pci.configWrite(PciRegister.bar1, 4, 0xffff_ffff);
  const answered = -(pci.configRead(PciRegister.bar0, 4) & ~15) >>> 0;
  nvmeLaw(answered === barBytes, NvmeLaw.sizing, `BAR0 answers ${answered}, not ${barBytes}`);
  const ids = pci.configRead(PciRegister.vendorId, 4);
  for (let at = 0; at < 16; at += 4) pci.configWrite(at, 4, 0xffff_ffff);
  const after = pci.configRead(PciRegister.vendorId, 4);
  nvmeLaw(after === ids, NvmeLaw.identity, `ids changed to ${after.toString(16)}`);
  const classCode = pci.configRead(PciRegister.revisionId, 4) >>> 8;
  nvmeLaw(classCode === NVME_CLASS_CODE, NvmeLaw.identity, `class ${classCode.toString(16)}`);
  for (const size of SIZES) {
    const ones = 2 ** (8 * size) - 1;
    const beyond = pci.configRead(4096, size);
    nvmeLaw(beyond === ones, NvmeLaw.outside, `configuration space answers ${beyond}`);
    const zero = pci.mmioRead(barBytes, size);
    nvmeLaw(zero === 0, NvmeLaw.outside, `BAR0 answers ${zero}`);
  }
}

function checkLife(probe: Probe): void {
  const { pci, executor } = probe;
  const host = new RawNvmeHost(executor, probe.memory, pci);
  for (const [asq, acq] of [
    [0x1_0000, 0x2_0000],
    [0x5_0000, 0x3_0000],
  ] as const) {
    nvmeLaw(host.enable({ asq, acq }), NvmeLaw.ready, `CSTS is ${host.csts} after enable`);
    const held = [pci.mmioRead(NvmeRegister.asq, 4), pci.mmioRead(NvmeRegister.acq, 4)];
    const isHeld = held[0] === asq && held[1] === acq;
    nvmeLaw(isHeld, NvmeLaw.adminQueue, `ASQ and ACQ read ${held.join(', ')}`);
    pci.mmioWrite(NvmeRegister.cc, 4, 0);
    executor.runUntilIdle();
    nvmeLaw((host.csts & Csts.rdy) === 0, NvmeLaw.ready, 'RDY stays after CC.EN was cleared');
  }
  host.write(NvmeRegister.asq + 4, 0xffff_ffff);
  host.write(NvmeRegister.asq + 4, 1);
  const high = pci.mmioRead(NvmeRegister.asq + 4, 4);
  nvmeLaw(high === 1, NvmeLaw.adminQueue, `the high half of ASQ reads ${high}`);
}

/** Doorbells and register writes with CC.EN clear. */
function checkHarmless(probe: Probe, chance: Prng, rounds: number): void {
  const { pci } = probe;
  for (let round = 0; round < rounds; round++) {
    const at = chance.oneIn(2) ? DOORBELL_BASE + 4 * chance.below(64) : 4 * chance.below(16);
    const value = at === NvmeRegister.cc ? chance.next32() & ~Cc.en : chance.next32();
    probe.access(`a write of ${value} at ${at}`, () => pci.mmioWrite(at, 4, value >>> 0));
  }
  probe.executor.runUntilIdle();
  const touched = probe.memory.accesses.length;
  nvmeLaw(touched === 0, NvmeLaw.harmless, `${touched} accesses of memory`);
}

function checkAccesses(probe: Probe, chance: Prng, rounds: number): void {
  const { pci } = probe;
  const halves = { lo: 0, hi: 0 };
  for (let round = 0; round < rounds; round++) {
    const size = SIZES[chance.below(3)]!;
    const at = chance.oneIn(2) ? chance.below(0x1100) : chance.below(2 * pci.barBytes) - 16;
    const value = chance.next32() >>> (8 * (4 - size));
    const where = `${size} bytes at ${at}`;
    if (chance.oneIn(2)) probe.access(`writing ${where}`, () => pci.mmioWrite(at, size, value));
    if (chance.oneIn(4)) probe.access(`config ${where}`, () => pci.configWrite(at, size, value));
    if (chance.oneIn(8)) probe.executor.runUntil(probe.executor.now + chance.below(1000));
    const read = probe.access(`reading ${where}`, () => pci.mmioRead(at, size));
    const config = probe.access(`config ${where}`, () => pci.configRead(at, size));
    for (const answer of [read, config]) {
      const isSized = Number.isInteger(answer) && answer >= 0 && answer < 2 ** (8 * size);
      nvmeLaw(isSized, NvmeLaw.total, `${where} answers ${answer}`);
    }
    const start = at & ~7;
    probe.access(`reading 8 bytes at ${start}`, () => pci.mmioRead64(start, halves));
    const lo = pci.mmioRead(start, 4);
    const hi = pci.mmioRead(start + 4, 4);
    const isEqual = halves.lo === lo && halves.hi === hi;
    nvmeLaw(isEqual, NvmeLaw.halves, `${halves.lo}, ${halves.hi} against ${lo}, ${hi} at ${start}`);
  }
  probe.executor.runUntilIdle();
}
