import { describe, expect, it } from 'vitest';
import {
  hasWritePointer,
  isActive,
  isOpen,
  isSelected,
  mayEnter,
  nextState,
} from '../../../../src/target/nvme/zoned/zone-state.ts';
import { ZoneSendAction, ZoneState } from '../../../../src/wire/nvme-zoned.ts';

const STATES = Object.entries(ZoneState) as [keyof typeof ZoneState, ZoneState][];
const nameOf = (state: number) => STATES.find(([, each]) => each === state)?.[0] ?? 'invalid';

type Row = Record<'close' | 'finish' | 'open' | 'reset' | 'offline' | 'setExtension', string>;

/** Zoned Namespaces 1.1, 3.4.3.1: where each action leads from each state. */
const DIAGRAM: Record<keyof typeof ZoneState, Row> = {
  empty: row('invalid', 'full', 'explicitlyOpen', 'empty', 'invalid', 'closed'),
  implicitlyOpen: row('closed', 'full', 'explicitlyOpen', 'empty', 'invalid', 'invalid'),
  explicitlyOpen: row('closed', 'full', 'explicitlyOpen', 'empty', 'invalid', 'invalid'),
  closed: row('closed', 'full', 'explicitlyOpen', 'empty', 'invalid', 'invalid'),
  full: row('invalid', 'full', 'invalid', 'empty', 'invalid', 'invalid'),
  readOnly: row('invalid', 'invalid', 'invalid', 'invalid', 'offline', 'invalid'),
  offline: row('invalid', 'invalid', 'invalid', 'invalid', 'offline', 'invalid'),
};

function row(
  close: string,
  finish: string,
  open: string,
  reset: string,
  offline: string,
  setExtension: string,
): Row {
  return { close, finish, open, reset, offline, setExtension };
}

describe('the zone state diagram', () => {
  const cases = STATES.flatMap(([name, state]) =>
    (Object.keys(DIAGRAM[name]) as (keyof Row)[]).map(
      (action) => [action, name, DIAGRAM[name][action], state] as const,
    ),
  );

  it.each(cases)('%s of a zone that is %s leads to %s', (action, _name, to, state) => {
    const next = nextState(ZoneSendAction[action], state);
    expect(nameOf(next)).toBe(to);
    if (next !== 0 && next !== state) expect(mayEnter(state, next)).toBe(true);
  });

  it.each([
    ['close', ['implicitlyOpen', 'explicitlyOpen']],
    ['finish', ['implicitlyOpen', 'explicitlyOpen', 'closed']],
    ['open', ['closed']],
    ['reset', ['implicitlyOpen', 'explicitlyOpen', 'closed', 'full']],
    ['offline', ['readOnly']],
    ['setExtension', []],
    ['commit', []],
  ] as const)('%s of all selects the zones that are %s', (action, selected) => {
    const found = STATES.filter(([, state]) => isSelected(ZoneSendAction[action], state));
    expect(found.map(([name]) => name)).toEqual(selected);
  });

  it('has no arrow out of Offline, and out of Read Only but to Offline', () => {
    for (const [name, state] of STATES) {
      expect([name, mayEnter(ZoneState.offline, state)]).toEqual([name, false]);
      expect([name, mayEnter(ZoneState.readOnly, state)]).toEqual([name, name === 'offline']);
      expect([name, mayEnter(ZoneState.full, state)]).toEqual([
        name,
        ['empty', 'readOnly', 'offline'].includes(name),
      ]);
    }
  });

  it('counts open zones as active, and gives a write pointer to what can be written', () => {
    const table = STATES.map(([name, state]) => [
      name,
      isOpen(state),
      isActive(state),
      hasWritePointer(state),
    ]);
    expect(table).toEqual([
      ['empty', false, false, true],
      ['implicitlyOpen', true, true, true],
      ['explicitlyOpen', true, true, true],
      ['closed', false, true, true],
      ['readOnly', false, false, false],
      ['full', false, false, false],
      ['offline', false, false, false],
    ]);
  });
});
