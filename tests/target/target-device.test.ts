import { describe, expect, it } from 'vitest';
import { FileioBackend } from '../../src/backends/fileio.ts';
import { MemoryFile } from '../../src/backends/memory-file.ts';
import { PowerLossFile } from '../../src/backends/power-loss-file.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { InvariantError } from '../../src/base/assert.ts';
import type { Backend } from '../../src/interfaces/backend.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { type Geometry, TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import {
  checkCommand,
  TargetDevice,
  type TargetDeviceOptions,
} from '../../src/target/target-device.ts';
import { checkTargetPort } from '../../src/testing/target/index.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';
import { runs } from '../support/runs.ts';

const MIB = 1 << 20;
const { read, write, flush, unmap, writeZeroes } = TargetOp;

function rig(options: TargetDeviceOptions = {}) {
  const executor = new SimExecutor();
  const costs = { ...NO_COSTS, targetCommandNs: 10 };
  const backend = new RdMcpBackend(executor, new PageStore(MIB), { costs });
  const device = new TargetDevice(executor, backend, options);
  return { executor, device, probe: new UnitProbe(executor, device) };
}

/** A backend with a write cache that does not know FUA, as one on a device without it. */
function withoutFua(executor: SimExecutor, file = new PowerLossFile(executor, 256 * 1024)) {
  const inner = new FileioBackend(executor, file, { bufferedIo: true });
  const asked: string[] = [];
  const backend: Backend = {
    geometry: { ...inner.geometry, fua: false },
    submit: (command) => {
      asked.push(`${command.op} ${command.flags}`);
      command.flags = 0;
      inner.submit(command);
    },
    abort: (command) => inner.abort(command),
    reset: (done) => inner.reset(done),
    close: () => inner.close(),
  };
  return { backend, asked, file };
}

describe('TargetDevice', () => {
  it('is busy beyond its depth and takes commands again when one has ended', () => {
    const { probe, device } = rig({ queueDepth: 2 });
    const all = [0, 1, 2].map((lba) => probe.start({ op: read, lba, blockCount: 1 }));
    expect(device.counters()).toEqual({ commands: 3, inFlight: 2 });
    probe.finish(all);
    expect(all.map(({ command }) => command.status)).toEqual([0, 0, TargetStatus.busy]);
    expect(probe.do({ op: read, blockCount: 1 })).toBe(TargetStatus.good);
    expect(device.counters()).toEqual({ commands: 4, inFlight: 0 });
  });

  it('takes a depth of 1 to 65536', () => {
    for (const queueDepth of [0, 65_537, 2.5]) {
      expect(() => rig({ queueDepth })).toThrow(InvariantError);
    }
  });

  it('aborts what the backend holds, is too late for what it refused itself, and knows no other', () => {
    const { probe, device } = rig();
    const held = probe.start({ op: write, blockCount: 1 });
    const refused = probe.start({ op: read, lba: MIB, blockCount: 1 });
    expect(device.abort(held.command)).toBe(AbortResult.aborted);
    expect(device.abort(refused.command)).toBe(AbortResult.tooLate);
    probe.finish([held, refused]);
    expect(held.command.status).toBe(TargetStatus.aborted);
    expect(refused.command.status).toBe(TargetStatus.addressOutOfRange);
    expect(device.abort(held.command)).toBe(AbortResult.unknown);
  });

  it('ends a refused command before done of a reset', () => {
    const { probe, device } = rig();
    const refused = probe.start({ op: read, lba: MIB, blockCount: 1 });
    let endsAtDone = -1;
    device.reset(() => {
      endsAtDone = refused.ends;
    });
    probe.finish([refused]);
    expect(endsAtDone).toBe(1);
  });

  it('tells a tracer of each command and its end', () => {
    const events: unknown[] = [];
    const { probe } = rig({ tracer: { event: (...event) => events.push(event) } });
    probe.do({ op: read, lba: 5, blockCount: 2 });
    probe.do({ op: read, lba: MIB, blockCount: 2 });
    expect(events).toEqual([
      ['target', 'submit', 1, 5, 2],
      ['target', 'end', 1, TargetStatus.good, 2],
      ['target', 'submit', 2, MIB, 2],
      ['target', 'end', 2, TargetStatus.addressOutOfRange, 2],
    ]);
  });
});

describe('FUA where the backend has none', () => {
  it('is a write and then a flush', () => {
    const executor = new SimExecutor();
    const { backend, asked } = withoutFua(executor);
    const probe = new UnitProbe(executor, new TargetDevice(executor, backend));
    const flags = TargetFlag.fua;
    expect(probe.do({ op: write, blockCount: 1, flags })).toBe(TargetStatus.good);
    expect(probe.do({ op: writeZeroes, blockCount: 1, flags })).toBe(TargetStatus.good);
    expect(probe.do({ op: read, blockCount: 1, flags })).toBe(TargetStatus.good);
    expect(probe.do({ op: write, blockCount: 1 })).toBe(TargetStatus.good);
    expect(asked).toEqual(['1 1', '2 0', '4 1', '2 0', '0 1', '1 0']);
  });

  it('keeps every law, durability included', () => {
    checkTargetPort(
      (executor) => {
        const { backend, file } = withoutFua(executor);
        return {
          unit: new TargetDevice(executor, backend),
          powerCut: (chance) => {
            file.powerCut(chance);
            return new TargetDevice(executor, withoutFua(executor, file).backend);
          },
        };
      },
      { rounds: runs(15, 200) },
    );
  });

  it('is not flushed after the write failed, and a reset between the two ends it as aborted', () => {
    const executor = new SimExecutor();
    const { backend, asked } = withoutFua(executor);
    const device = new TargetDevice(executor, backend);
    const probe = new UnitProbe(executor, device);
    const flags = TargetFlag.fua;
    const status = probe.do({ op: write, blockCount: 1, flags, gpa: 2 ** 40 });
    expect(status).toBe(TargetStatus.dataTransferError);
    expect(asked).toEqual(['1 1']);
    const probed = probe.start({ op: write, blockCount: 1, flags });
    let endsAtDone = -1;
    device.reset(() => {
      endsAtDone = probed.ends;
    });
    probe.finish([probed]);
    expect([endsAtDone, probed.command.status]).toEqual([1, TargetStatus.aborted]);
    expect(asked).toEqual(['1 1', '1 1']);
  });
});

describe('checkCommand', () => {
  const geometry: Geometry = {
    blockBytes: 512,
    blockCount: 100,
    maxTransferBlocks: 16,
    writeCache: true,
    fua: true,
    readOnly: false,
    unmap: true,
    writeZeroes: true,
  };
  const executor = new SimExecutor();
  const file = new MemoryFile(executor, 100 * 512);
  const probe = new UnitProbe(executor, new FileioBackend(executor, file));
  const check = (op: TargetOp, lba: number, blockCount: number, traits: Partial<Geometry> = {}) =>
    checkCommand(probe.make({ op, lba, blockCount }).command, { ...geometry, ...traits });

  it.each([
    ['the whole unit', read, 84, 16, {}, TargetStatus.good],
    ['one block too far', read, 85, 16, {}, TargetStatus.addressOutOfRange],
    ['more blocks than there are', unmap, 0, 101, {}, TargetStatus.addressOutOfRange],
    ['an LBA beyond all numbers', read, 2 ** 53, 1, {}, TargetStatus.addressOutOfRange],
    ['the largest transfer', write, 0, 16, {}, TargetStatus.good],
    ['one block more', write, 0, 17, {}, TargetStatus.invalidField],
    ['a large unmap', unmap, 0, 100, {}, TargetStatus.good],
    ['a large write of zeroes', writeZeroes, 0, 100, {}, TargetStatus.good],
    ['a flush of everything', flush, 0, 0, {}, TargetStatus.good],
    ['a flush of a range', flush, 90, 10, {}, TargetStatus.good],
    ['a flush beyond the end', flush, 90, 11, {}, TargetStatus.addressOutOfRange],
    ['an unknown operation', 5 as TargetOp, 0, 1, {}, TargetStatus.unsupportedOpcode],
    ['an unmap without it', unmap, 0, 1, { unmap: false }, TargetStatus.unsupportedOpcode],
    [
      'zeroes without them',
      writeZeroes,
      0,
      1,
      { writeZeroes: false },
      TargetStatus.unsupportedOpcode,
    ],
    ['a read of a read-only unit', read, 0, 1, { readOnly: true }, TargetStatus.good],
    ['a flush of a read-only unit', flush, 0, 0, { readOnly: true }, TargetStatus.good],
    ['a write to it', write, 0, 1, { readOnly: true }, TargetStatus.writeProtected],
    ['a write past its end', write, 100, 1, { readOnly: true }, TargetStatus.writeProtected],
    ['an unmap of it', unmap, 0, 1, { readOnly: true }, TargetStatus.writeProtected],
    ['zeroes to it', writeZeroes, 0, 1, { readOnly: true }, TargetStatus.writeProtected],
  ])('judges %s', (_name, op, lba, blockCount, traits, status) => {
    expect(check(op, lba, blockCount, traits)).toBe(status);
  });

  it('refuses a data list that is shorter than the blocks', () => {
    const { command } = probe.make({ op: write, lba: 0, blockCount: 1 });
    command.blockCount = 2;
    expect(checkCommand(command, geometry)).toBe(TargetStatus.invalidField);
  });
});
