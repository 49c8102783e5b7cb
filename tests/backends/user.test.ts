import { describe, expect, it } from 'vitest';
import { UserBackend, type UserDone, type UserStore } from '../../src/backends/user.ts';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { Errno } from '../../src/interfaces/file-handle.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

/** What a newcomer writes. */
function arrayStore(sizeBytes: number) {
  const bytes = new Uint8Array(sizeBytes);
  const store: UserStore = {
    sizeBytes,
    read(offset, into, done) {
      into.set(bytes.subarray(offset, offset + into.length));
      done();
    },
    write(offset, from, _durable, done) {
      bytes.set(from, offset);
      done();
    },
    zero(offset, length, done) {
      bytes.fill(0, offset, offset + length);
      done();
    },
  };
  return { store, bytes };
}

function rig(store: UserStore) {
  const executor = new SimExecutor();
  const backend = new UserBackend(executor, store);
  return { executor, backend, probe: new UnitProbe(executor, backend) };
}

const { read, write, flush, writeZeroes } = TargetOp;

describe('UserBackend', () => {
  it('moves bytes between guest memory and the store', () => {
    const { store, bytes } = arrayStore(1 << 16);
    const { probe, backend } = rig(store);
    probe.memory.fill(0, 4, 1024);
    expect(probe.do({ op: write, lba: 3, blockCount: 2, cut: 600 })).toBe(TargetStatus.good);
    expect(bytes.subarray(1535, 2561)).toEqual(Uint8Array.of(0, ...Array(1024).fill(4), 0));
    expect(probe.do({ op: read, lba: 4, blockCount: 1, gpa: 8192 })).toBe(TargetStatus.good);
    expect(probe.load(8191, 514)).toEqual(Uint8Array.of(0, ...Array(512).fill(4), 0));
    expect(probe.do({ op: writeZeroes, lba: 4, blockCount: 1 })).toBe(TargetStatus.good);
    expect([bytes[2047], bytes[2048]]).toEqual([4, 0]);
    expect(backend.geometry).toMatchObject({ writeCache: false, unmap: true, writeZeroes: true });
  });

  it('waits for a store that answers later', () => {
    const asked: UserDone[] = [];
    const { store } = arrayStore(1 << 16);
    const slow = {
      ...store,
      read: (_at: number, _into: Uint8Array, done: UserDone) => void asked.push(done),
    };
    const { executor, backend, probe } = rig(slow);
    const probed = probe.start({ op: read, blockCount: 1 });
    let dones = 0;
    backend.reset(() => {
      dones += 1;
    });
    executor.runUntilIdle();
    expect([probed.ends, dones]).toEqual([0, 0]);
    expect(backend.abort(probed.command)).toBe(AbortResult.tooLate);
    expect(() => backend.close()).toThrow(InvariantError);
    asked[0]!(Errno.io);
    expect(probed.ends).toBe(0);
    probe.finish([probed]);
    expect([probed.command.status, dones]).toEqual([TargetStatus.mediumReadError, 1]);
    expect(() => asked[0]!()).toThrow(InvariantError);
    backend.close();
  });

  it('tells a store with a write cache what has to be durable', () => {
    const seen: string[] = [];
    const { store } = arrayStore(1 << 16);
    const { probe, backend } = rig({
      ...store,
      write: (_at, _from, durable, done) => {
        seen.push(`write ${durable}`);
        done();
      },
      flush: (done) => {
        seen.push('flush');
        done();
      },
    });
    expect(backend.geometry.writeCache).toBe(true);
    probe.do({ op: write, blockCount: 1 });
    probe.do({ op: write, blockCount: 1, flags: TargetFlag.fua });
    probe.do({ op: flush });
    probe.do({ op: writeZeroes, blockCount: 1, flags: TargetFlag.fua });
    expect(seen).toEqual(['write false', 'write true', 'flush', 'flush']);
  });

  it('calls every write durable where there is no flush, and a flush has nothing to do', () => {
    const seen: boolean[] = [];
    const { store } = arrayStore(1 << 16);
    const { probe } = rig({
      ...store,
      write: (_at, _from, durable, done) => {
        seen.push(durable);
        done(Errno.noSpace);
      },
    });
    expect(probe.do({ op: write, blockCount: 1 })).toBe(TargetStatus.noSpace);
    expect(probe.do({ op: flush })).toBe(TargetStatus.good);
    expect(seen).toEqual([true]);
  });

  it('offers no zeroes where the store has none or is read-only', () => {
    const { zero, ...plain } = arrayStore(1 << 16).store;
    expect(rig(plain).backend.geometry).toMatchObject({ unmap: false, writeZeroes: false });
    const readOnly = rig({ ...plain, zero: zero!, readOnly: true }).backend.geometry;
    expect(readOnly).toMatchObject({ unmap: false, readOnly: true });
    expect(() => rig({ ...plain, sizeBytes: 1000 })).toThrow(ConfigError);
  });
});
