import { expect, it } from 'vitest';
import { CONTROLLER_STATES, NEXT_STATES } from '../../src/nvme-device/controller-states.ts';

it('every state can be left, and reset leads from each to disabled', () => {
  for (const start of CONTROLLER_STATES) {
    const reached = new Set([start]);
    for (const state of reached) for (const next of NEXT_STATES[state]) reached.add(next);
    expect(reached).toContain('disabled');
    expect(NEXT_STATES[start].length).toBeGreaterThan(0);
    expect(NEXT_STATES[start]).not.toContain(start);
  }
});
