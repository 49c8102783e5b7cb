/** The compliance suite of backends and target ports. */
import type { Backend } from '../../interfaces/backend.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { AbortResult } from '../../interfaces/request.ts';
import { type Geometry, TargetOp, type TargetPort, TargetStatus } from '../../interfaces/target.ts';
import { makePrng } from '../../sim/prng.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { law, UnitLaw } from './unit-laws.ts';
import { UnitModel } from './unit-model.ts';
import { describe, PROBE_MEMORY_BYTES, statusName, UnitProbe } from './unit-probe.ts';

/** A fresh unit that holds zeroes, 32 blocks at least. */
export interface UnitUnderTest<Unit extends TargetPort> {
  readonly unit: Unit;
  /** Cuts the power: a unit on what is left. Absent where there is no power to cut. */
  readonly powerCut?: (chance: Prng) => Unit;
  /** The unit keeps what is written (nullio does not); true by default. */
  readonly keepsData?: boolean;
}

/** How a compliance suite runs. */
export interface UnitCheckOptions {
  /** Decides the workloads. */
  readonly seed?: number;
  /** Rounds of the random workload of each part. */
  readonly rounds?: number;
}

/** Makes one fresh unit on `executor`. */
export type UnitFactory<Unit extends TargetPort> = (executor: SimExecutor) => UnitUnderTest<Unit>;

/**
 * Checks a backend against the laws of its interface.
 *
 * @throws LawError that names the first law that is broken
 */
export function checkBackend(factory: UnitFactory<Backend>, options: UnitCheckOptions = {}): void {
  checkUnit(factory, options);
  const executor = new SimExecutor();
  const { unit } = factory(executor);
  const probe = new UnitProbe(executor, unit);
  probe.mustDo({ op: TargetOp.flush }, UnitLaw.endsOnce);
  unit.close();
}

/**
 * Checks a target port against the laws of its interface: those of a backend, and that it refuses what its geometry does not allow.
 *
 * @throws LawError that names the first law that is broken
 */
export function checkTargetPort(
  factory: UnitFactory<TargetPort>,
  options: UnitCheckOptions = {},
): void {
  checkUnit(factory, options);
  checkRefusals(factory);
}

function checkUnit<Unit extends TargetPort>(
  factory: UnitFactory<Unit>,
  { seed = 1, rounds = 60 }: UnitCheckOptions,
): void {
  const chance = makePrng(seed);
  checkGeometry(factory(new SimExecutor()).unit.geometry);
  checkWorkload(factory, chance.split('workload'), rounds);
  checkUnmapped(factory);
  checkReuse(factory);
  checkAbort(factory);
  checkReset(factory);
  checkFull(factory);
  for (let cut = 0; cut < rounds; cut++) checkPowerCut(factory, chance.split(`cut ${cut}`));
}

function start<Unit extends TargetPort>(
  factory: UnitFactory<Unit>,
): { probe: UnitProbe; subject: UnitUnderTest<Unit>; changes: boolean } {
  const executor = new SimExecutor();
  const subject = factory(executor);
  const changes = subject.keepsData !== false && !subject.unit.geometry.readOnly;
  return { probe: new UnitProbe(executor, subject.unit), subject, changes };
}

function checkGeometry(geometry: Geometry): void {
  const { blockBytes, blockCount, maxTransferBlocks } = geometry;
  const isWhole =
    (blockBytes === 512 || blockBytes === 4096) &&
    Number.isSafeInteger(blockCount) &&
    blockCount * blockBytes <= Number.MAX_SAFE_INTEGER &&
    Number.isInteger(maxTransferBlocks) &&
    maxTransferBlocks >= 1;
  law(isWhole, UnitLaw.geometry, () => `${blockCount} blocks of ${blockBytes} bytes`);
  law(blockCount >= 32, UnitLaw.geometry, 'the suite wants 32 blocks at least');
}

function checkWorkload<Unit extends TargetPort>(
  factory: UnitFactory<Unit>,
  chance: Prng,
  rounds: number,
): void {
  const { probe, subject } = start(factory);
  if (subject.keepsData === false) return;
  const model = new UnitModel(probe, chance);
  for (let i = 0; i < rounds; i++) model.round();
  model.verify();
}

/** A power cut at any moment of a workload. */
function checkPowerCut<Unit extends TargetPort>(factory: UnitFactory<Unit>, chance: Prng): void {
  const { probe, subject } = start(factory);
  if (subject.powerCut === undefined) return;
  const model = new UnitModel(probe, chance);
  for (let i = chance.below(6); i >= 0; i--) model.round();
  model.startAndStop(chance.below(8));
  probe.unit = subject.powerCut(chance.split('cut'));
  probe.executor.runUntilIdle();
  model.verifyAfterCut();
}

function checkUnmapped<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  const { probe, changes } = start(factory);
  if (!changes) return;
  const { blockBytes } = probe.unit.geometry;
  const lba = 3;
  probe.memory.fill(0, 0x11, blockBytes * 2);
  probe.mustDo({ op: TargetOp.write, lba, blockCount: 2 }, UnitLaw.readsSeeWrites);
  probe.memory.fill(PROBE_MEMORY_BYTES - blockBytes, 0x22, blockBytes);
  const gpa = PROBE_MEMORY_BYTES - blockBytes;
  for (const op of [TargetOp.read, TargetOp.write]) {
    const status = probe.do({ op, lba, blockCount: 2, gpa, cut: blockBytes });
    const isRight = status === TargetStatus.dataTransferError;
    law(isRight, UnitLaw.refusesUnmapped, () => `ended with ${statusName(status)}`);
  }
  const untouched = probe.load(gpa, blockBytes).every((byte) => byte === 0x22);
  law(untouched, UnitLaw.refusesUnmapped, 'the mapped part of the memory changed');
  probe.mustDo({ op: TargetOp.read, lba, blockCount: 2 }, UnitLaw.readsSeeWrites);
  const kept = probe.load(0, blockBytes * 2).every((byte) => byte === 0x11);
  law(kept, UnitLaw.refusesUnmapped, 'the blocks changed');
}

function checkReuse<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  const { probe } = start(factory);
  let again = 3;
  const probed = probe.make({ op: TargetOp.read, lba: 1, blockCount: 1 });
  probed.atEnd = () => {
    if (again === 0) return;
    again -= 1;
    probe.submit(probed);
  };
  probe.submit(probed);
  probe.executor.runUntilIdle();
  const isDone = again === 0 && probed.ends === 1;
  law(isDone, UnitLaw.endsReusable, () => `${again} rounds of a resubmitted read are missing`);
}

function checkAbort<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  for (let steps = 0; steps < 4; steps++) {
    const { probe, changes } = start(factory);
    const op = changes ? TargetOp.write : TargetOp.read;
    const all = [0, 1, 2, 3].map((lba) => probe.start({ op, lba, blockCount: 1 }));
    for (let i = 0; i < steps; i++) probe.executor.step();
    const victim = all[2]!;
    const before: number = victim.ends;
    const answer = probe.unit.abort(victim.command);
    law(victim.ends === before, UnitLaw.abort, 'a command ended inside abort');
    probe.finish(all);
    const { status } = victim.command;
    const expected =
      before > 0
        ? answer === AbortResult.unknown
        : answer === AbortResult.aborted
          ? status === TargetStatus.aborted
          : answer === AbortResult.tooLate && status === TargetStatus.good;
    const what = () =>
      `answer ${answer} about a command that had ended ${before} times, and then ended with`;
    law(expected, UnitLaw.abort, () => `${what()} ${statusName(status)}`);
    for (const { command } of all) {
      const isGood = command === victim.command || command.status === TargetStatus.good;
      law(isGood, UnitLaw.abort, () => `${describe(command)} suffered from the abort of another`);
    }
    const after = probe.unit.abort(victim.command);
    law(after === AbortResult.unknown, UnitLaw.abort, 'a command that ended is still known');
  }
}

function checkReset<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  for (let steps = 0; steps < 4; steps++) {
    const { probe } = start(factory);
    const all = [0, 1, 2, 3].map((lba) => probe.start({ op: TargetOp.read, lba, blockCount: 1 }));
    for (let i = 0; i < steps; i++) probe.executor.step();
    let dones = 0;
    let endedAtDone = 0;
    probe.unit.reset(() => {
      dones += 1;
      endedAtDone = all.filter(({ ends }) => ends === 1).length;
    });
    const early = dones;
    law(early === 0, UnitLaw.endsLater, 'done was called inside reset');
    probe.finish(all);
    law(dones === 1, UnitLaw.reset, () => `done was called ${dones} times`);
    law(endedAtDone === all.length, UnitLaw.reset, 'done came before the last command ended');
    for (const { command } of all) {
      const isRight =
        command.status === TargetStatus.good || command.status === TargetStatus.aborted;
      law(
        isRight,
        UnitLaw.reset,
        () => `${describe(command)} ended with ${statusName(command.status)}`,
      );
    }
    probe.mustDo({ op: TargetOp.read, lba: 1, blockCount: 1 }, UnitLaw.reset);
  }
}

function checkFull<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  const { probe } = start(factory);
  const ask = { op: TargetOp.read, lba: 1, blockCount: 1 } as const;
  const all = Array.from({ length: 6000 }, () => probe.start(ask));
  probe.finish(all);
  for (const { command } of all) {
    const isRight = command.status === TargetStatus.good || command.status === TargetStatus.busy;
    law(isRight, UnitLaw.full, () => `a command ended with ${statusName(command.status)}`);
  }
  probe.mustDo(ask, UnitLaw.full);
}

function checkRefusals<Unit extends TargetPort>(factory: UnitFactory<Unit>): void {
  const { probe } = start(factory);
  const { geometry } = probe.unit;
  const { read, write, unmap, writeZeroes } = TargetOp;
  const end = geometry.blockCount;
  const refuse = (op: TargetOp, lba: number, blockCount: number, expected: TargetStatus): void => {
    const status = probe.do({ op, lba, blockCount });
    const what = () =>
      `operation ${op} of ${blockCount} blocks at ${lba} ended with ${statusName(status)}`;
    law(status === expected, UnitLaw.refusals, what);
  };
  refuse(read, end, 1, TargetStatus.addressOutOfRange);
  refuse(read, end - 1, 2, TargetStatus.addressOutOfRange);
  refuse(read, 2 ** 53, 1, TargetStatus.addressOutOfRange);
  refuse(9 as TargetOp, 0, 1, TargetStatus.unsupportedOpcode);
  const ofWrite = geometry.readOnly ? TargetStatus.writeProtected : TargetStatus.addressOutOfRange;
  refuse(write, end, 1, ofWrite);
  if (!geometry.unmap) refuse(unmap, 0, 1, TargetStatus.unsupportedOpcode);
  if (!geometry.writeZeroes) refuse(writeZeroes, 0, 1, TargetStatus.unsupportedOpcode);
  if (geometry.maxTransferBlocks < end) {
    refuse(read, 0, geometry.maxTransferBlocks + 1, TargetStatus.invalidField);
  }
  const short = probe.make({ op: read, lba: 0, blockCount: 1 });
  short.command.blockCount = 2;
  probe.submit(short);
  probe.finish([short]);
  const isRefused = short.command.status === TargetStatus.invalidField;
  law(isRefused, UnitLaw.refusals, 'a data list that is too short was taken');
}
