import { describe, expect, it } from 'vitest';
import { MsixTable } from '../../src/nvme-device/msix-table.ts';

describe('MsixTable', () => {
  it('starts with every vector masked, and sends when all three masks are open', () => {
    const table = new MsixTable(3);
    table.enabled = true;
    expect([table.readTable(12), table.canSend(0)]).toEqual([1, false]);
    table.writeTable(12, 0);
    expect(table.canSend(0)).toBe(true);
    table.functionMasked = true;
    expect(table.canSend(0)).toBe(false);
    table.functionMasked = false;
    table.enabled = false;
    expect(table.canSend(0)).toBe(false);
  });

  it('keeps address and data, and drops the reserved bits of vector control', () => {
    const table = new MsixTable(2);
    for (let word = 4; word < 8; word++) table.writeTable(4 * word, 0xffff_ffff);
    expect([16, 20, 24, 28].map((at) => table.readTable(at))).toEqual([
      0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 1,
    ]);
  });

  it('shows pending bits by vector, in whole quadwords', () => {
    const table = new MsixTable(65);
    expect([table.tableBytes, table.pendingBytes]).toEqual([65 * 16, 16]);
    table.setPending(31, true);
    table.setPending(64, true);
    expect([table.readPending(0), table.readPending(8)]).toEqual([0x8000_0000, 1]);
    expect([table.isPending(31), table.isPending(30)]).toEqual([true, false]);
    table.setPending(31, false);
    expect(table.readPending(0)).toBe(0);
    table.reset();
    expect(table.isPending(64)).toBe(false);
  });
});
