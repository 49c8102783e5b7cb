/**
 * From saveconfig.json to nvmetcli's JSON and back: devices and who may see them carry over, and what does not is listed.
 *
 * A target port group becomes a subsystem, LUN n namespace n + 1, a node ACL an allowed host; a subsystem becomes a vhost target.
 */
import { hex, identityBytes } from '../nvme/identity.ts';
import type { FabricTarget, Tpg } from './fabric-target.ts';
import type { LioTarget } from './lio-target.ts';
import { loadNvmetConfig, type NvmetConfig, type NvmetSubsystem } from './nvmet.ts';
import { type ConfigProblem, ProblemList } from './problems.ts';
import { loadSaveconfig } from './saveconfig.ts';
import type { StorageObject } from './storage-object.ts';

/** An NVMe configuration, and what of the other it does not hold. */
export interface TranslatedToNvmet {
  readonly config: NvmetConfig;
  readonly lost: readonly ConfigProblem[];
}

/** A LIO target, and what of the other configuration it does not hold. */
export interface TranslatedToLio {
  readonly target: LioTarget;
  readonly lost: readonly ConfigProblem[];
}

const PREFIX = 'nqn.2014-08.org.nvmexpress';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The NVMe target that exports the same files and devices to the same hosts. */
export function toNvmet(target: LioTarget): TranslatedToNvmet {
  const lost = new ProblemList();
  const hosts = new Set<string>();
  const subsystems: unknown[] = [];
  for (const each of target.targets.values()) {
    for (const tpg of each.tpgs.values()) subsystems.push(subsystemOf(each, tpg, hosts, lost));
  }
  for (const object of target.storageObjects.values()) reportObject(object, lost);
  for (const module of target.fabricModules) {
    lost.warn(`fabric_modules/${module['name']}`, 'discovery settings');
  }
  const names = subsystems.map((each) => (each as { nqn: string }).nqn);
  const ports = [{ portid: 1, addr: { trtype: 'loop' }, subsystems: names }];
  const file = { hosts: [...hosts].map((nqn) => ({ nqn })), ports, subsystems };
  return { config: loadNvmetConfig(file).config, lost: lost.all };
}

function subsystemOf(
  { fabric, wwn }: FabricTarget,
  tpg: Tpg,
  hosts: Set<string>,
  lost: ProblemList,
): unknown {
  const here = `targets/${fabric}/${wwn}/tpg${tpg.tag}`;
  if (tpg.portals.size > 0) lost.warn(`${here}/portals`, 'addresses of iSCSI');
  if (tpg.parameters !== undefined) lost.warn(`${here}/parameters`, 'parameters of the fabric');
  if (Object.keys(tpg.extra).length > 0) {
    lost.warn(here, `keys without a place: ${Object.keys(tpg.extra).join(', ')}`);
  }
  const namespaces = [...tpg.luns.values()].flatMap(({ index, storageObject, aluaGroup }) => {
    const { dev, parameters, aluaGroups } = storageObject;
    if (dev === undefined || storageObject.plugin === 'pscsi') {
      lost.error(
        `${here}/luns/${index}`,
        `${storageObject.key} is neither a file nor a block device`,
      );
      return [];
    }
    const uuid = String(parameters['wwn'] ?? '');
    const group = aluaGroup === null ? 0 : (aluaGroups.get(aluaGroup)?.id ?? 0);
    if (group > 0) lost.warn(`${here}/luns/${index}`, `the state of ALUA group '${aluaGroup}'`);
    return {
      nsid: index + 1,
      enable: tpg.enable ? 1 : 0,
      ana_grpid: 1,
      device: { path: dev, ...(UUID.test(uuid) && { uuid }) },
    };
  });
  const allowed = [...tpg.nodeAcls.values()].map(({ wwn: initiator, mappedLuns, extra }) => {
    const path = `${here}/node_acls/${initiator}`;
    for (const lun of mappedLuns.values()) {
      if (lun.writeProtect) lost.warn(`${path}/${lun.index}`, 'write protection for one initiator');
      if (lun.index !== lun.tpgLun)
        lost.warn(`${path}/${lun.index}`, 'another index for one initiator');
    }
    if (mappedLuns.size < tpg.luns.size) lost.warn(path, 'LUNs that one initiator does not see');
    if (Object.keys(extra).length > 0) lost.warn(path, 'attributes and passwords');
    const nqn = `${PREFIX}:${initiator}`;
    hosts.add(nqn);
    return nqn;
  });
  const attr = { allow_any_host: allowed.length === 0 ? '1' : '0' };
  const nqn = `${PREFIX}:${fabric}.${wwn}.${tpg.tag}`;
  return { nqn, allowed_hosts: allowed, attr, namespaces };
}

function reportObject(object: StorageObject, lost: ProblemList): void {
  const path = `storage_objects/${object.key}`;
  if (object.exports === 0) lost.error(path, 'no LUN is linked to it');
  if (object.isBuffered) lost.warn(path, 'write_back');
  if (object.isReadOnly) lost.warn(path, 'readonly');
  lost.warn(`${path}/attributes`, 'attributes of the device');
}

/** The LIO target that exports the same files and devices, by vhost. */
export function toSaveconfig(config: NvmetConfig): TranslatedToLio {
  const lost = new ProblemList();
  const objects = new Map<string, unknown>();
  const targets = config.subsystems.map((subsystem) => targetOf(subsystem, objects, lost));
  for (const { portid } of config.ports)
    lost.warn(`ports/${portid}`, 'address, transport and ANA states');
  for (const host of config.hosts)
    lost.warn(`hosts/${host.nqn}`, 'vhost lets its guest in and no other');
  const loaded = loadSaveconfig({ storage_objects: [...objects.values()], targets });
  return { target: loaded.target, lost: [...lost.all, ...loaded.problems] };
}

function targetOf(
  { nqn, namespaces, attr }: NvmetSubsystem,
  objects: Map<string, unknown>,
  lost: ProblemList,
): unknown {
  const here = `subsystems/${nqn}`;
  lost.warn(`${here}/attr`, `name, serial number ${attr.serial}, model and controller ids`);
  const luns = namespaces.map(({ nsid, enable, device }) => {
    const { path, uuid, nguid } = device;
    const name = path.replace(/^.*\//, '').replace(/\s/g, '_').slice(0, 200);
    const plugin = path.startsWith('/dev/') ? 'block' : 'fileio';
    const wwn = uuid === undefined ? {} : { wwn: uuid };
    const key = `${plugin}/${name}-${hex(identityBytes(0, path, 4))}`;
    const file = plugin === 'fileio' ? { write_back: false } : {};
    objects.set(key, { plugin, name: key.slice(plugin.length + 1), dev: path, ...file, ...wwn });
    if (Number(enable) === 0) lost.warn(`${here}/${nsid}`, 'a namespace that is disabled');
    if (nguid !== undefined) lost.warn(`${here}/${nsid}`, 'the NGUID');
    return { index: nsid - 1, storage_object: `/backstores/${key}` };
  });
  const wwn = `naa.5001405${hex(identityBytes(0, nqn, 5)).slice(0, 9)}`;
  return { fabric: 'vhost', wwn, tpgs: [{ tag: 1, enable: true, luns }] };
}
