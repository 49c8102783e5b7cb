/** Drives a unit from outside and watches the laws that every command is under. */
import { SgList } from '../../base/sg-list.ts';
import {
  type TargetCommand,
  TargetOp,
  type TargetPort,
  TargetStatus,
} from '../../interfaces/target.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import type { SimExecutor } from '../../sim/sim-executor.ts';
import { law, UnitLaw } from './unit-laws.ts';

/** Bytes of the memory that commands of a probe use. */
export const PROBE_MEMORY_BYTES = 256 * 1024;

/** What a command asks for. */
export interface Ask {
  readonly op: TargetOp;
  readonly lba?: number;
  readonly blockCount?: number;
  readonly flags?: number;
  /** Where its data lies; the list is cut into two segments at `cut` bytes. */
  readonly gpa?: number;
  readonly cut?: number;
}

/** A command of a probe and what became of it. */
export interface Probed {
  readonly command: TargetCommand;
  ends: number;
  /** Called inside `end`. */
  atEnd: (() => void) | undefined;
}

/** Submits commands to one unit and counts their ends. */
export class UnitProbe {
  readonly executor: SimExecutor;
  readonly memory = new RegionMemory([{ base: 0, size: PROBE_MEMORY_BYTES }]);
  unit: TargetPort;
  #nextId = 1;

  constructor(executor: SimExecutor, unit: TargetPort) {
    this.executor = executor;
    this.unit = unit;
  }

  /** A command that is not submitted yet. */
  make(ask: Ask): Probed {
    const { op, lba = 0, blockCount = 0, flags = 0, gpa = 0, cut = 0 } = ask;
    const data = new SgList();
    const length = op <= TargetOp.write ? blockCount * this.unit.geometry.blockBytes : 0;
    if (cut > 0 && cut < length) {
      data.pushAddress(gpa, cut);
      data.pushAddress(gpa + cut, length - cut);
    } else if (length > 0) {
      data.pushAddress(gpa, length);
    }
    const probed: Probed = {
      ends: 0,
      atEnd: undefined,
      command: {
        ioId: this.#nextId++,
        op,
        lba,
        blockCount,
        flags,
        memory: this.memory,
        data,
        status: TargetStatus.good,
        end: (command) => {
          law(command === probed.command, UnitLaw.endsOnce, 'end was called with another command');
          probed.ends += 1;
          law(probed.ends === 1, UnitLaw.endsOnce, () => `${describe(command)} ended twice`);
          probed.atEnd?.();
        },
      },
    };
    return probed;
  }

  /** Submits; the command must not end inside. */
  submit(probed: Probed): void {
    const { command } = probed;
    probed.ends = 0;
    this.unit.submit(command);
    law(probed.ends === 0, UnitLaw.endsLater, () => `${describe(command)} ended inside submit`);
  }

  /** Makes and submits. */
  start(ask: Ask): Probed {
    const probed = this.make(ask);
    this.submit(probed);
    return probed;
  }

  /** Runs until all is quiet; every command given must have ended. */
  finish(all: readonly Probed[]): void {
    this.executor.runUntilIdle();
    for (const { command, ends } of all) {
      law(ends === 1, UnitLaw.endsOnce, () => `${describe(command)} ended ${ends} times`);
    }
  }

  /** Does one command to its end and returns its status. */
  do(ask: Ask): TargetStatus {
    const probed = this.start(ask);
    this.finish([probed]);
    return probed.command.status;
  }

  /** Does one command that has to succeed. */
  mustDo(ask: Ask, broken: UnitLaw): void {
    const status = this.do(ask);
    law(
      status === TargetStatus.good,
      broken,
      () => `${nameOf(ask.op)} ended with ${statusName(status)}`,
    );
  }

  /** Bytes of the memory. */
  load(gpa: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.memory.load(gpa, bytes, 0, length);
    return bytes;
  }
}

/** A command in words. */
export function describe({ op, lba, blockCount }: TargetCommand): string {
  return `${nameOf(op)} of ${blockCount} blocks at ${lba}`;
}

function nameOf(op: TargetOp): string {
  return Object.entries(TargetOp).find(([, value]) => value === op)?.[0] ?? `operation ${op}`;
}

/** A status by name. */
export function statusName(status: TargetStatus): string {
  const names = Object.entries(TargetStatus);
  return names.find(([, value]) => value === status)?.[0] ?? `status ${status}`;
}
