import { describe, expect, it } from 'vitest';
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { ZONE_REPORT_PARTIAL, ZoneSendAction, ZoneState } from '../../../../src/wire/nvme-zoned.ts';
import { BUFFER, ZoneRig, zoneAt } from './zone-rig.ts';

const IMPLICITLY_OPEN = 2 << 8;

function make(extensionBytes = 0): ZoneRig {
  const rig = new ZoneRig({ zoneBlocks: 10, zoneCapacity: 7, extensionBytes }, 4);
  rig.write(10, 2);
  rig.write(30, 1);
  return rig;
}

describe('a report of zones', () => {
  it('starts at the zone that the block lies in', () => {
    const { code, view } = make().report(19, 4 * 64);
    expect(code).toBe(0);
    expect(view.getUint32(0, true)).toBe(3);
    expect([1, 2, 3].map((i) => zoneAt(view, 64 * i).zslba)).toEqual([10, 20, 30]);
  });

  it('lists the zones of one state', () => {
    const { view } = make().report(0, 4 * 64, IMPLICITLY_OPEN);
    expect(view.getUint32(0, true)).toBe(2);
    expect([1, 2].map((i) => zoneAt(view, 64 * i))).toMatchObject([
      { zslba: 10, wp: 12, state: ZoneState.implicitlyOpen },
      { zslba: 30, wp: 31, state: ZoneState.implicitlyOpen },
    ]);
  });

  it.each([
    [0, 4],
    [ZONE_REPORT_PARTIAL, 2],
  ])('counts what there is, or with PARTIAL what it holds (%i)', (flag, count) => {
    const { code, view } = make().report(0, 3 * 64 + 60, flag);
    expect(code).toBe(0);
    expect(view.getUint32(0, true)).toBe(count);
    expect(zoneAt(view, 128).zslba).toBe(10);
    expect(new Uint8Array(view.buffer, 192).every((byte) => byte === 0)).toBe(true);
  });

  it('carries extensions when it is asked for them', () => {
    const rig = make(64);
    rig.memory.fill(BUFFER, 0xab, 64);
    rig.send(ZoneSendAction.setExtension, 0, 0, 64);
    const { code, view } = rig.report(0, 64 + 2 * 128, 1);
    expect(code).toBe(0);
    expect(zoneAt(view, 64)).toMatchObject({ state: ZoneState.closed, attributes: 128 });
    expect([view.getUint8(128), view.getUint8(191), view.getUint8(192 + 64)]).toEqual([
      0xab, 0xab, 0,
    ]);
    expect(zoneAt(view, 192).zslba).toBe(10);
  });

  it.each([
    ['a reserved action', 2, 128, 0],
    ['extensions that there are none of', 1, 128, 0],
    ['a reserved filter', 8 << 8, 128, 0],
    ['less than a header', 0, 60, 0],
    ['more than a command may transfer', 0, 2 << 20, 0],
  ])('refuses %s', (_, cdw13, bytes, slba) => {
    const rig = make();
    const fields = { opc: 0x7a, cdw10: slba, cdw12: bytes / 4 - 1, cdw13, bytes };
    expect(rig.do(fields).code).toBe(NvmeStatus.invalidField);
  });

  it('refuses a block beyond the namespace, and memory that is not there', () => {
    const rig = make();
    expect(rig.report(40, 128).code).toBe(NvmeStatus.lbaOutOfRange);
    const fields = { opc: 0x7a, cdw12: 47, bytes: 192, gpa: 0x10_0000 - 128 };
    expect(rig.do(fields).code).toBe(NvmeStatus.dataTransferError);
  });
});
