import { describe, expect, it } from 'vitest';
import { outcome, ScsiRig } from './scsi-rig.ts';

const inquiry = (page: number, length = 255) => [
  0x12,
  page < 0 ? 0 : 1,
  Math.max(page, 0),
  0,
  length,
  0,
];
const text = (bytes: readonly number[]) => String.fromCharCode(...bytes);

describe('INQUIRY', () => {
  it('tells of a disk that queues commands', () => {
    const rig = new ScsiRig();
    const task = rig.run(inquiry(-1), 255);
    const data = rig.bytes(36);
    expect([data[0], data[2], data[4]! + 5]).toEqual([0, 6, 36]);
    expect(data[7]! & 2).toBe(2);
    expect(text(data.slice(8, 32))).toBe('LIO-NVMESCSI DISK       ');
    expect(task.residualBytes).toBe(255 - 36);
  });

  it('is cut to the allocation length', () => {
    const rig = new ScsiRig();
    rig.memory.fill(0, 0xee, 64);
    const task = rig.run(inquiry(-1, 5), 64);
    expect([outcome(task), task.residualBytes, rig.bytes(6)[5]]).toEqual(['good', 59, 0xee]);
  });

  it('lists its pages and has each of them', () => {
    const rig = new ScsiRig({ serial: 'S42' });
    rig.run(inquiry(0), 255);
    const data = rig.bytes(12);
    const pages = data.slice(4, 4 + data[3]!);
    expect(pages).toEqual([0x00, 0x80, 0x83, 0xb0, 0xb2]);
    for (const page of pages) {
      expect(outcome(rig.run(inquiry(page), 255))).toBe('good');
      expect(rig.bytes(2)[1]).toBe(page);
    }
    rig.run(inquiry(0x80), 255);
    expect(text(rig.bytes(7).slice(4))).toBe('S42');
    rig.run(inquiry(0x83), 255);
    expect(text(rig.bytes(19).slice(8))).toBe('LIO-NVMES42');
    expect(rig.bytes(8).slice(3)).toEqual([15, 2, 1, 0, 11]);
    expect(outcome(rig.run(inquiry(0x99), 255))).toBe('5/2400');
    expect(outcome(rig.run([0x12, 0, 5, 0, 36, 0], 36))).toBe('5/2400');
  });

  it('names the longest transfer, and longer ones are refused', () => {
    const rig = new ScsiRig({ maxTransferBlocks: 16 }).ready();
    rig.run(inquiry(0xb0), 255);
    expect(rig.bytes(12).slice(8)).toEqual([0, 0, 0, 16]);
    expect(outcome(rig.run([0x28, 0, 0, 0, 0, 0, 0, 0, 16, 0], 8192))).toBe('good');
    expect(outcome(rig.run([0x28, 0, 0, 0, 0, 0, 0, 0, 17, 0], 8704))).toBe('5/2400');
  });
});

describe('READ CAPACITY', () => {
  it('tells the last block, its size and the physical block', () => {
    const rig = new ScsiRig({ physicalBytes: 4096 }).ready();
    rig.run([0x25], 8);
    expect(rig.bytes(8)).toEqual([0, 0, 7, 255, 0, 0, 2, 0]);
    const sixteen = rig.run([0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], 32);
    expect(rig.bytes(14)).toEqual([0, 0, 0, 0, 0, 0, 7, 255, 0, 0, 2, 0, 0, 3]);
    expect(sixteen.residualBytes).toBe(0);
    expect(outcome(rig.run([0x9e, 0x11], 32))).toBe('5/2400');
  });
});

describe('MODE SENSE', () => {
  it('has the caching page, with the cache as it is', () => {
    const rig = new ScsiRig().ready();
    rig.run([0x1a, 8, 8, 0, 64, 0], 64);
    expect(rig.bytes(7)).toEqual([23, 0, 0x10, 0, 8, 18, 4]);
    rig.medium.writeCache = false;
    rig.run([0x1a, 8, 0x3f, 0, 64, 0], 64);
    expect(rig.bytes(7)).toEqual([23, 0, 0x10, 0, 8, 18, 0]);
    rig.run([0x5a, 8, 8, 0, 0, 0, 0, 0, 64, 0], 64);
    expect(rig.bytes(11)).toEqual([0, 26, 0, 0x10, 0, 0, 0, 0, 8, 18, 0]);
  });

  it('can change the write cache, saves nothing and knows no other page', () => {
    const rig = new ScsiRig({ fua: false }).ready();
    rig.run([0x1a, 8, 0x48, 0, 64, 0], 64);
    expect(rig.bytes(7)).toEqual([23, 0, 0, 0, 8, 18, 4]);
    expect(outcome(rig.run([0x1a, 8, 0xc8, 0, 64, 0], 64))).toBe('5/3900');
    expect(outcome(rig.run([0x1a, 8, 0x01, 0, 64, 0], 64))).toBe('5/2400');
    expect(outcome(rig.run([0x1a, 8, 0x08, 7, 64, 0], 64))).toBe('5/2400');
  });
});

describe('REPORT LUNS', () => {
  it('names unit 0, and no well known ones', () => {
    const rig = new ScsiRig();
    rig.run([0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64], 64);
    expect(rig.bytes(16)).toEqual([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    rig.run([0xa0, 0, 1, 0, 0, 0, 0, 0, 0, 64], 64);
    expect(rig.bytes(4)).toEqual([0, 0, 0, 0]);
    expect(outcome(rig.run([0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 64], 64))).toBe('5/2400');
  });
});

describe('REQUEST SENSE', () => {
  it('of a unit that is not there says so', () => {
    const rig = new ScsiRig().ready();
    rig.run([3, 0, 0, 0, 18, 0], 18, 2);
    expect([rig.bytes(14)[2], rig.bytes(14)[12]]).toEqual([5, 0x25]);
    expect(outcome(rig.run([3, 1, 0, 0, 18, 0], 18))).toBe('5/2400');
  });
});
