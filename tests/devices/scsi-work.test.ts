import { describe, expect, it } from 'vitest';
import { UNMAP_LIST_BYTES } from '../../src/wire/scsi-provisioning.ts';
import { outcome, ScsiRig } from './scsi-rig.ts';

const SAME = [0x93, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0];

/** Sectors that hold something but zeroes, among the first 16. */
function filled(rig: ScsiRig): number[] {
  const found: number[] = [];
  for (let i = 0; i < 16; i++) if (rig.medium.peek(i, 1).some((byte) => byte !== 0)) found.push(i);
  return found;
}

function filledRig(): ScsiRig {
  const rig = new ScsiRig().ready();
  rig.memory.fill(0, 0x77, 8192);
  rig.run([0x2a, 0, 0, 0, 0, 0, 0, 0, 16, 0], 8192);
  rig.run([0x35]);
  return rig;
}

/** An UNMAP of ranges; its list lies at the beginning of the memory. */
function runUnmap(rig: ScsiRig, ranges: readonly (readonly [number, number])[], named?: number) {
  const list = new Uint8Array(8 + ranges.length * 16);
  const view = new DataView(list.buffer);
  view.setUint16(0, list.length - 2);
  view.setUint16(2, named ?? ranges.length * 16);
  for (const [index, [lba, blocks]] of ranges.entries()) {
    view.setBigUint64(8 + index * 16, BigInt(lba));
    view.setUint32(16 + index * 16, blocks);
  }
  rig.memory.store(0, list, 0, list.length);
  return rig.run([0x42, 0, 0, 0, 0, 0, 0, list.length >>> 8, list.length & 255, 0], list.length);
}

describe('WRITE SAME', () => {
  it('writes its block as often as it is told, and can be lost until the cache is synchronized', () => {
    const rig = new ScsiRig().ready();
    rig.memory.fill(0, 0x5a, 512);
    const task = rig.run(SAME, 600);
    expect([outcome(task), task.residualBytes, filled(rig)]).toEqual(['good', 88, [4, 5, 6]]);
    expect(rig.medium.volatileSectors).toBe(3);
  });

  it('of zeroes, or without data, zeroes the blocks', () => {
    const rig = filledRig();
    rig.memory.fill(0, 0, 512);
    expect(outcome(rig.run(SAME, 512))).toBe('good');
    expect(filled(rig)).toEqual([0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    const noData = rig.run([0x93, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]);
    expect([outcome(noData), filled(rig)]).toEqual(['good', [0, 1, 2, 3, 7]]);
  });

  it('tells which block could not be written', () => {
    const rig = new ScsiRig().ready();
    rig.memory.fill(0, 1, 512);
    rig.medium.failWrites(5, 1);
    const task = rig.run(SAME, 512);
    expect([outcome(task), task.sense[6], filled(rig)]).toEqual(['3/0c00', 5, [4]]);
  });
});

describe('UNMAP', () => {
  it('zeroes every range of its list', () => {
    const rig = filledRig();
    const task = runUnmap(rig, [
      [1, 2],
      [9, 0],
      [15, 1],
    ]);
    expect([outcome(task), task.residualBytes]).toEqual(['good', 0]);
    expect(filled(rig)).toEqual([0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('checks all ranges before it touches the first', () => {
    const rig = filledRig();
    expect(
      outcome(
        runUnmap(rig, [
          [0, 4],
          [2047, 2],
        ]),
      ),
    ).toBe('5/2100');
    expect(
      outcome(
        runUnmap(rig, [
          [0, 4],
          [2 ** 52, 1],
        ]),
      ),
    ).toBe('5/2100');
    expect(filled(rig)).toHaveLength(16);
  });

  it('goes by the length of the descriptors, of which an incomplete one counts nothing', () => {
    const rig = filledRig();
    expect(
      outcome(
        runUnmap(
          rig,
          [
            [0, 1],
            [1, 1],
          ],
          31,
        ),
      ),
    ).toBe('good');
    expect(filled(rig)[0]).toBe(1);
  });

  it('refuses more than it advertises, and a list without a header', () => {
    const rig = new ScsiRig({ provisioning: { maxUnmapBlocks: 4 } }).ready();
    expect(
      outcome(
        runUnmap(rig, [
          [0, 3],
          [8, 2],
        ]),
      ),
    ).toBe('5/2600');
    const many = Array.from({ length: 257 }, () => [0, 0] as const);
    expect(outcome(runUnmap(rig, many))).toBe('5/2600');
    expect(outcome(rig.run([0x42, 0, 0, 0, 0, 0, 0, 0, 7, 0], UNMAP_LIST_BYTES))).toBe('5/1a00');
  });
});

describe('MODE SELECT', () => {
  const page = (flags: number) => [8, 18, flags, ...new Array<number>(17).fill(0)];
  const select = (rig: ScsiRig, list: readonly number[], op = 0x15) => {
    rig.memory.store(0, Uint8Array.from(list), 0, list.length);
    const cdb =
      op === 0x15 ? [op, 0x10, 0, 0, list.length, 0] : [op, 0x10, 0, 0, 0, 0, 0, 0, list.length, 0];
    return outcome(rig.run(cdb, list.length));
  };

  it('turns the write cache off, which makes its contents durable, and on again', () => {
    const rig = new ScsiRig().ready();
    rig.run([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], 512);
    expect(select(rig, [0, 0, 0, 0, ...page(0)])).toBe('good');
    expect([rig.medium.writeCache, rig.medium.volatileSectors]).toEqual([false, 0]);
    const descriptor = [0, 0, 8, 0, 0, 0, 2, 0];
    expect(select(rig, [0, 0, 0, 0, 0, 0, 0, 8, ...descriptor, ...page(4)], 0x55)).toBe('good');
    expect(rig.medium.writeCache).toBe(true);
    rig.run([0x1a, 8, 8, 0, 64, 0], 64);
    expect(rig.bytes(7)[6]! & 4).toBe(4);
    // What can be changed is the cache.
    rig.run([0x1a, 8, 0x48, 0, 64, 0], 64);
    expect(rig.bytes(7)[6]).toBe(4);
  });

  it.each([
    ['a header cut short', [0, 0, 0], '5/1a00'],
    ['a page cut short', [0, 0, 0, 0, 8, 18, 4], '5/1a00'],
    ['another page', [0, 0, 0, 0, 10, ...page(4).slice(1)], '5/2600'],
    ['a page of another length', [0, 0, 0, 0, 8, 17, ...page(4).slice(2)], '5/2600'],
    ['a bit that cannot be changed', [0, 0, 0, 0, ...page(5)], '5/2600'],
    ['a strange block descriptor', [0, 0, 0, 4, 0, 0, 0, 0, ...page(4)], '5/2600'],
  ] as const)('refuses %s and changes nothing', (_, list, sense) => {
    const rig = new ScsiRig().ready();
    rig.medium.writeCache = false;
    expect(select(rig, list)).toBe(sense);
    expect(rig.medium.writeCache).toBe(false);
  });
});
