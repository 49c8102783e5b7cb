import { describe, expect, it } from 'vitest';
import { DeviceAttributes } from '../../../src/target/config/device-attributes.ts';

function enabled(...args: ConstructorParameters<typeof DeviceAttributes>): DeviceAttributes {
  const unit = new DeviceAttributes(...args);
  unit.enable();
  return unit;
}

describe('DeviceAttributes', () => {
  it('has no attribute but those of its kind of backstore', () => {
    const unit = enabled('pscsi');
    expect(unit.read('block_size')).toBeUndefined();
    expect(unit.write('block_size', '512')).toBe('ENOENT');
    expect(unit.isWritable('hw_block_size')).toBe(false);
    expect(unit.saved()).toEqual({ alua_support: 0, emulate_pr: 1, pgr_support: 0 });
  });

  it('counts the sectors of FILEIO anew when the block changes, as 8 MiB at once stay 8 MiB', () => {
    const unit = enabled('fileio');
    expect(unit.write('block_size', '4096')).toBeUndefined();
    expect(unit.read('hw_max_sectors')).toBe('2048');
    expect(unit.write('optimal_sectors', '16384')).toBe('EINVAL');
    expect(unit.write('optimal_sectors', '2048')).toBeUndefined();
  });

  it('takes unmap flags once the device has unmap descriptors', () => {
    const unit = enabled('ramdisk');
    expect(unit.write('emulate_tpu', '1')).toBe('ENOSYS');
    expect(unit.write('max_unmap_block_desc_count', '1')).toBeUndefined();
    expect(unit.write('emulate_tpu', '1')).toBeUndefined();
    expect(unit.read('emulate_tpu')).toBe('1');
  });

  it('verifies protection only where there is a type, and forgets it with the type', () => {
    const unit = enabled('fileio');
    unit.write('pi_prot_verify', '1');
    expect(unit.read('pi_prot_verify')).toBe('0');
    unit.write('pi_prot_type', '3');
    unit.write('pi_prot_verify', '1');
    expect(unit.read('pi_prot_verify')).toBe('1');
    expect(unit.write('pi_prot_format', '1')).toBeUndefined();
    unit.write('pi_prot_type', '0');
    expect(unit.read('pi_prot_verify')).toBe('0');
  });

  it('takes over what lies below when it is enabled, once', () => {
    const values = { hw_max_sectors: 64, optimal_sectors: 64, block_size: 4096, zzz: 1 };
    const unit = enabled('block', { values, writeCache: true });
    expect([unit.read('block_size'), unit.read('emulate_write_cache')]).toEqual(['4096', '1']);
    expect(unit.has('zzz')).toBe(false);
    unit.write('is_nonrot', '0');
    unit.enable();
    expect(unit.read('is_nonrot')).toBe('0');
  });

  it('refuses a queue deeper than the hardware and a time below -1', () => {
    expect(enabled('fileio').write('queue_depth', '129')).toBe('EINVAL');
    expect(enabled('fileio').write('queue_depth', '127')).toBeUndefined();
    expect(enabled('user').write('qfull_time_out', '-2')).toBe('EINVAL');
    expect(enabled('user', { config: 'a/b', size: 7 }).read('dev_config')).toBe('a/b');
    expect(enabled('user', { size: 7 }).read('dev_size')).toBe('7');
  });
});
