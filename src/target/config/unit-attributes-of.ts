/** From the attributes of a LIO device to those that its unit obeys. */
import type { UnitAttributes } from '../unit-attributes.ts';
import type { DeviceAttributes } from './device-attributes.ts';

/** What the attributes mean for the unit. A backstore that lacks one (pscsi, user) is not restrained by it. */
export function unitAttributesOf(attributes: DeviceAttributes): UnitAttributes {
  const number = (name: string, without: number): number =>
    attributes.has(name) ? attributes.number(name) : without;
  return {
    writeCache: number('emulate_write_cache', 0) === 1,
    fuaWrite: number('emulate_fua_write', 1) === 1,
    unmap: number('emulate_tpu', 1) === 1,
    unmapByZeroes: number('emulate_tpws', 1) === 1,
    maxUnmapBlocks: number('max_unmap_lba_count', 0),
    maxZeroBlocks: number('max_write_same_len', 0xffff_ffff),
    maxTransferBlocks: number('hw_max_sectors', 0xffff_ffff),
  };
}
