import { describe, expect, it } from 'vitest';
import { type AtaIdentity, buildIdentify, parseIdentify } from '../../src/wire/ata-identify.ts';

describe('IDENTIFY DEVICE data', () => {
  const identity: AtaIdentity = {
    sectorCount: 0x1_2345_6789,
    sectorBytes: 512,
    physicalBytes: 4096,
    queueDepth: 32,
    writeCache: true,
    fua: true,
    rotationRate: 7200,
    trim: true,
    sendFpdma: true,
  };

  function data(change: Partial<AtaIdentity> = {}): Uint8Array {
    const bytes = new Uint8Array(512);
    buildIdentify(bytes, { ...identity, ...change }, 'S1', 'F2', 'A DISK');
    return bytes;
  }

  it.each([
    {},
    { sectorBytes: 4096, physicalBytes: 4096 },
    { queueDepth: 0, writeCache: false, fua: false, rotationRate: 1 },
    { queueDepth: 1, sectorCount: 8, trim: false, sendFpdma: false },
  ])('says again what it was built from: %j', (change) => {
    expect(parseIdentify(data(change))).toEqual({ ...identity, ...change });
  });

  it('has text with its bytes swapped, a capacity of 28 bits that saturates, and a checksum', () => {
    const bytes = data();
    expect([...bytes.subarray(54, 60)]).toEqual([...' AIDKS'].map((c) => c.charCodeAt(0)));
    expect([...bytes.subarray(120, 124)]).toEqual([0xff, 0xff, 0xff, 0x0f]);
    expect(bytes.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  });

  it('with a wrong checksum, or of a disk without 48-bit addresses, is not taken', () => {
    const broken = data();
    broken[100]! ^= 1;
    expect(parseIdentify(broken)).toBeUndefined();
    expect(parseIdentify(new Uint8Array(512))).toBeUndefined();
  });
});
