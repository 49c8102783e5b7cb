import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PowerLossFile } from '../../src/backends/power-loss-file.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { Errno, FileOp } from '../../src/interfaces/file-handle.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { FileRig } from './file-rig.ts';

function rig() {
  const made = new FileRig((executor) => new PowerLossFile(executor, 16 * 512));
  return { made, file: made.file as PowerLossFile };
}

/** Writes `stamp` over a sector. */
function write(made: FileRig, sector: number, stamp: number, durable = false): void {
  made.memory.fill(0, stamp, 512);
  expect(made.do(FileOp.write, sector * 512, 512, durable)).toBe(Errno.ok);
}

function read(made: FileRig, sector: number): number {
  expect(made.do(FileOp.read, sector * 512, 512, false, 8192)).toBe(Errno.ok);
  const bytes = made.get(8192, 512);
  expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
  return bytes[0]!;
}

describe('PowerLossFile', () => {
  it('may leave any version of a sector since its last sync, and sooner or later each', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      const { made, file } = rig();
      write(made, 3, 1);
      made.do(FileOp.sync);
      write(made, 3, 2);
      write(made, 3, 3);
      file.powerCut(makePrng(seed));
      left.add(read(made, 3));
    }
    expect([...left].sort()).toEqual([1, 2, 3]);
  });

  it('never loses what was synced: by sync, by dataSync of the range, or by a durable write', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { made, file } = rig();
      write(made, 0, 1);
      made.do(FileOp.sync);
      write(made, 1, 2);
      made.do(FileOp.dataSync, 512, 512);
      write(made, 2, 3, true);
      expect(file.unsyncedSectors).toBe(0);
      file.powerCut(makePrng(seed));
      expect([0, 1, 2].map((sector) => read(made, sector))).toEqual([1, 2, 3]);
    }
  });

  it('may lose what dataSync of another range did not cover', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const { made, file } = rig();
      write(made, 1, 2);
      made.do(FileOp.dataSync, 1024, 512);
      file.powerCut(makePrng(seed));
      left.add(read(made, 1));
    }
    expect([...left].sort()).toEqual([0, 2]);
  });

  it('ends what waits with an I/O error, though a waiting write may have been done in part', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const { made, file } = rig();
      made.memory.fill(0, 7, 512);
      const request = made.make(FileOp.write, 512, 512);
      const sync = made.make(FileOp.sync);
      file.submit(request);
      file.submit(sync);
      file.powerCut(makePrng(seed));
      made.executor.runUntilIdle();
      expect([request.ends, request.errno, sync.errno]).toEqual([1, Errno.io, Errno.io]);
      left.add(read(made, 1));
    }
    expect([...left].sort()).toEqual([0, 7]);
  });

  it('leaves durable bytes, which a second cut does not change', () => {
    checkProperty(
      fc.property(
        fc.array(fc.record({ sector: fc.nat(15), stamp: fc.integer({ min: 1, max: 250 }) })),
        fc.nat(),
        (writes, seed) => {
          const { made, file } = rig();
          for (const { sector, stamp } of writes) write(made, sector, stamp);
          made.do(FileOp.punch, 1024, 1024);
          file.powerCut(makePrng(seed));
          const left = [...Array(16).keys()].map((sector) => read(made, sector));
          file.powerCut(makePrng(seed + 1));
          expect([...Array(16).keys()].map((sector) => read(made, sector))).toEqual(left);
        },
      ),
      runs(15),
    );
  });

  it('keeps a bounded number of versions, the durable one among them', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const { made, file } = rig();
      for (let stamp = 1; stamp <= 40; stamp++) write(made, 0, stamp);
      file.powerCut(makePrng(seed));
      left.add(read(made, 0));
    }
    expect(left.size).toBe(16);
    expect(left.has(0)).toBe(true);
    expect(left.has(40)).toBe(true);
  });

  it('answers a memory fault and has a size of whole sectors', () => {
    const { made, file } = rig();
    expect(made.do(FileOp.write, 0, 512, false, 1 << 20)).toBe(Errno.fault);
    expect(made.do(FileOp.read, 0, 512, false, 1 << 20)).toBe(Errno.fault);
    expect(file.counters()).toMatchObject({ writes: 1, reads: 1 });
    file.close();
    expect(() => new PowerLossFile(new SimExecutor(), 1000)).toThrow(InvariantError);
  });
});
