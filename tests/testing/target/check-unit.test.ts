import { describe, expect, it } from 'vitest';
import { DelayBackend } from '../../../src/backends/delay-backend.ts';
import { FaultBackend } from '../../../src/backends/fault-backend.ts';
import { FileioBackend } from '../../../src/backends/fileio.ts';
import { IblockBackend } from '../../../src/backends/iblock.ts';
import { ManualBackend } from '../../../src/backends/manual-backend.ts';
import { MediumBackend } from '../../../src/backends/medium-backend.ts';
import { MemoryFile } from '../../../src/backends/memory-file.ts';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { PowerLossFile } from '../../../src/backends/power-loss-file.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { ReadOnlyBackend } from '../../../src/backends/read-only-backend.ts';
import { StatisticsBackend } from '../../../src/backends/statistics-backend.ts';
import { UserBackend, type UserStore } from '../../../src/backends/user.ts';
import { RequestQueue } from '../../../src/block/index.ts';
import { NullBlkDriver } from '../../../src/block-drivers/index.ts';
import { SparseMedium } from '../../../src/devices/index.ts';
import type { Backend } from '../../../src/interfaces/backend.ts';
import { type FileHandle, FileOp, type FileRequest } from '../../../src/interfaces/file-handle.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
import {
  type TargetCommand,
  TargetFlag,
  TargetOp,
  type TargetPort,
  TargetStatus,
} from '../../../src/interfaces/target.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { costPresets, NO_COSTS } from '../../../src/sim/cost-presets.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { SeededFaultPlan } from '../../../src/sim/seeded-fault-plan.ts';
import type { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';
import { TargetDevice } from '../../../src/target/target-device.ts';
import {
  checkBackend,
  checkTargetPort,
  LawError,
  type UnitFactory,
  UnitLaw,
} from '../../../src/testing/target/index.ts';
import { FakeBlockDevice } from '../../backends/fake-block-device.ts';
import { FakeMedium } from '../../backends/fake-medium.ts';
import { runs } from '../../support/runs.ts';

const BYTES = 256 * 1024;
const rounds = runs(8, 200);

function rdMcp(executor: SimExecutor): RdMcpBackend {
  return new RdMcpBackend(executor, new PageStore(BYTES));
}

/** FILEIO on a file that loses what was not synced. */
function fileio(bufferedIo: boolean, blockBytes = 512): UnitFactory<Backend> {
  return (executor) => {
    const file = new PowerLossFile(executor, BYTES);
    const open = () => new FileioBackend(executor, file, { bufferedIo, blockBytes });
    return {
      unit: open(),
      powerCut: (chance) => {
        file.powerCut(chance);
        return open();
      },
    };
  };
}

function iblock(limits: object, blockBytes?: 512 | 4096): UnitFactory<Backend> {
  return (executor) => {
    const device = new FakeBlockDevice(executor, BYTES / 512, limits);
    const options = blockBytes === undefined ? {} : { blockBytes };
    return {
      unit: new IblockBackend(executor, device, options),
      powerCut: (chance) => {
        device.powerCut(chance);
        return new IblockBackend(executor, device, options);
      },
    };
  };
}

function medium(hasLatency: boolean): UnitFactory<Backend> {
  return (executor) => {
    const store = new FakeMedium(BYTES / 512);
    const latency = {
      accessNs: (_now: number, write: boolean, lba: number) => (write ? 900 : 100) + (lba % 7) * 50,
      flushNs: () => 2_000,
    };
    const open = () => new MediumBackend(executor, store, hasLatency ? { latency } : {});
    const first = open();
    return {
      unit: first,
      powerCut: (chance) => {
        first.reset(() => undefined);
        store.powerCut(chance);
        return open();
      },
    };
  };
}

/** IBLOCK on the block layer, null_blk and a medium whose cache loses what was not flushed. */
function iblockOnBlockLayer(fua: boolean): UnitFactory<Backend> {
  return (executor) => {
    const store = new SparseMedium({ sectorCount: BYTES / 512 });
    const limits = { writeCache: true, fua, maxSectors: 8 };
    const driver = new NullBlkDriver(executor, { medium: store, limits, completionNs: 100 });
    const queue = new RequestQueue(executor, driver);
    return {
      unit: new IblockBackend(executor, queue),
      powerCut: (chance) => {
        store.powerCut(chance);
        return new IblockBackend(executor, queue);
      },
    };
  };
}

/** Every command is held and then, by chance, let go or delayed. */
function manual(executor: SimExecutor): ManualBackend {
  const backend = new ManualBackend(rdMcp(executor), executor);
  const chance = makePrng(7);
  backend.onHeld = (command) => {
    if (chance.oneIn(3)) backend.delay(command, chance.below(500));
    else backend.complete(command);
  };
  return backend;
}

/** A store of the user's own that answers at once, and loses what was not flushed. */
function user(executor: SimExecutor): ReturnType<UnitFactory<Backend>> {
  const durable = new Uint8Array(BYTES);
  let cached = durable.slice();
  const store: UserStore = {
    sizeBytes: BYTES,
    read(offset, into, done) {
      into.set(cached.subarray(offset, offset + into.length));
      done();
    },
    write(offset, from, isDurable, done) {
      cached.set(from, offset);
      if (isDurable) durable.set(from, offset);
      done();
    },
    zero(offset, length, done) {
      cached.fill(0, offset, offset + length);
      done();
    },
    flush(done) {
      durable.set(cached);
      done();
    },
  };
  return {
    unit: new UserBackend(executor, store),
    powerCut: () => {
      cached = durable.slice();
      return new UserBackend(executor, store);
    },
  };
}

const backends: readonly [string, UnitFactory<Backend>][] = [
  ['RD_MCP', (executor) => ({ unit: rdMcp(executor) })],
  [
    'RD_MCP of 4096-byte blocks with costs',
    (executor) => ({
      unit: new RdMcpBackend(executor, new PageStore(BYTES), {
        blockBytes: 4096,
        costs: costPresets.server,
      }),
    }),
  ],
  ['nullio', (executor) => ({ unit: new NullioBackend(executor, BYTES), keepsData: false })],
  [
    'FILEIO on a memory file',
    (executor) => ({ unit: new FileioBackend(executor, new MemoryFile(executor, BYTES)) }),
  ],
  [
    'FILEIO on a read-only file',
    (executor) => ({
      unit: new FileioBackend(executor, new MemoryFile(executor, BYTES, { readOnly: true })),
    }),
  ],
  ['FILEIO', fileio(false)],
  ['FILEIO buffered', fileio(true)],
  ['FILEIO buffered, 4096-byte blocks', fileio(true, 4096)],
  ['IBLOCK', iblock({})],
  ['IBLOCK with 4096-byte blocks', iblock({}, 4096)],
  ['IBLOCK without a write cache', iblock({ writeCache: false, fua: false })],
  ['IBLOCK on the block layer', iblockOnBlockLayer(true)],
  ['IBLOCK on a block layer that makes FUA a flush', iblockOnBlockLayer(false)],
  ['a medium', medium(false)],
  ['a medium with latency', medium(true)],
  [
    'a delay before RD_MCP',
    (executor) => ({ unit: new DelayBackend(rdMcp(executor), executor, 5_000) }),
  ],
  ['a store of the user', user],
  ['commands by hand before RD_MCP', (executor) => ({ unit: manual(executor) })],
  [
    'RD_MCP for reading alone',
    (executor) => ({ unit: new ReadOnlyBackend(rdMcp(executor), executor) }),
  ],
  [
    'statistics before buffered FILEIO',
    (executor) => {
      const { unit, powerCut } = fileio(true)(executor);
      const count = (inner: Backend) => new StatisticsBackend(inner, executor);
      return { unit: count(unit), powerCut: (chance) => count(powerCut!(chance)) };
    },
  ],
  [
    'a fault plan without rules before RD_MCP',
    (executor) => ({
      unit: new FaultBackend(rdMcp(executor), executor, new SeededFaultPlan([], makePrng(1))),
    }),
  ],
];

describe('checkBackend', () => {
  it.each(backends)('passes on %s', (_name, factory) => {
    checkBackend(factory, { rounds });
  });

  it('passes on a write-through wrapper written from outside', () => {
    const factory = fileio(true);
    checkBackend(
      (executor) => {
        const { unit, powerCut } = factory(executor);
        return { unit: wrap(unit, {}), powerCut: powerCut! };
      },
      { rounds },
    );
  });
});

describe('checkTargetPort', () => {
  it.each(backends)('passes on a device on %s', (_name, factory) => {
    checkTargetPort(
      (executor) => {
        const { unit, powerCut, ...rest } = factory(executor);
        const cut = powerCut && {
          powerCut: (chance: Parameters<typeof powerCut>[0]) =>
            new TargetDevice(executor, powerCut(chance)),
        };
        return { unit: new TargetDevice(executor, unit) as TargetPort, ...cut, ...rest };
      },
      { rounds },
    );
  });

  it('names the law when a unit takes what its geometry forbids', () => {
    const broken = () =>
      checkTargetPort((executor) => ({ unit: nullio(executor), keepsData: false }));
    expect(broken).toThrow(UnitLaw.refusals);
  });
});

function nullio(executor: SimExecutor): NullioBackend {
  return new NullioBackend(executor, BYTES);
}

/** A backend with some of its methods replaced. */
function wrap(inner: Backend, parts: Partial<Backend>): Backend {
  return {
    geometry: inner.geometry,
    submit: (command) => inner.submit(command),
    abort: (command) => inner.abort(command),
    reset: (done) => inner.reset(done),
    close: () => inner.close(),
    ...parts,
  };
}

/** A file with some of its requests changed on their way. */
function spoil(inner: PowerLossFile, change: (request: FileRequest) => void): FileHandle {
  return {
    size: inner.size,
    readOnly: false,
    submit: (request) => {
      change(request);
      inner.submit(request);
    },
    close: () => inner.close(),
  };
}

function spoiledFileio(
  bufferedIo: boolean,
  change: (request: FileRequest) => void,
): UnitFactory<Backend> {
  return (executor) => {
    const file = new PowerLossFile(executor, BYTES);
    const open = () => new FileioBackend(executor, spoil(file, change), { bufferedIo });
    return {
      unit: open(),
      powerCut: (chance) => {
        file.powerCut(chance);
        return open();
      },
    };
  };
}

type Break = (inner: RdMcpBackend, executor: SimExecutor) => Partial<Backend>;

const broken: readonly [string, UnitLaw, Break][] = [
  [
    'ends inside submit',
    UnitLaw.endsLater,
    () => ({
      submit: (command) => {
        command.status = TargetStatus.good;
        command.end(command);
      },
    }),
  ],
  [
    'ends twice',
    UnitLaw.endsOnce,
    (inner) => ({
      submit: (command) => inner.submit({ ...command, end: () => twice(command) }),
    }),
  ],
  ['never ends', UnitLaw.endsOnce, () => ({ submit: () => undefined })],
  [
    'drops every fifth write',
    UnitLaw.readsSeeWrites,
    (inner) => {
      let writes = 0;
      return {
        submit: (command) => {
          if (command.op === TargetOp.write && ++writes % 5 === 0) {
            inner.submit({ ...command, op: TargetOp.read, end: () => command.end(command) });
          } else inner.submit(command);
        },
      };
    },
  ],
  [
    'reads one byte too many',
    UnitLaw.staysInside,
    (inner) => ({
      submit: (command) => {
        const last = command.data.count - 1;
        if (command.op === TargetOp.read && last >= 0) {
          const past = command.data.gpa(last) + command.data.lengths[last]!;
          command.memory.write8(past, 0);
        }
        inner.submit(command);
      },
    }),
  ],
  [
    'writes its neighbour',
    UnitLaw.readsSeeWrites,
    (inner) => ({
      submit: (command) => {
        const isZero = command.op === TargetOp.writeZeroes;
        if (isZero && command.lba + command.blockCount < inner.geometry.blockCount) {
          const longer = { ...command, blockCount: command.blockCount + 1 };
          inner.submit({ ...longer, end: ({ status }) => pass(command, status) });
        } else inner.submit(command);
      },
    }),
  ],
  [
    'says good about unmapped memory',
    UnitLaw.refusesUnmapped,
    (inner) => ({
      submit: (command) =>
        inner.submit({ ...command, end: () => pass(command, TargetStatus.good) }),
    }),
  ],
  ['says aborted and goes on', UnitLaw.abort, () => ({ abort: () => AbortResult.aborted })],
  ['knows what has ended', UnitLaw.abort, () => ({ abort: () => AbortResult.tooLate })],
  ['is done with a reset before its commands', UnitLaw.reset, resetTooEarly],
  ['calls done inside reset', UnitLaw.endsLater, () => ({ reset: (done) => done() })],
  [
    'calls done twice',
    UnitLaw.reset,
    (inner) => ({
      reset: (done) =>
        inner.reset(() => {
          done();
          done();
        }),
    }),
  ],
  [
    'ends with a strange status when it is full',
    UnitLaw.full,
    (inner) => ({
      submit: (command) => {
        const { end } = command;
        command.end = () => {
          command.end = end;
          if (command.status === TargetStatus.busy) command.status = TargetStatus.notReady;
          end(command);
        };
        inner.submit(command);
      },
    }),
  ],
  [
    'has half a block',
    UnitLaw.geometry,
    (inner) => ({ geometry: { ...inner.geometry, blockCount: 99.5 } }),
  ],
];

/** The commands of its inner backend take a while; done is posted before they are told. */
function resetTooEarly(inner: RdMcpBackend, executor: SimExecutor): Partial<Backend> {
  return {
    reset: (done) => {
      executor.post(makeTask('hasty', done));
      inner.reset(() => undefined);
    },
  };
}

function pass(command: TargetCommand, status: TargetStatus): void {
  command.status = status;
  command.end(command);
}

function twice(command: TargetCommand): void {
  pass(command, TargetStatus.good);
  command.end(command);
}

describe('checkBackend names the law that is broken by a backend that', () => {
  it.each(broken)('%s: %s', (_name, brokenLaw, parts) => {
    // For abort the laws of data, which come before, are left aside.
    const keepsData = brokenLaw !== UnitLaw.abort;
    const check = () =>
      checkBackend((executor) => {
        const costs = { ...NO_COSTS, targetCommandNs: 100 };
        const inner = new RdMcpBackend(executor, new PageStore(BYTES), { costs });
        return { unit: wrap(inner, parts(inner, executor)), keepsData };
      });
    expect(check).toThrow(LawError);
    expect(check).toThrow(brokenLaw);
  });

  it.each([
    ['forgets the sync of a flush', true, FileOp.sync],
    ['forgets the sync of FUA', true, FileOp.dataSync],
  ])('%s', (_name, bufferedIo, op) => {
    // An empty range of a file is what nothing can be synced by.
    const factory = spoiledFileio(bufferedIo, (request) => {
      if (request.op !== op) return;
      request.op = FileOp.dataSync;
      request.length = 0;
      request.offset = 0;
    });
    expect(() => checkBackend(factory)).toThrow(UnitLaw.durability);
  });

  it('writes without O_DSYNC while it reports no write cache', () => {
    const factory = spoiledFileio(false, (request) => {
      request.durable = false;
    });
    expect(() => checkBackend(factory)).toThrow(UnitLaw.durability);
  });

  it('hides its write cache', () => {
    const real = fileio(true);
    const hide = (unit: Backend): Backend =>
      wrap(unit, { geometry: { ...unit.geometry, writeCache: false } });
    const check = () =>
      checkBackend((executor) => {
        const { unit, powerCut } = real(executor);
        return { unit: hide(unit), powerCut: (chance) => hide(powerCut!(chance)) };
      });
    expect(check).toThrow(UnitLaw.durability);
  });

  it('drops the FUA flag', () => {
    const real = fileio(true);
    const drop = (unit: Backend): Backend =>
      wrap(unit, {
        submit: (command) => {
          command.flags &= ~TargetFlag.fua;
          unit.submit(command);
        },
      });
    const check = () =>
      checkBackend((executor) => {
        const { unit, powerCut } = real(executor);
        return { unit: drop(unit), powerCut: (chance) => drop(powerCut!(chance)) };
      });
    expect(check).toThrow(UnitLaw.durability);
  });
});
