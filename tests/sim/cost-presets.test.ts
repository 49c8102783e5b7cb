import { expect, it } from 'vitest';
import { costPresets, NO_COSTS } from '../../src/sim/cost-presets.ts';

it('every preset has every cost as an integer of 0 and more', () => {
  for (const table of Object.values(costPresets)) {
    expect(Object.keys(table)).toEqual(Object.keys(NO_COSTS));
    for (const cost of Object.values(table)) expect(Number.isInteger(cost) && cost >= 0).toBe(true);
  }
});
