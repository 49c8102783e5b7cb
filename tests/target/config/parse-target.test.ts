import { describe, expect, it } from 'vitest';
import { aliasOf, savedTarget } from '../../../src/target/config/fabric-target.ts';
import { parseTarget } from '../../../src/target/config/parse-target.ts';
import { ProblemList } from '../../../src/target/config/problems.ts';
import { loadSaveconfig } from '../../../src/target/config/saveconfig.ts';

function parse(value: unknown) {
  const storage_objects = [
    { plugin: 'ramdisk', name: 'r', size: 4096 },
    { plugin: 'pscsi', name: 'p', dev: '/dev/sda' },
  ];
  const { target } = loadSaveconfig({ storage_objects });
  const problems = new ProblemList();
  const { storageObjects, targets } = target;
  parseTarget(value, 't', { problems, seed: 0, probe: () => ({}), storageObjects, targets });
  return { target, problems: problems.all.map(({ severity, path }) => `${severity} ${path}`) };
}

const vhost = { fabric: 'vhost', wwn: 'naa.5001405abd75f6bd' };
const lun = (index: unknown, object = 'ramdisk/r') => ({
  index,
  storage_object: `/backstores/${object}`,
});

describe('parseTarget', () => {
  it('fills in tags, attributes, names and groups', () => {
    const { target, problems } = parse({
      ...vhost,
      tpgs: [{ luns: [lun(0), lun(1, 'pscsi/p')] }, {}],
    });
    expect(problems).toEqual([]);
    const saved = savedTarget(target.targets.get(`vhost/${vhost.wwn}`)!);
    const name = (index: number) => aliasOf(0, `vhost/${vhost.wwn}/1/${index}`);
    const empty = { enable: true, attributes: { fabric_prot_type: 0 }, portals: [], node_acls: [] };
    expect(saved['tpgs']).toEqual([
      {
        ...empty,
        tag: 1,
        luns: [
          { ...lun(0), alias: name(0), alua_tg_pt_gp_name: 'default_tg_pt_gp' },
          { ...lun(1, 'pscsi/p'), alias: name(1), alua_tg_pt_gp_name: null },
        ],
      },
      { ...empty, tag: 2, luns: [] },
    ]);
    expect(name(0)).toMatch(/^[0-9a-f]{10}$/);
  });

  it('gives iSCSI groups their parameters', () => {
    const { target } = parse({
      fabric: 'iscsi',
      wwn: 'iqn.x',
      tpgs: [{ parameters: { AuthMethod: 'None' } }],
    });
    const { parameters } = target.targets.get('iscsi/iqn.x')!.tpgs.get(1)!;
    expect(parameters).toMatchObject({ AuthMethod: 'None', MaxConnections: '1' });
  });

  it.each([
    [{ ...vhost, fabric: 'zzz' }, ['error t.fabric']],
    [{ ...vhost, wwn: 'bogus' }, ['error t.wwn']],
    [{ fabric: 'qla2xxx', wwn: 'x', tpgs: [{ attributes: { odd: 1 } }] }, ['note t']],
    [
      { ...vhost, tpgs: [{ attributes: { fabric_prot_type: 2, zzz: 1, a: null } }] },
      ['warning t.tpgs[0].attributes.fabric_prot_type', 'warning t.tpgs[0].attributes.zzz'],
    ],
    [
      { ...vhost, tpgs: [{ luns: [lun(0, 'fileio/x'), lun(1), lun('1'), lun(70_000)] }] },
      [
        'error t.tpgs[0].luns[0].storage_object',
        'error t.tpgs[0].luns[2].index',
        'error t.tpgs[0].luns[3].index',
      ],
    ],
    [
      { ...vhost, tpgs: [{ luns: [{ ...lun(0), alua_tg_pt_gp_name: 'no' }] }] },
      ['warning t.tpgs[0].luns[0].alua_tg_pt_gp_name'],
    ],
    [
      {
        ...vhost,
        tpgs: [
          {
            portals: [
              { ip_address: '999.1.1.1' },
              { ip_address: '1.2.3.4.5' },
              { ip_address: '[::1]' },
            ],
          },
        ],
      },
      ['error t.tpgs[0].portals[0].ip_address', 'error t.tpgs[0].portals[1].ip_address'],
    ],
    [
      {
        ...vhost,
        tpgs: [
          {
            luns: [lun(0)],
            node_acls: [
              {},
              {
                node_wwn: 'i',
                mapped_luns: [
                  {},
                  { index: 0, tpg_lun: 9 },
                  { index: 1, tpg_lun: 0 },
                  { index: 1, tpg_lun: 0 },
                ],
              },
            ],
          },
        ],
      },
      [
        'error t.tpgs[0].node_acls[0].node_wwn',
        'error t.tpgs[0].node_acls[1].mapped_luns[0].index',
        'error t.tpgs[0].node_acls[1].mapped_luns[1].tpg_lun',
        'error t.tpgs[0].node_acls[1].mapped_luns[3].index',
      ],
    ],
  ])('of %j lists %j', (value, expected) => {
    expect(parse(value).problems).toEqual(expected);
  });

  it('puts the second of two targets of one name into the first', () => {
    const first = parse({ ...vhost, tpgs: [{ tag: 1, luns: [lun(0)] }] }).target;
    const problems = new ProblemList();
    const { storageObjects, targets } = first;
    const world = { problems, seed: 0, probe: () => ({}), storageObjects, targets };
    parseTarget({ ...vhost, tpgs: [{ tag: 1, luns: [lun(5)] }, { tag: 2 }] }, 't', world);
    const { tpgs } = targets.get(`vhost/${vhost.wwn}`)!;
    expect([...tpgs.keys()]).toEqual([1, 2]);
    expect([...tpgs.get(1)!.luns.keys()]).toEqual([0, 5]);
    expect(storageObjects.get('ramdisk/r')!.exports).toBe(2);
  });
});
