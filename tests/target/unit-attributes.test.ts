import { describe, expect, it } from 'vitest';
import { FileioBackend } from '../../src/backends/fileio.ts';
import { PowerLossFile } from '../../src/backends/power-loss-file.ts';
import type { Backend } from '../../src/interfaces/backend.ts';
import { TargetFlag, TargetOp, TargetStatus } from '../../src/interfaces/target.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { TargetDevice } from '../../src/target/target-device.ts';
import {
  Durable,
  durableWhen,
  geometryWith,
  type UnitAttributes,
} from '../../src/target/unit-attributes.ts';
import { checkTargetPort } from '../../src/testing/target/index.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';
import { runs } from '../support/runs.ts';

const { write, flush, unmap, writeZeroes } = TargetOp;
const usual: UnitAttributes = {
  writeCache: false,
  fuaWrite: true,
  unmap: true,
  unmapByZeroes: true,
  maxUnmapBlocks: 0,
  maxZeroBlocks: 4096,
  maxTransferBlocks: 16_384,
};

/** What has reached a unit's file when a write has ended, and what a backend was asked for. */
function rig(bufferedIo: boolean, attributes: Partial<UnitAttributes>, fuaBelow = true) {
  const executor = new SimExecutor();
  const file = new PowerLossFile(executor, 256 * 1024);
  const inner = new FileioBackend(executor, file, { bufferedIo });
  const asked: string[] = [];
  const names = Object.keys(TargetOp);
  const backend: Backend = {
    geometry: { ...inner.geometry, fua: fuaBelow },
    submit: (command) => {
      asked.push(`${names[command.op]} ${command.flags}`);
      if (!fuaBelow) command.flags &= ~TargetFlag.fua;
      inner.submit(command);
    },
    abort: (command) => inner.abort(command),
    reset: (done) => inner.reset(done),
    close: () => inner.close(),
  };
  const unit = new TargetDevice(executor, backend, { attributes: { ...usual, ...attributes } });
  return { executor, file, backend, unit, asked, probe: new UnitProbe(executor, unit) };
}

const both = [false, true];
const cells = both.flatMap((cacheBelow) =>
  both.flatMap((writeCache) =>
    both.flatMap((fuaWrite) =>
      both.flatMap((fuaBelow) =>
        both.map((fua) => ({ cacheBelow, writeCache, fuaWrite, fuaBelow, fua })),
      ),
    ),
  ),
);

describe('the write-cache truth table', () => {
  it.each(cells)(
    'cache below $cacheBelow, emulate_write_cache $writeCache, emulate_fua_write $fuaWrite, FUA below $fuaBelow, FUA bit $fua',
    ({ cacheBelow, writeCache, fuaWrite, fuaBelow, fua }) => {
      const { file, unit, probe } = rig(cacheBelow, { writeCache, fuaWrite }, fuaBelow);
      const flags = fua ? TargetFlag.fua : 0;
      expect(probe.do({ op: write, blockCount: 2, flags })).toBe(TargetStatus.good);
      const durableAtEnd = !cacheBelow || !writeCache || (fuaWrite && fua);
      expect(file.unsyncedSectors).toBe(durableAtEnd ? 0 : 2);
      const when = durableWhen(cacheBelow, writeCache, fuaWrite, fua);
      expect(when !== Durable.afterFlush).toBe(durableAtEnd);
      expect(unit.geometry.writeCache).toBe(writeCache);
      probe.do({ op: flush });
      expect(file.unsyncedSectors).toBe(0);
    },
  );

  it.each(cells.filter((each) => each.fua && (each.fuaWrite || !each.writeCache)))(
    'keeps the laws of a port: %j',
    ({ cacheBelow, writeCache, fuaWrite, fuaBelow }) => {
      checkTargetPort(
        (executor) => {
          const attributes = { ...usual, writeCache, fuaWrite };
          const file = new PowerLossFile(executor, 256 * 1024);
          const open = () => {
            const inner = new FileioBackend(executor, file, { bufferedIo: cacheBelow });
            const geometry = { ...inner.geometry, fua: fuaBelow };
            const below: Backend = Object.assign(Object.create(inner), {
              geometry,
              submit: (command: Parameters<Backend['submit']>[0]) => {
                if (!fuaBelow) command.flags &= ~TargetFlag.fua;
                inner.submit(command);
              },
              abort: inner.abort.bind(inner),
              reset: inner.reset.bind(inner),
              close: inner.close.bind(inner),
            });
            return new TargetDevice(executor, below, { attributes });
          };
          return {
            unit: open(),
            powerCut: (chance) => {
              file.powerCut(chance);
              return open();
            },
          };
        },
        { rounds: runs(3, 30) },
      );
    },
  );
});

describe('attributes of a unit', () => {
  it('offer unmap and write zeroes only where both they and the backend do', () => {
    const { unit } = rig(false, { unmap: false, maxZeroBlocks: 0, maxTransferBlocks: 8 });
    expect(unit.geometry).toMatchObject({ unmap: false, writeZeroes: false });
    expect(unit.geometry.maxTransferBlocks).toBe(8);
    const below = { ...unit.geometry, unmap: false, writeZeroes: false, maxTransferBlocks: 4 };
    expect(geometryWith(below, usual)).toMatchObject({
      unmap: false,
      writeZeroes: false,
      maxTransferBlocks: 4,
    });
    expect(geometryWith(below, undefined)).toBe(below);
  });

  it('limit the blocks of one unmap and of one write zeroes', () => {
    const { probe } = rig(false, { maxUnmapBlocks: 4, maxZeroBlocks: 2 });
    expect(probe.do({ op: unmap, blockCount: 4 })).toBe(TargetStatus.good);
    expect(probe.do({ op: unmap, blockCount: 5 })).toBe(TargetStatus.invalidField);
    expect(probe.do({ op: writeZeroes, blockCount: 2 })).toBe(TargetStatus.good);
    expect(probe.do({ op: writeZeroes, blockCount: 3 })).toBe(TargetStatus.invalidField);
    expect(probe.do({ op: write, blockCount: 5 })).toBe(TargetStatus.good);
  });

  it('take the leave to deallocate from write zeroes without emulate_tpws', () => {
    const flags = TargetFlag.mayUnmap;
    const without = rig(false, { unmapByZeroes: false });
    without.probe.do({ op: writeZeroes, blockCount: 1, flags });
    const withLeave = rig(false, {});
    withLeave.probe.do({ op: writeZeroes, blockCount: 1, flags });
    expect([...without.asked, ...withLeave.asked]).toEqual(['writeZeroes 0', 'writeZeroes 2']);
  });

  it('change under I/O, and never to less than hosts were told', () => {
    const { unit, probe, file } = rig(true, {});
    unit.setAttributes({ ...usual, writeCache: true, unmap: false, maxZeroBlocks: 0 });
    probe.do({ op: write, blockCount: 1 });
    expect([unit.geometry.writeCache, file.unsyncedSectors]).toEqual([false, 0]);
    expect(probe.do({ op: unmap, blockCount: 1 })).toBe(TargetStatus.unsupportedOpcode);
    expect(probe.do({ op: writeZeroes, blockCount: 1 })).toBe(TargetStatus.unsupportedOpcode);
    const cached = rig(true, { writeCache: true });
    cached.unit.setAttributes(usual);
    cached.probe.do({ op: write, blockCount: 1 });
    expect(cached.file.unsyncedSectors).toBe(0);
  });
});
