import { describe, expect, it } from 'vitest';
import { DeviceAttributes } from '../../../src/target/config/device-attributes.ts';
import { unitAttributesOf } from '../../../src/target/config/unit-attributes-of.ts';

function of(backstore: 'fileio' | 'ramdisk' | 'user', writes: Record<string, string> = {}) {
  const attributes = new DeviceAttributes(backstore);
  attributes.enable();
  for (const [name, text] of Object.entries(writes)) attributes.write(name, text);
  return unitAttributesOf(attributes);
}

describe('unitAttributesOf', () => {
  it('gives what a FILEIO device begins with', () => {
    expect(of('fileio')).toEqual({
      writeCache: false,
      fuaWrite: true,
      unmap: false,
      unmapByZeroes: false,
      maxUnmapBlocks: 8192,
      maxZeroBlocks: 4096,
      maxTransferBlocks: 16_384,
    });
  });

  it('follows what is written', () => {
    const writes = {
      emulate_write_cache: '1',
      emulate_fua_write: '0',
      emulate_tpu: '1',
      emulate_tpws: '1',
      max_unmap_lba_count: '7',
      max_write_same_len: '9',
    };
    expect(of('fileio', writes)).toEqual({
      writeCache: true,
      fuaWrite: false,
      unmap: true,
      unmapByZeroes: true,
      maxUnmapBlocks: 7,
      maxZeroBlocks: 9,
      maxTransferBlocks: 16_384,
    });
  });

  it('offers no write zeroes on a RAM disk, and restrains no device by what it lacks', () => {
    expect(of('ramdisk').maxZeroBlocks).toBe(0);
    expect(of('user')).toMatchObject({ unmap: true, fuaWrite: true, maxTransferBlocks: 128 });
  });
});
