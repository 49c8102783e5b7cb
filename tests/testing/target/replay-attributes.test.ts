import { describe, expect, it } from 'vitest';
import {
  type RecordedAttributes,
  replayAttributes,
} from '../../../src/testing/target/replay-attributes.ts';
import { lioGolden } from '../../support/lio-golden.ts';

describe('replayAttributes', () => {
  const recorded = lioGolden<RecordedAttributes>('attributes.json');

  it('finds our devices equal to those of Linux 6.1: names, defaults, modes and every write', () => {
    const tried = Object.values(recorded.backstores).flatMap(({ attrib }) =>
      Object.values(attrib).flatMap(({ writes }) => Object.keys(writes)),
    );
    expect(tried.length).toBeGreaterThan(2_500);
    expect(replayAttributes(recorded)).toEqual([]);
  });

  it('says where they differ', () => {
    const { pscsi } = recorded.backstores;
    const attrib = { emulate_pr: { default: '0', mode: '0o444', writes: { '1': 'EPERM' } } };
    const wrong = {
      values: ['1'],
      backstores: { pscsi: { beforeEnable: pscsi!.beforeEnable, attrib } },
      exported: { pscsi: { emulate_pr: { '2': 'ok' } } },
    };
    expect(replayAttributes(wrong)).toEqual([
      'pscsi emulate_pr: 1 instead of 0',
      'pscsi emulate_pr mode: 0o644 instead of 0o444',
      "pscsi emulate_pr = '1': reads 1 instead of EPERM",
      "exported pscsi emulate_pr = '2': EINVAL instead of ok",
    ]);
  });
});
