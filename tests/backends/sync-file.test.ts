import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../src/backends/memory-file.ts';
import { type FileStore, SyncFile } from '../../src/backends/sync-file.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { Errno, FileOp } from '../../src/interfaces/file-handle.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { FileRig } from './file-rig.ts';

/** A store that answers the same errno to everything, and notes what was asked. */
function store(errno: Errno, asked: string[] = []): FileStore {
  return {
    size: 8192,
    readOnly: false,
    read: (offset, length) => note(`read ${offset} ${length}`),
    write: (offset, length, durable) => note(`write ${offset} ${length} ${durable}`),
    sync: () => note('sync'),
    dataSync: (offset, length) => note(`dataSync ${offset} ${length}`),
    punch: (offset, length) => note(`punch ${offset} ${length}`),
    close: () => void asked.push('close'),
  };
  function note(what: string): Errno {
    asked.push(what);
    return errno;
  }
}

describe('SyncFile', () => {
  it('passes each operation on and its errno back', () => {
    const asked: string[] = [];
    const rig = new FileRig((executor) => new SyncFile(executor, 't', store(Errno.noSpace, asked)));
    for (const op of Object.values(FileOp)) {
      expect(rig.do(op, 512, 1024, op === FileOp.write)).toBe(Errno.noSpace);
    }
    rig.file.close();
    rig.file.close();
    expect(asked).toEqual([
      'read 512 1024',
      'write 512 1024 true',
      'sync',
      'dataSync 512 1024',
      'punch 512 1024',
      'close',
    ]);
    expect((rig.file as SyncFile).counters()).toEqual({
      reads: 1,
      writes: 1,
      durableWrites: 1,
      syncs: 1,
      dataSyncs: 1,
      punches: 1,
    });
  });

  it('refuses ranges outside the file and lists that are too short', () => {
    const asked: string[] = [];
    const rig = new FileRig((executor) => new SyncFile(executor, 't', store(Errno.ok, asked)));
    for (const [offset, length] of [
      [8192, 1],
      [-1, 1],
      [0, 8193],
      [4096, -1],
      [2 ** 53, 1],
      [Number.NaN, 1],
    ] as const) {
      for (const op of [FileOp.read, FileOp.write, FileOp.dataSync, FileOp.punch]) {
        expect(rig.do(op, offset, length)).toBe(Errno.invalid);
      }
    }
    const short = rig.make(FileOp.read, 0, 512);
    short.length = 1024;
    rig.file.submit(short);
    rig.executor.runUntilIdle();
    expect(short.errno).toBe(Errno.invalid);
    expect(asked).toEqual([]);
  });

  it('refuses to change a read-only file', () => {
    const rig = new FileRig((executor) => new MemoryFile(executor, 4096, { readOnly: true }));
    expect(rig.do(FileOp.write, 0, 512)).toBe(Errno.readOnly);
    expect(rig.do(FileOp.punch, 0, 512)).toBe(Errno.readOnly);
    expect(rig.do(FileOp.read, 0, 512)).toBe(Errno.ok);
    expect(rig.do(FileOp.sync)).toBe(Errno.ok);
  });

  it('charges its costs', () => {
    const costs = { ...NO_COSTS, targetCommandNs: 10, copyPageNs: 8 };
    const rig = new FileRig((executor) => new SyncFile(executor, 't', store(Errno.ok), { costs }));
    rig.do(FileOp.write, 0, 4096);
    expect(rig.executor.now).toBe(18);
    rig.do(FileOp.sync);
    expect(rig.executor.now).toBe(28);
  });

  it('ends what waits with an I/O error when it is told to fail', () => {
    const asked: string[] = [];
    const rig = new FileRig((executor) => new SyncFile(executor, 't', store(Errno.ok, asked)));
    const file = rig.file as SyncFile;
    const request = rig.make(FileOp.sync);
    file.submit(request);
    expect(file.waiting(0)).toBe(request);
    expect(() => file.close()).toThrow(InvariantError);
    file.failWaiting();
    expect(request.ends).toBe(0);
    rig.executor.runUntilIdle();
    expect([request.ends, request.errno, asked]).toEqual([1, Errno.io, []]);
    file.close();
    expect(() => file.submit(request)).toThrow(InvariantError);
  });
});
