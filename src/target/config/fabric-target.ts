/** Targets of the fabrics: target port groups with LUNs on storage objects, and what each initiator may see. */
import { identityBytes } from '../nvme/identity.ts';
import { DEFAULT_ALUA_GROUP } from './alua-group.ts';
import type { JsonObject } from './problems.ts';
import type { StorageObject } from './storage-object.ts';

/** A LUN: an index of a target port group, linked to a storage object. */
export interface Lun {
  readonly index: number;
  /** Name of the link. */
  readonly alias: string;
  readonly storageObject: StorageObject;
  /** ALUA group, or `null` where the storage object has none. */
  aluaGroup: string | null;
  readonly extra: JsonObject;
}

/** A LUN of an access list. */
export interface MappedLun {
  readonly index: number;
  readonly alias: string;
  /** Index of the LUN of the target port group. */
  readonly tpgLun: number;
  writeProtect: boolean;
  readonly extra: JsonObject;
}

/** What one initiator may see. */
export interface NodeAcl {
  readonly wwn: string;
  /** By index. */
  readonly mappedLuns: Map<number, MappedLun>;
  /** Attributes, CHAP and all else: carried. */
  readonly extra: JsonObject;
}

/** A target port group. */
export interface Tpg {
  readonly tag: number;
  enable: boolean;
  readonly attributes: Record<string, unknown>;
  /** Absent where the fabric has none. */
  readonly parameters: Record<string, unknown> | undefined;
  /** By index. */
  readonly luns: Map<number, Lun>;
  /** By address and port. */
  readonly portals: Map<string, JsonObject>;
  /** By initiator. */
  readonly nodeAcls: Map<string, NodeAcl>;
  readonly extra: JsonObject;
}

/** A target of a fabric. */
export interface FabricTarget {
  readonly fabric: string;
  readonly wwn: string;
  readonly parameters: Record<string, unknown>;
  /** By tag. */
  readonly tpgs: Map<number, Tpg>;
  readonly extra: JsonObject;
}

/** A name for a link that was given none: ten digits of a hash. */
export function aliasOf(seed: number, path: string): string {
  const digits = [...identityBytes(seed, path, 5)].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return digits.join('');
}

/** The group that a LUN is in unless a file says so: none where the object has no ALUA. */
export function usualGroup(storageObject: StorageObject): string | null {
  return storageObject.attributes.number('alua_support') === 1 ? DEFAULT_ALUA_GROUP : null;
}

/** A target as a file has it. */
export function savedTarget(target: FabricTarget): JsonObject {
  return {
    ...target.extra,
    fabric: target.fabric,
    wwn: target.wwn,
    parameters: { ...target.parameters },
    tpgs: [...target.tpgs.values()].map(savedTpg),
  };
}

function savedTpg(tpg: Tpg): JsonObject {
  return {
    ...tpg.extra,
    tag: tpg.tag,
    enable: tpg.enable,
    attributes: { ...tpg.attributes },
    ...(tpg.parameters && { parameters: { ...tpg.parameters } }),
    luns: [...tpg.luns.values()].map((lun) => ({
      ...lun.extra,
      index: lun.index,
      alias: lun.alias,
      storage_object: lun.storageObject.path,
      alua_tg_pt_gp_name: lun.aluaGroup,
    })),
    portals: [...tpg.portals.values()],
    node_acls: [...tpg.nodeAcls.values()].map((acl) => ({
      ...acl.extra,
      node_wwn: acl.wwn,
      mapped_luns: [...acl.mappedLuns.values()].map((lun) => ({
        ...lun.extra,
        index: lun.index,
        alias: lun.alias,
        tpg_lun: lun.tpgLun,
        write_protect: lun.writeProtect,
      })),
    })),
  };
}
