/** What a unit must hold: the newest version of each block, and the versions that a power cut may leave. */
import type { Prng } from '../../interfaces/prng.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../interfaces/target.ts';
import { law, UnitLaw } from './unit-laws.ts';
import { type Ask, type Probed, statusName, type UnitProbe } from './unit-probe.ts';

/** Blocks at the beginning and at the end of the unit that the model uses. */
const WINDOW_BLOCKS = 48;
/** Most blocks of one command. */
const MOST_BLOCKS = 8;
/** Bytes of memory that one command of a batch has to itself; there is a page between two. */
const LANE_BYTES = (MOST_BLOCKS + 2) * 4096;
const GUARD = 0xc3;
const GUARD_WORD = 0xc3c3_c3c3 | 0;
/** What a power cut leaves whole at least. */
const SECTOR_BYTES = 512;

/** A map of blocks beside a unit, and random work on both. */
export class UnitModel {
  readonly #probe: UnitProbe;
  readonly #chance: Prng;
  readonly #blockBytes: number;
  readonly #lbas: readonly number[];
  /** By LBA: the stamps that a power cut may leave, the newest last. Stamp 0 is zeroes. */
  readonly #versions = new Map<number, number[]>();
  #stamp = 0;

  constructor(probe: UnitProbe, chance: Prng) {
    const { blockBytes, blockCount } = probe.unit.geometry;
    this.#probe = probe;
    this.#chance = chance;
    this.#blockBytes = blockBytes;
    const half = Math.min(WINDOW_BLOCKS, Math.floor(blockCount / 2));
    this.#lbas = Array.from({ length: 2 * half }, (_, i) =>
      i < half ? i : blockCount - 2 * half + i,
    );
    for (const lba of this.#lbas) this.#versions.set(lba, [0]);
  }

  /** Some commands on blocks of their own at once, or a flush; then all must be as the model says. */
  round(): void {
    if (this.#chance.oneIn(5)) {
      this.#probe.mustDo({ op: TargetOp.flush }, UnitLaw.readsSeeWrites);
      this.#flushed();
      return;
    }
    const asks = this.#batch();
    const all = asks.map((ask) => this.#probe.start(ask));
    this.#probe.finish(all);
    for (const [i, ask] of asks.entries()) this.#check(ask, all[i]!);
    for (const ask of asks) this.#ended(ask);
  }

  /** Starts some commands and stops in their midst; what ended counts, what did not may have happened. */
  startAndStop(steps: number): void {
    const asks = this.#batch();
    const all = asks.map((ask) => this.#probe.start(ask));
    for (let i = 0; i < steps && this.#probe.executor.step(); i++);
    for (const [i, ask] of asks.entries()) {
      if (all[i]!.ends === 1) this.#ended(ask);
    }
  }

  /** Reads every block: each must be its newest version. */
  verify(): void {
    for (const lba of this.#lbas) {
      const bytes = this.#readBlock(lba, UnitLaw.readsSeeWrites);
      const isNewest = this.#matches(bytes, lba, this.#versions.get(lba)!.at(-1)!);
      law(isNewest, UnitLaw.readsSeeWrites, () => `block ${lba} is not what was written last`);
    }
  }

  /** Reads every block after a power cut: each 512 bytes must be of a version that may be left. */
  verifyAfterCut(): void {
    for (const lba of this.#lbas) {
      const bytes = this.#readBlock(lba, UnitLaw.durability);
      const versions = this.#versions.get(lba)!;
      for (let at = 0; at < this.#blockBytes; at += SECTOR_BYTES) {
        const sector = bytes.subarray(at, at + SECTOR_BYTES);
        const isAllowed = versions.some((stamp) => this.#matches(sector, lba, stamp, at));
        const what = () => `block ${lba} holds none of the ${versions.length} versions that it may`;
        law(isAllowed, UnitLaw.durability, what);
      }
    }
  }

  #readBlock(lba: number, broken: UnitLaw): Uint8Array {
    this.#probe.mustDo({ op: TargetOp.read, lba, blockCount: 1 }, broken);
    return this.#probe.load(0, this.#blockBytes);
  }

  #batch(): Ask[] {
    const taken = new Set<number>();
    const asks: Ask[] = [];
    for (let lane = 0; lane < 4; lane++) {
      const first = this.#chance.below(this.#lbas.length);
      const wanted = 1 + this.#chance.below(MOST_BLOCKS);
      let blockCount = 0;
      const lba = this.#lbas[first]!;
      while (
        blockCount < wanted &&
        this.#versions.has(lba + blockCount) &&
        !taken.has(lba + blockCount)
      ) {
        taken.add(lba + blockCount);
        blockCount += 1;
      }
      if (blockCount > 0) asks.push(this.#ask(lane, lba, blockCount));
    }
    return asks;
  }

  #ask(lane: number, lba: number, blockCount: number): Ask {
    const { geometry } = this.#probe.unit;
    const ops: TargetOp[] = [TargetOp.read, TargetOp.read];
    if (!geometry.readOnly) ops.push(TargetOp.write, TargetOp.write, TargetOp.write);
    if (geometry.writeZeroes) ops.push(TargetOp.writeZeroes);
    const op = ops[this.#chance.below(ops.length)]!;
    const gpa = lane * LANE_BYTES + 4096 + 4 * this.#chance.below(512);
    const length = blockCount * this.#blockBytes;
    this.#probe.memory.fill(lane * LANE_BYTES, GUARD, LANE_BYTES);
    if (op === TargetOp.write || op === TargetOp.writeZeroes) {
      const stamp = op === TargetOp.write ? ++this.#stamp : 0;
      for (let i = 0; i < blockCount; i++) {
        const bytes = this.#content(lba + i, stamp);
        if (stamp > 0) {
          this.#probe.memory.store(gpa + i * this.#blockBytes, bytes, 0, bytes.length);
        }
        this.#versions.get(lba + i)!.push(stamp);
      }
    }
    const flags = this.#chance.oneIn(3) && op !== TargetOp.read ? TargetFlag.fua : 0;
    return { op, lba, blockCount, flags, gpa, cut: 4 * this.#chance.below(length / 4) };
  }

  #check({ op, lba = 0, blockCount = 0, gpa = 0 }: Ask, { command }: Probed): void {
    const { status } = command;
    const good = status === TargetStatus.good;
    law(
      good,
      UnitLaw.readsSeeWrites,
      () => `a command of the workload ended with ${statusName(status)}`,
    );
    const from = Math.floor(gpa / LANE_BYTES) * LANE_BYTES;
    const lane = this.#probe.load(from, LANE_BYTES);
    const length = op <= TargetOp.write ? blockCount * this.#blockBytes : 0;
    const words = new Int32Array(lane.buffer);
    const inside = (i: number) => from + 4 * i >= gpa && from + 4 * i < gpa + length;
    const isGuarded = words.every((word, i) => word === GUARD_WORD || inside(i));
    law(
      isGuarded,
      UnitLaw.staysInside,
      () => `memory beside the data of a command at ${lba} changed`,
    );
    if (op !== TargetOp.read) return;
    for (let i = 0; i < blockCount; i++) {
      const bytes = this.#probe.load(gpa + i * this.#blockBytes, this.#blockBytes);
      const newest = this.#versions.get(lba + i)!.at(-1)!;
      law(this.#matches(bytes, lba + i, newest), UnitLaw.readsSeeWrites, () => `block ${lba + i}`);
    }
  }

  /** A command ended well: is its data durable now? */
  #ended({ op, lba = 0, blockCount = 0, flags = 0 }: Ask): void {
    const isChange = op === TargetOp.write || op === TargetOp.writeZeroes;
    if (!isChange) return;
    if (this.#probe.unit.geometry.writeCache && (flags & TargetFlag.fua) === 0) return;
    for (let i = 0; i < blockCount; i++) this.#keepNewest(lba + i);
  }

  #flushed(): void {
    for (const lba of this.#lbas) this.#keepNewest(lba);
  }

  #keepNewest(lba: number): void {
    this.#versions.set(lba, this.#versions.get(lba)!.slice(-1));
  }

  #content(lba: number, stamp: number): Uint8Array {
    const words = new Uint32Array(this.#blockBytes / 4);
    for (let i = 0; i < words.length; i++) words[i] = wordOf(lba, stamp, i);
    return new Uint8Array(words.buffer);
  }

  /** Is this the content of a block, or the part of it that begins at byte `at`? */
  #matches(bytes: Uint8Array, lba: number, stamp: number, at = 0): boolean {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return words.every((word, i) => word === wordOf(lba, stamp, at / 4 + i));
  }
}

/** Word `index` of block `lba` in the version `stamp`; version 0 is zeroes. */
function wordOf(lba: number, stamp: number, index: number): number {
  return stamp === 0 ? 0 : (Math.imul(stamp * 0x1_0001 + index, 0x9e37_79b1) ^ lba) >>> 0;
}
