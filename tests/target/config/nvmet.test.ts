import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/base/assert.ts';
import { loadNvmetConfig, saveNvmetConfig } from '../../../src/target/config/nvmet.ts';
import { lioGolden } from '../../support/lio-golden.ts';

const { shape } = lioGolden<{ shape: Record<string, unknown> }>('nvmetcli-shape.json');
const paths = (file: unknown) =>
  loadNvmetConfig(file)
    .problems.filter(({ severity }) => severity !== 'note')
    .map(({ path }) => path);
const device = { path: '/dev/x' };

describe('loadNvmetConfig', () => {
  it('loads the recorded configuration and saves it as it was', () => {
    const { config, problems } = loadNvmetConfig(JSON.stringify(shape));
    expect(saveNvmetConfig(config)).toEqual(shape);
    expect(problems.map(({ severity }) => severity)).toEqual(['note']);
  });

  it('gives missing keys the defaults of the kernel, and keeps unknown ones', () => {
    const file = {
      zzz: 1,
      subsystems: [{ nqn: 's', odd: 2, namespaces: [{ nsid: 1, device, odd: 3 }] }],
      ports: [{ portid: 1, addr: { trtype: 'loop' }, odd: 4 }],
    };
    const saved = saveNvmetConfig(loadNvmetConfig(file).config);
    expect(saved).toMatchObject({
      zzz: 1,
      subsystems: [
        {
          odd: 2,
          attr: { cntlid_max: '65519', model: 'Linux', version: '1.3', allow_any_host: '0' },
          namespaces: [{ enable: 0, odd: 3 }],
        },
      ],
      ports: [
        {
          odd: 4,
          ana_groups: [{ grpid: 1, ana: { state: 'optimized' } }],
          addr: { treq: 'not specified' },
        },
      ],
    });
    expect(loadNvmetConfig(saved).config).toEqual(loadNvmetConfig(file).config);
  });

  it('takes a number for its text', () => {
    const file = { subsystems: [{ nqn: 's', attr: { cntlid_min: 5, allow_any_host: 1 } }] };
    const { attr } = loadNvmetConfig(file).config.subsystems[0]!;
    expect([attr.cntlid_min, attr.allow_any_host]).toEqual(['5', '1']);
  });

  it.each([
    [{ hosts: [{ nqn: 'h' }, { nqn: 'h' }, 3] }, ['hosts[1].nqn', 'hosts[2]']],
    [
      { subsystems: [{ nqn: 's' }, { nqn: 's' }, { nqn: 'a b' }] },
      ['subsystems[1].nqn', 'subsystems[2].nqn'],
    ],
    [{ subsystems: [{ nqn: 's', allowed_hosts: ['h'] }] }, ['subsystems[0].allowed_hosts[0]']],
    [
      { subsystems: [{ nqn: 's', attr: { cntlid_min: '9', cntlid_max: '8' } }] },
      ['subsystems[0].attr.cntlid_min'],
    ],
    [{ subsystems: [{ nqn: 's', attr: { qid_max: 'x' } }] }, ['subsystems[0].attr.qid_max']],
    [
      {
        subsystems: [
          {
            nqn: 's',
            namespaces: [
              { nsid: 0, device },
              { nsid: 1, device },
              { nsid: 1, device },
              { nsid: 2 },
            ],
          },
        ],
      },
      [
        'subsystems[0].namespaces[0].nsid',
        'subsystems[0].namespaces[2].nsid',
        'subsystems[0].namespaces[3].device',
      ],
    ],
    [
      {
        ports: [
          { portid: 1, addr: { trtype: 'tcp' }, subsystems: ['s'] },
          { portid: 1, addr: { trtype: 'x' } },
        ],
      },
      ['ports[0].subsystems[0]', 'ports[1].portid'],
    ],
    [
      {
        ports: [
          { portid: 1, addr: { trtype: 'tcp' }, ana_groups: [{ grpid: 1, ana: { state: 'x' } }] },
        ],
      },
      ['ports[0].ana_groups[0].ana.state'],
    ],
  ])('lists what is wrong with %j', (file, expected) => {
    expect(paths(file)).toEqual(expected);
  });

  it.each([
    ['', '(file)'],
    ['3', '(file)'],
    ['{"ports": 1}', 'ports'],
  ])('refuses %j', (text, path) => {
    expect(() => loadNvmetConfig(text)).toThrow(ConfigError);
    expect(() => loadNvmetConfig(text)).toThrow(new RegExp(`^${path.replace(/[()]/g, '\\$&')}: `));
  });
});
