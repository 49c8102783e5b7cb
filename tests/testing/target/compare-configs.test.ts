import { describe, expect, it } from 'vitest';
import { compareConfigs } from '../../../src/testing/target/compare-configs.ts';

describe('compareConfigs', () => {
  it('takes lists for sets', () => {
    const luns = [
      { index: 1, alias: 'a' },
      { index: 2, alias: 'b' },
    ];
    expect(compareConfigs({ luns }, { luns: [...luns].reverse() })).toEqual([]);
    expect(compareConfigs([1, 1], [1])).toEqual([
      { path: '/1#2', actual: '1', expected: undefined },
    ]);
  });

  it('names what differs by its path', () => {
    const a = { targets: [{ fabric: 'vhost', wwn: 'x', tpgs: [{ tag: 1, enable: true }] }] };
    const b = { targets: [{ fabric: 'vhost', wwn: 'x', tpgs: [{ tag: 1, enable: false }] }], z: 0 };
    expect(compareConfigs(a, b)).toEqual(
      [
        { path: '/targets/vhost x/1/enable', actual: 'true', expected: 'false' },
        { path: '/z', actual: undefined, expected: '0' },
      ].map((each) => ({ ...each, path: each.path.replace('x/1', 'x/tpgs/1') })),
    );
  });

  it('does not name a storage object by its serial number', () => {
    const object = (wwn: string) => [{ plugin: 'fileio', name: 'f', wwn }];
    expect(compareConfigs(object('1'), object('2')).map(({ path }) => path)).toEqual([
      '/fileio f/wwn',
    ]);
  });
});
