/** Reads the targets of a configuration file. */

import {
  CARRIED_FABRICS,
  checkFabricAttribute,
  fabricRules,
  initialFabricAttributes,
} from './fabric-rules.ts';
import { aliasOf, type FabricTarget, type NodeAcl, type Tpg, usualGroup } from './fabric-target.ts';
import { parsePart } from './parse-part.ts';
import { isJsonObject, listOf, textOf } from './problems.ts';
import {
  lunSchema,
  mappedLunSchema,
  nodeAclSchema,
  portalSchema,
  targetSchema,
  tpgSchema,
} from './saveconfig-schema.ts';
import type { ParseWorld, StorageObject } from './storage-object.ts';

/** What the targets of a file are read into. */
export interface TargetWorld extends ParseWorld {
  /** By `PLUGIN/NAME`. */
  readonly storageObjects: ReadonlyMap<string, StorageObject>;
  /** By `FABRIC/WWN`. */
  readonly targets: Map<string, FabricTarget>;
}

/** Reads a target; what of it cannot be restored is listed and left out. A target that is there already gets what is new. */
export function parseTarget(value: unknown, path: string, world: TargetWorld): void {
  const { problems, targets } = world;
  const parsed = parsePart(targetSchema, value, path, problems);
  if (parsed === undefined) return;
  const { fabric, wwn, parameters, tpgs, ...extra } = parsed;
  const rules = fabricRules(fabric);
  if (rules === undefined && !CARRIED_FABRICS.has(fabric)) {
    problems.error(`${path}.fabric`, `there is no fabric '${fabric}'; '${wwn}' left out`);
    return;
  }
  if (rules !== undefined && !rules.isWwn(wwn)) {
    problems.error(`${path}.wwn`, `'${wwn}' is no name of ${fabric}; left out`);
    return;
  }
  if (fabric !== 'vhost' && fabric !== 'loopback') {
    problems.note(path, `the fabric ${fabric} is not modelled: '${wwn}' is kept as it is`);
  }
  const key = `${fabric}/${wwn}`;
  const target = targets.get(key) ?? {
    fabric,
    wwn,
    parameters: { ...parameters },
    tpgs: new Map(),
    extra,
  };
  targets.set(key, target);
  for (const [i, tpg] of listOf(tpgs).entries()) {
    parseTpg(tpg, `${path}.tpgs[${i}]`, target, world);
  }
}

function parseTpg(value: unknown, path: string, target: FabricTarget, world: TargetWorld): void {
  const { problems } = world;
  const parsed = parsePart(tpgSchema, value, path, problems);
  if (parsed === undefined) return;
  const { tag: given, enable, attributes, parameters, luns, portals, node_acls, ...extra } = parsed;
  const tag = given ?? freeTag(target);
  const { fabric } = target;
  const initial = fabricRules(fabric)?.parameters ?? {};
  const hasParameters = parameters !== undefined || Object.keys(initial).length > 0;
  const tpg: Tpg = target.tpgs.get(tag) ?? {
    tag,
    enable,
    attributes: initialFabricAttributes(fabric),
    parameters: hasParameters ? { ...initial, ...parameters } : undefined,
    luns: new Map(),
    portals: new Map(),
    nodeAcls: new Map(),
    extra,
  };
  target.tpgs.set(tag, tpg);
  parseAttributes(attributes, `${path}.attributes`, target.fabric, tpg, world);
  const here = `${fabric}/${target.wwn}/${tag}`;
  for (const [i, lun] of listOf(luns).entries())
    parseLun(lun, `${path}.luns[${i}]`, here, tpg, world);
  for (const [i, portal] of listOf(portals).entries()) {
    parsePortal(portal, `${path}.portals[${i}]`, tpg, world);
  }
  for (const [i, acl] of listOf(node_acls).entries()) {
    parseNodeAcl(acl, `${path}.node_acls[${i}]`, here, tpg, world);
  }
}

function parseAttributes(
  values: unknown,
  path: string,
  fabric: string,
  tpg: Tpg,
  { problems }: TargetWorld,
): void {
  if (!isJsonObject(values)) return;
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    if (fabricRules(fabric) === undefined) {
      tpg.attributes[name] = value;
      continue;
    }
    const verdict = checkFabricAttribute(fabric, name, textOf(value));
    const at = `${path}.${name}`;
    if (verdict === 'ENOENT') problems.warn(at, 'there is no such attribute; left out');
    else if (typeof verdict === 'string') {
      problems.warn(at, `${JSON.stringify(value)} cannot be set (${verdict}); left as it was`);
    } else tpg.attributes[name] = verdict;
  }
}

function parseLun(value: unknown, path: string, here: string, tpg: Tpg, world: TargetWorld): void {
  const { problems, storageObjects, seed } = world;
  const parsed = parsePart(lunSchema, value, path, problems);
  if (parsed === undefined) return;
  const { index, alias, storage_object, alua_tg_pt_gp_name, ...extra } = parsed;
  const storageObject = storageObjects.get(storage_object.slice('/backstores/'.length));
  if (storageObject === undefined) {
    problems.error(
      `${path}.storage_object`,
      `there is no ${storage_object}; LUN ${index} left out`,
    );
    return;
  }
  if (tpg.luns.has(index)) {
    problems.error(`${path}.index`, `LUN ${index} is there already; this one is left out`);
    return;
  }
  let aluaGroup = alua_tg_pt_gp_name === undefined ? usualGroup(storageObject) : alua_tg_pt_gp_name;
  if (aluaGroup !== null && !storageObject.aluaGroups.has(aluaGroup)) {
    const at = `${path}.alua_tg_pt_gp_name`;
    problems.warn(at, `there is no group '${aluaGroup}'; LUN ${index} is in the usual one`);
    aluaGroup = usualGroup(storageObject);
  }
  storageObject.link();
  tpg.luns.set(index, {
    index,
    alias: alias ?? aliasOf(seed, `${here}/${index}`),
    storageObject,
    aluaGroup,
    extra,
  });
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^\[[0-9a-fA-F:.]+\]$/;

function parsePortal(value: unknown, path: string, tpg: Tpg, { problems }: TargetWorld): void {
  const portal = parsePart(portalSchema, value, path, problems);
  if (portal === undefined) return;
  const { ip_address: address, port } = portal;
  if (!IPV4.test(address) && !IPV6.test(address)) {
    problems.error(`${path}.ip_address`, `'${address}' is no address; the portal is left out`);
    return;
  }
  const key = `${address}:${port}`;
  if (!tpg.portals.has(key)) tpg.portals.set(key, portal);
}

function parseNodeAcl(
  value: unknown,
  path: string,
  here: string,
  tpg: Tpg,
  world: TargetWorld,
): void {
  const parsed = parsePart(nodeAclSchema, value, path, world.problems);
  if (parsed === undefined) return;
  const { node_wwn: wwn, mapped_luns, ...extra } = parsed;
  const acl: NodeAcl = tpg.nodeAcls.get(wwn) ?? { wwn, mappedLuns: new Map(), extra };
  tpg.nodeAcls.set(wwn, acl);
  for (const [i, lun] of listOf(mapped_luns).entries()) {
    const at = `${path}.mapped_luns[${i}]`;
    const mapped = parsePart(mappedLunSchema, lun, at, world.problems);
    if (mapped === undefined) continue;
    const { index, tpg_lun: tpgLun, alias, write_protect: writeProtect, ...rest } = mapped;
    if (!tpg.luns.has(tpgLun)) {
      world.problems.error(`${at}.tpg_lun`, `there is no LUN ${tpgLun}; mapped LUN left out`);
    } else if (acl.mappedLuns.has(index)) {
      world.problems.error(`${at}.index`, `mapped LUN ${index} is there already; left out`);
    } else {
      const name = alias ?? aliasOf(world.seed, `${here}/${wwn}/${index}`);
      acl.mappedLuns.set(index, { index, alias: name, tpgLun, writeProtect, extra: rest });
    }
  }
}

function freeTag(target: FabricTarget): number {
  let tag = 1;
  while (target.tpgs.has(tag)) tag += 1;
  return tag;
}
