/** ALUA target port groups of a storage object, as configuration: which there are, and their settings. */
import { parseKernelInteger, U32 } from './kernel-text.ts';
import { parsePart } from './parse-part.ts';
import { type JsonObject, listOf, type ProblemList, textOf } from './problems.ts';
import { aluaGroupSchema } from './saveconfig-schema.ts';

/** The group that every device has, and that LUNs are in unless another is named. */
export const DEFAULT_ALUA_GROUP = 'default_tg_pt_gp';

/** What a group begins as, in the words of saveconfig.json. */
const DEFAULTS: Readonly<Record<string, number>> = {
  alua_access_state: 0,
  alua_access_status: 0,
  alua_access_type: 3,
  alua_support_active_nonoptimized: 1,
  alua_support_active_optimized: 1,
  alua_support_offline: 1,
  alua_support_standby: 1,
  alua_support_transitioning: 1,
  alua_support_unavailable: 1,
  alua_write_metadata: 0,
  implicit_trans_secs: 0,
  nonop_delay_msecs: 100,
  preferred: 0,
  trans_delay_msecs: 0,
};

/** Optimized, non-optimized, standby, unavailable, LBA dependent, offline. */
const STATES: readonly number[] = [0, 1, 2, 3, 4, 14];

/** The largest value of each setting that is no state. */
const MOST: Readonly<Record<string, number>> = {
  alua_access_status: 2,
  alua_access_type: 3,
  implicit_trans_secs: 255,
  nonop_delay_msecs: 1000,
  trans_delay_msecs: 30_000,
};

/** One target port group. */
export interface AluaGroup {
  readonly name: string;
  /** Its id; 0 is that of the default group. */
  readonly id: number;
  /** Settings in the words of saveconfig.json. */
  readonly values: Record<string, number>;
  /** Keys of the file that are not known. */
  readonly extra: JsonObject;
}

/** A group with the settings that the kernel begins with. */
export function makeAluaGroup(name: string, id: number): AluaGroup {
  return { name, id, values: { ...DEFAULTS }, extra: {} };
}

/** Puts a value into a setting; false when there is no such setting or the value is not one of its own. */
export function setAluaValue(group: AluaGroup, key: string, text: string): boolean {
  if (!Object.hasOwn(DEFAULTS, key)) return false;
  const value = parseKernelInteger(text, U32);
  if (typeof value === 'string') return false;
  const isRight = key === 'alua_access_state' ? STATES.includes(value) : value <= (MOST[key] ?? 1);
  if (isRight) group.values[key] = value;
  return isRight;
}

/** The groups of a file's `alua_tpgs`, the default group included. */
export function parseAluaGroups(
  value: unknown,
  path: string,
  problems: ProblemList,
): Map<string, AluaGroup> {
  const groups = new Map([[DEFAULT_ALUA_GROUP, makeAluaGroup(DEFAULT_ALUA_GROUP, 0)]]);
  for (const [i, entry] of listOf(value).entries()) {
    const at = `${path}[${i}]`;
    const parsed = parsePart(aluaGroupSchema, entry, at, problems);
    if (parsed === undefined) continue;
    const { name, tg_pt_gp_id, ...rest } = parsed;
    const id = tg_pt_gp_id ?? freeId(groups);
    const group = groups.get(name) ?? makeAluaGroup(name, id);
    // The default group keeps its id whatever a file says.
    if (name !== DEFAULT_ALUA_GROUP && [...groups.values()].some((each) => each.id === id)) {
      problems.error(`${at}.tg_pt_gp_id`, `the id ${id} is taken; left out`);
      continue;
    }
    groups.set(name, group);
    for (const [key, setting] of Object.entries(rest)) {
      if (!Object.hasOwn(DEFAULTS, key)) group.extra[key] = setting;
      else if (!setAluaValue(group, key, textOf(setting))) {
        problems.warn(`${at}.${key}`, `${JSON.stringify(setting)} cannot be set; left as it was`);
      }
    }
  }
  return groups;
}

/** A group as a file has it. */
export function savedAluaGroup(group: AluaGroup): JsonObject {
  return { ...group.extra, ...group.values, name: group.name, tg_pt_gp_id: group.id };
}

function freeId(groups: ReadonlyMap<string, AluaGroup>): number {
  let id = 1;
  const taken = new Set([...groups.values()].map((group) => group.id));
  while (taken.has(id)) id += 1;
  return id;
}
