import { describe, expect, it } from 'vitest';
import { copyRange, copyRange64 } from '../../src/wire/nvme-copy.ts';

const bytes = Uint8Array.from({ length: 40 }, (_, i) => i + 1);
const view = new DataView(bytes.buffer);

describe('source ranges of Copy', () => {
  it('have their fields where NVM Command Set 1.0, figures 37 and 38 put them', () => {
    expect(copyRange.nlb0.get(view, 0)).toBe(0x1211);
    expect(copyRange.eilbrt.get(view, 0)).toBe(0x1c1b_1a19);
    expect([copyRange.elbat.get(view, 0), copyRange.elbatm.get(view, 0)]).toEqual([0x1e1d, 0x201f]);
    expect(copyRange64.eilbrtHi.get(view, 0)).toBe(0x1f20);
    expect(copyRange64.eilbrtLo.get(view, 0)).toBe(0x2122_2324);
    expect([copyRange64.elbat.get(view, 0), copyRange64.elbatm.get(view, 0)]).toEqual([
      0x2625, 0x2827,
    ]);
    expect(copyRange.snsid.get(view, 0)).toBe(0x0403_0201);
  });

  it('begin alike', () => {
    view.setUint32(12, 1, true);
    for (const layout of [copyRange, copyRange64]) {
      expect(layout.slba.get(view, 0)).toBe(2 ** 32 + 0x0c0b_0a09);
    }
  });
});
