import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { NO_RECORD, VersionLog } from '../../src/devices/version-log.ts';

describe('VersionLog', () => {
  it('chains the records of each sector, newest first', () => {
    const log = new VersionLog(512, 100);
    const records = [7, 9, 7, 7].map((sector) => log.add(sector));
    expect(records).toEqual([0, 1, 2, 3]);
    expect([log.sectorCount, log.sectorAt(0), log.sectorAt(1)]).toEqual([2, 7, 9]);
    expect(log.newestAt(0)).toBe(3);
    expect([log.olderThan(3), log.olderThan(2), log.olderThan(0)]).toEqual([2, 0, NO_RECORD]);
    expect(log.room).toBe(96);
  });

  it('begins a new chain after a sector settled', () => {
    const log = new VersionLog(512, 10);
    log.add(7);
    log.settle(7);
    log.settle(8);
    expect(log.newestAt(0)).toBe(NO_RECORD);
    const record = log.add(7);
    expect([log.newestAt(0), log.olderThan(record)]).toEqual([record, NO_RECORD]);
    expect(log.sectorCount).toBe(1);
  });

  it('keeps bytes while it grows, and all sectors apart', () => {
    const log = new VersionLog(512, 500);
    for (let i = 0; i < 500; i++) {
      const record = log.add(i * 4096);
      log.memory.fill(record * 512, i & 0xff, 512);
    }
    const byte = new Uint8Array(1);
    for (let i = 0; i < 500; i++) {
      expect(log.sectorAt(i)).toBe(i * 4096);
      log.memory.load(log.newestAt(i) * 512, byte, 0, 1);
      expect(byte[0]).toBe(i & 0xff);
    }
    expect(() => log.add(1)).toThrow(InvariantError);
    log.clear();
    expect([log.room, log.sectorCount]).toEqual([500, 0]);
    expect(log.add(3)).toBe(0);
  });
});
