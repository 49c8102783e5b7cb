import { describe, expect, it } from 'vitest';
import {
  checkFabricAttribute,
  FABRICS,
  initialFabricAttributes,
} from '../../../src/target/config/fabric-rules.ts';
import { lioGolden } from '../../support/lio-golden.ts';

interface Recorded {
  readonly wwn: Readonly<Record<string, string>>;
  readonly attrib: Readonly<
    Record<string, { readonly default: string; readonly writes: Readonly<Record<string, string>> }>
  >;
  readonly param: Readonly<Record<string, { readonly default: string }>>;
}

const { fabric } = lioGolden<{ fabric: Readonly<Record<string, Recorded>> }>('attributes.json');

describe.each(Object.entries(fabric))('the rules of %s', (name, recorded) => {
  const rules = FABRICS[name]!;

  it('begin with the recorded attributes and parameters', () => {
    const defaults = Object.entries(recorded.attrib).map(([key, value]) => [
      key,
      Number(value.default),
    ]);
    expect(initialFabricAttributes(name)).toEqual(Object.fromEntries(defaults));
    const parameters = Object.entries(recorded.param).map(([key, value]) => [key, value.default]);
    expect(rules.parameters).toEqual(Object.fromEntries(parameters));
  });

  it('take and refuse the recorded values of attributes', () => {
    for (const [key, { writes }] of Object.entries(recorded.attrib)) {
      for (const [text, result] of Object.entries(writes)) {
        const verdict = checkFabricAttribute(name, key, text);
        expect(typeof verdict === 'string' ? verdict : 'ok', `${key} = ${text}`).toBe(result);
      }
    }
    expect(checkFabricAttribute(name, 'zzz', '1')).toBe('ENOENT');
  });

  it('take and refuse the recorded names of targets', () => {
    for (const [wwn, result] of Object.entries(recorded.wwn)) {
      if (!wwn.includes('/')) expect(rules.isWwn(wwn), wwn).toBe(result === 'ok');
    }
  });
});
