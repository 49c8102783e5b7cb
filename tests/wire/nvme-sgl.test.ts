import { expect, it } from 'vitest';
import { Fuse, Psdt, SglType, sglDescriptor } from '../../src/wire/nvme-sgl.ts';

it('puts type and subtype into the last byte of a descriptor', () => {
  const view = new DataView(new ArrayBuffer(16));
  sglDescriptor.type.set(view, 0, SglType.lastSegment);
  sglDescriptor.subtype.set(view, 0, 1);
  expect(view.getUint8(15)).toBe(0x31);
});

it('knows the flags of command dword 0 in their places', () => {
  expect([Fuse.first | Fuse.second, Psdt.sgl | Psdt.metadataSgl]).toEqual([Fuse.mask, Psdt.mask]);
});
