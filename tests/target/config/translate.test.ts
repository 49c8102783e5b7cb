import { describe, expect, it } from 'vitest';
import { loadNvmetConfig, saveNvmetConfig } from '../../../src/target/config/nvmet.ts';
import { loadSaveconfig } from '../../../src/target/config/saveconfig.ts';
import { toNvmet, toSaveconfig } from '../../../src/target/config/translate.ts';
import { lioConfigs, lioGolden, lioText } from '../../support/lio-golden.ts';

/** What is exported: the path below each LUN or namespace. */
function exported(config: ReturnType<typeof toNvmet>['config']): string[] {
  return config.subsystems.flatMap(({ namespaces }) =>
    namespaces.map(({ nsid, device }) => `${nsid} ${device.path} ${device.uuid}`),
  );
}

describe('toNvmet', () => {
  it('keeps devices, their names and who may see them, and lists what it loses', () => {
    const { target } = loadSaveconfig(lioText('cfg/05-iscsi-chap.json'));
    const { config, lost } = toNvmet(target);
    expect(
      exported(config)
        .map((line) => line.split(' ').slice(0, 2).join(' '))
        .sort(),
    ).toEqual(['11 /dev/nl0', '2 /srv/img/f0.img']);
    expect(config.hosts.map(({ nqn }) => nqn.split(':').slice(1).join(':'))).toEqual([
      'iqn.1994-05.com.example:i2',
      'iqn.1994-05.com.example:i1',
    ]);
    const kinds = lost.map(({ path, message }) => `${path.split('/')[0]} ${message}`);
    for (const what of [
      'targets addresses of iSCSI',
      'targets ramdisk/rd0 is neither a file nor a block device',
      'targets write protection for one initiator',
      'targets attributes and passwords',
      'storage_objects attributes of the device',
    ]) {
      expect(kinds).toContain(what);
    }
  });

  it.each(lioConfigs)('gives a configuration without problems for %s', (name) => {
    const { config } = toNvmet(loadSaveconfig(lioText(name)).target);
    const again = loadNvmetConfig(saveNvmetConfig(config));
    expect(again.problems.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(again.config).toEqual(config);
  });
});

describe('toSaveconfig', () => {
  it('keeps devices and their names there and back', () => {
    const { shape } = lioGolden<{ shape: unknown }>('nvmetcli-shape.json');
    const { config } = loadNvmetConfig(shape);
    const { target, lost } = toSaveconfig(config);
    expect(lost.map(({ severity }) => severity)).not.toContain('error');
    expect(lost.map(({ path }) => path.split('/')[0])).toEqual(
      expect.arrayContaining(['ports', 'hosts', 'subsystems']),
    );
    expect(exported(toNvmet(target).config)).toEqual(exported(config));
  });

  it('tells files from devices, and one name in two directories apart', () => {
    const namespaces = ['/a/x.img', '/b/x.img', '/dev/sda'].map((path, i) => ({
      nsid: i + 1,
      device: { path },
    }));
    const { target } = toSaveconfig(
      loadNvmetConfig({ subsystems: [{ nqn: 's', namespaces }] }).config,
    );
    const plugins = [...target.storageObjects.values()].map(
      ({ plugin, dev }) => `${plugin} ${dev}`,
    );
    expect(plugins).toEqual(['fileio /a/x.img', 'fileio /b/x.img', 'block /dev/sda']);
  });
});
