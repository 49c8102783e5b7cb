import { describe, expect, it } from 'vitest';
import {
  makeAluaGroup,
  parseAluaGroups,
  savedAluaGroup,
  setAluaValue,
} from '../../../src/target/config/alua-group.ts';
import { ProblemList } from '../../../src/target/config/problems.ts';

describe('ALUA groups', () => {
  it('always have the default group, with id 0 whatever a file says', () => {
    const problems = new ProblemList();
    const groups = parseAluaGroups([{ name: 'default_tg_pt_gp', tg_pt_gp_id: 5 }], 'p', problems);
    expect([...groups.values()].map(({ id }) => id)).toEqual([0]);
    expect(problems.all).toEqual([]);
    expect([...parseAluaGroups(undefined, 'p', problems).keys()]).toEqual(['default_tg_pt_gp']);
  });

  it('get the lowest free id where they have none, and no id twice', () => {
    const problems = new ProblemList();
    const list = [{ name: 'a' }, { name: 'b', tg_pt_gp_id: 1 }, { name: 'c' }];
    const groups = parseAluaGroups(list, 'p', problems);
    expect([...groups.values()].map(({ name, id }) => [name, id])).toEqual([
      ['default_tg_pt_gp', 0],
      ['a', 1],
      ['c', 2],
    ]);
    expect(problems.all.map(({ path }) => path)).toEqual(['p[1].tg_pt_gp_id']);
  });

  it('keep unknown keys, and list values that are none', () => {
    const problems = new ProblemList();
    const list = [
      { name: 'a', zzz: 1, preferred: 1, alua_access_state: 9, trans_delay_msecs: 'x' },
    ];
    const group = parseAluaGroups(list, 'p', problems).get('a')!;
    expect(savedAluaGroup(group)).toMatchObject({ zzz: 1, preferred: 1, alua_access_state: 0 });
    expect(problems.all.map(({ path }) => path)).toEqual([
      'p[0].alua_access_state',
      'p[0].trans_delay_msecs',
    ]);
  });

  it.each([
    ['alua_access_state', '14', true],
    ['alua_access_state', '15', false],
    ['alua_access_type', '3', true],
    ['alua_access_type', '4', false],
    ['preferred', '2', false],
    ['implicit_trans_secs', '255', true],
    ['implicit_trans_secs', '256', false],
    ['zzz', '1', false],
  ])('take %s = %s: %s', (key, text, isRight) => {
    expect(setAluaValue(makeAluaGroup('a', 1), key, text)).toBe(isRight);
  });
});
