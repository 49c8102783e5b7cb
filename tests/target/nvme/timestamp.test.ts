import { expect, it } from 'vitest';
import { Timestamp } from '../../../src/target/nvme/timestamp.ts';
import { AdminOpcode, FeatureId } from '../../../src/wire/nvme-opcodes.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const MS = 1_000_000;

function read(clock: Timestamp, nowNs: number, isDefault = false): number[] {
  const into = new Uint8Array(8).fill(0xee);
  clock.writeTo(into, nowNs, isDefault);
  return [...into];
}

it('counts from 0 after a reset and from what was set, and says which', () => {
  const clock = new Timestamp();
  clock.reset(5 * MS);
  expect(read(clock, 5 * MS + 258 * MS)).toEqual([2, 1, 0, 0, 0, 0, 0, 0]);
  clock.set(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x10, 9, 9]), 10 * MS);
  expect(read(clock, 10 * MS)).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0x10, 2, 0]);
  expect(read(clock, 12 * MS)).toEqual([1, 0, 0, 0, 0, 0x11, 2, 0]);
  expect(read(clock, 12 * MS, true)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  clock.reset(20 * MS);
  expect(read(clock, 20 * MS)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

it('wraps after 48 bits', () => {
  const clock = new Timestamp();
  clock.set(new Uint8Array(8).fill(0xff), 0);
  expect(read(clock, MS)).toEqual([0, 0, 0, 0, 0, 0, 2, 0]);
});

it('is set and got by commands, its default included, and needs memory that is there', () => {
  const rig = new NvmeRig();
  const cdw10 = FeatureId.timestamp;
  rig.memory.write32(BUFFER, 0x1234_5678);
  expect(rig.admin({ opc: AdminOpcode.setFeatures, cdw10, bytes: 8 }).code).toBe(0x10f);
  expect(rig.admin({ opc: AdminOpcode.setFeatures, nsid: 0, cdw10, bytes: 8 }).code).toBe(0);
  rig.fill(0xee, 16);
  expect(rig.admin({ opc: AdminOpcode.getFeatures, nsid: 0, cdw10, bytes: 8 }).code).toBe(0);
  expect([...rig.bytes(9)]).toEqual([0x78, 0x56, 0x34, 0x12, 0, 0, 2, 0, 0xee]);
  const asDefault = { opc: AdminOpcode.getFeatures, nsid: 0, cdw10: cdw10 | 0x100, bytes: 8 };
  expect(rig.admin(asDefault).code).toBe(0);
  expect([...rig.bytes(8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(rig.admin({ ...asDefault, cdw10: cdw10 | 0x300, bytes: 0 })).toMatchObject({ dw0: 4 });
  for (const opc of [AdminOpcode.setFeatures, AdminOpcode.getFeatures]) {
    expect(rig.admin({ opc, nsid: 0, cdw10, bytes: 8, gpa: 2 ** 40 }).code).toBe(4);
  }
});
