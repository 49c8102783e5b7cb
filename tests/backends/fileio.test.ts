import { describe, expect, it } from 'vitest';
import { FILEIO_MAX_TRANSFER_BYTES, FileioBackend } from '../../src/backends/fileio.ts';
import { MemoryFile } from '../../src/backends/memory-file.ts';
import { type FileCounters, type FileStore, SyncFile } from '../../src/backends/sync-file.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { Errno } from '../../src/interfaces/file-handle.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

function rig(bufferedIo: boolean, blockBytes: 512 | 4096 = 512) {
  const executor = new SimExecutor();
  const file = new MemoryFile(executor, 1 << 20);
  const backend = new FileioBackend(executor, file, { bufferedIo, blockBytes });
  return { executor, file, backend, probe: new UnitProbe(executor, backend) };
}

/** What one command asks of the file, beside reads. */
function asked(bufferedIo: boolean, op: TargetOp, flags: number, blockCount = 2): string {
  const { file, probe } = rig(bufferedIo);
  expect(probe.do({ op, lba: 4, blockCount, flags })).toBe(TargetStatus.good);
  const counters = file.counters();
  return Object.keys(counters)
    .filter((name) => counters[name as keyof FileCounters] > 0)
    .join(' ');
}

describe('durability of FILEIO', () => {
  const { read, write, flush, unmap, writeZeroes } = TargetOp;
  const { fua } = TargetFlag;

  it.each([
    [false, write, 0, 'writes durableWrites'],
    [false, write, fua, 'writes durableWrites'],
    [true, write, 0, 'writes'],
    [true, write, fua, 'writes dataSyncs'],
    [false, writeZeroes, 0, 'dataSyncs punches'],
    [true, writeZeroes, 0, 'punches'],
    [true, writeZeroes, fua, 'dataSyncs punches'],
    [false, unmap, 0, 'dataSyncs punches'],
    [true, unmap, 0, 'punches'],
    [false, read, fua, 'reads'],
    [true, read, fua, 'reads'],
  ])('buffered %s, operation %d, flags %d: %s', (bufferedIo, op, flags, calls) => {
    expect(asked(bufferedIo, op, flags)).toBe(calls);
  });

  it.each([true, false])('buffered %s: a flush syncs, of a range the range', (bufferedIo) => {
    expect(asked(bufferedIo, flush, 0, 0)).toBe('syncs');
    expect(asked(bufferedIo, flush, 0, 8)).toBe('dataSyncs');
  });

  it('is reported as a write cache when it is buffered', () => {
    expect(rig(true).backend.geometry).toMatchObject({ writeCache: true, fua: true });
    expect(rig(false).backend.geometry).toMatchObject({ writeCache: false, fua: true });
  });
});

describe('FileioBackend', () => {
  it('puts block n at byte n times the block', () => {
    const { file, probe } = rig(false, 4096);
    probe.memory.fill(0, 0x77, 4096);
    probe.do({ op: TargetOp.write, lba: 3, blockCount: 1 });
    const bytes = new Uint8Array(4096);
    file.contents.load(3 * 4096, bytes, 0, 4096);
    expect(bytes.every((byte) => byte === 0x77)).toBe(true);
    expect(probe.unit.geometry).toMatchObject({
      blockBytes: 4096,
      blockCount: 256,
      maxTransferBlocks: FILEIO_MAX_TRANSFER_BYTES / 4096,
    });
  });

  it.each([
    [0, 512],
    [4608, 4096],
    [1000, 512],
  ])('refuses a file of %d bytes with blocks of %d', (size, blockBytes) => {
    const executor = new SimExecutor();
    const file = { size, readOnly: false, submit: () => undefined, close: () => undefined };
    expect(() => new FileioBackend(executor, file, { blockBytes })).toThrow(ConfigError);
  });

  it('knows that a file takes nothing back', () => {
    const { backend, probe } = rig(true);
    const probed = probe.start({ op: TargetOp.write, blockCount: 1 });
    expect(backend.abort(probed.command)).toBe(AbortResult.tooLate);
    expect(() => backend.close()).toThrow(InvariantError);
    probe.finish([probed]);
    expect(probed.command.status).toBe(TargetStatus.good);
    expect(backend.abort(probed.command)).toBe(AbortResult.unknown);
    backend.close();
  });

  it('is read-only on a read-only file', () => {
    const executor = new SimExecutor();
    const file = new MemoryFile(executor, 1 << 16, { readOnly: true });
    const backend = new FileioBackend(executor, file);
    expect(backend.geometry).toMatchObject({ readOnly: true, unmap: false, writeZeroes: false });
    const probe = new UnitProbe(executor, backend);
    expect(probe.do({ op: TargetOp.write, blockCount: 1 })).toBe(TargetStatus.writeProtected);
  });

  it('says what a file says that fails, and does not sync after a failed write', () => {
    const asks: string[] = [];
    const failing = (errno: Errno): FileStore => ({
      size: 8192,
      readOnly: false,
      read: () => errno,
      write: () => errno,
      sync: () => errno,
      dataSync: () => {
        asks.push('dataSync');
        return Errno.ok;
      },
      punch: () => errno,
      close: () => undefined,
    });
    for (const [errno, op, status] of [
      [Errno.noSpace, TargetOp.write, TargetStatus.noSpace],
      [Errno.io, TargetOp.read, TargetStatus.mediumReadError],
      [Errno.io, TargetOp.write, TargetStatus.mediumWriteError],
      [Errno.io, TargetOp.writeZeroes, TargetStatus.mediumWriteError],
    ] as const) {
      const executor = new SimExecutor();
      const file = new SyncFile(executor, 'failing', failing(errno));
      const backend = new FileioBackend(executor, file, { bufferedIo: true });
      const probe = new UnitProbe(executor, backend);
      expect(probe.do({ op, blockCount: 1, flags: TargetFlag.fua })).toBe(status);
    }
    expect(asks).toEqual([]);
  });

  it('says when the sync after a good write fails', () => {
    const executor = new SimExecutor();
    const ok = () => Errno.ok;
    const store: FileStore = {
      size: 8192,
      readOnly: false,
      read: ok,
      write: ok,
      sync: ok,
      dataSync: () => Errno.io,
      punch: ok,
      close: () => undefined,
    };
    const file = new SyncFile(executor, 'failing', store);
    const probe = new UnitProbe(executor, new FileioBackend(executor, file, { bufferedIo: true }));
    const fua = { op: TargetOp.write, blockCount: 1, flags: TargetFlag.fua };
    expect(probe.do(fua)).toBe(TargetStatus.mediumWriteError);
    expect(probe.do({ ...fua, flags: 0 })).toBe(TargetStatus.good);
  });
});
