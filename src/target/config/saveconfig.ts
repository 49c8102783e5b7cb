/**
 * Loads and saves targetcli's `saveconfig.json`.
 *
 * What a file says and cannot be had is listed with its path, and the rest is restored. Does not model: iSCSI and the other fabrics that
 * are no roads here, SCSI pass-through, user daemons; their parts are kept and saved as they are.
 */
import * as z from 'zod/mini';
import { ConfigError } from '../../base/assert.ts';
import type { Backstore } from './attribute-rules.ts';
import { CARRIED_FABRICS, fabricRules } from './fabric-rules.ts';
import { savedTarget } from './fabric-target.ts';
import { LioTarget } from './lio-target.ts';
import { firstIssue } from './parse-part.ts';
import { parseTarget } from './parse-target.ts';
import {
  type ConfigProblem,
  isJsonObject,
  type JsonObject,
  listOf,
  ProblemList,
  textOf,
  unknownKeys,
} from './problems.ts';
import { saveconfigSchema } from './saveconfig-schema.ts';
import { type DeviceProbe, parseStorageObject } from './storage-object.ts';

/** How a file is loaded. */
export interface LoadOptions {
  /** Says whether the file or device below a storage object can be used. All can by default. */
  readonly probe?: (plugin: Backstore, parameters: JsonObject) => DeviceProbe;
  /** Names what the file gives no name: unit serial numbers and links. */
  readonly seed?: number;
  /** Restores onto this target, which keeps what it has. A new one by default. */
  readonly onto?: LioTarget;
  /** Restores one storage object alone (`PLUGIN/NAME`, or NAME where that is enough), and none of the targets. */
  readonly storageObject?: string;
  /** Restores one target alone (`FABRIC/WWN`), with the storage objects that its LUNs are linked to. */
  readonly target?: string;
  /** The first error or warning throws. */
  readonly abortOnError?: boolean;
}

/** What was loaded. */
export interface LoadedConfig {
  readonly target: LioTarget;
  /** What the file says and is not so, in the order of the file. */
  readonly problems: readonly ConfigProblem[];
}

const KNOWN: ReadonlySet<string> = new Set(['storage_objects', 'targets', 'fabric_modules']);

/**
 * Loads a configuration: the text of a file, or what is parsed already.
 *
 * @throws ConfigError when it is no JSON or no configuration at all; with `abortOnError` for the first problem, with its path
 */
export function loadSaveconfig(input: unknown, options: LoadOptions = {}): LoadedConfig {
  const file = checkFile(typeof input === 'string' ? parseJson(input) : input);
  const target = options.onto ?? new LioTarget();
  const problems = options.abortOnError === true ? new StrictProblems() : new ProblemList();
  const { storageObjects, targets } = target;
  const world = {
    problems,
    seed: options.seed ?? 0,
    probe: options.probe ?? (() => ({})),
    storageObjects,
    targets,
  };
  const isWanted = chooser(file, options);
  for (const [i, value] of listOf(file['storage_objects']).entries()) {
    if (!isWanted.storageObject(value)) continue;
    const at = `storage_objects[${i}]`;
    const object = parseStorageObject(value, at, world);
    if (object === undefined) continue;
    if (storageObjects.has(object.key)) {
      problems.error(at, `there is a storage object ${object.key} already; this one is left out`);
    } else storageObjects.set(object.key, object);
  }
  for (const [i, value] of listOf(file['targets']).entries()) {
    if (isWanted.target(value)) parseTarget(value, `targets[${i}]`, world);
  }
  if (options.storageObject === undefined && options.target === undefined) {
    parseModules(file['fabric_modules'], target, problems);
    Object.assign(target.extra, unknownKeys(file, KNOWN));
  }
  return { target, problems: problems.all };
}

/** The configuration as a JSON value, in the order in which it was restored. */
export function saveSaveconfig(target: LioTarget): JsonObject {
  return {
    ...target.extra,
    fabric_modules: target.fabricModules.map((each) => ({ ...each })),
    storage_objects: [...target.storageObjects.values()].map((each) => each.save()),
    targets: [...target.targets.values()].map(savedTarget),
  };
}

/** JSON as targetcli writes it: two spaces, keys in alphabetical order, a newline at the end. */
export function configText(value: unknown): string {
  return `${JSON.stringify(sorted(value), null, 2)}\n`;
}

/** The value of a JSON text. @throws ConfigError that says where it ends to be JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message;
    const shown = text.trim() === '' ? 'an empty text' : why;
    throw new ConfigError('(file)', text.slice(0, 40), `JSON (${shown})`);
  }
}

class StrictProblems extends ProblemList {
  override error(path: string, message: string): never {
    throw new ConfigError(path, 'what is there', message);
  }

  override warn(path: string, message: string): never {
    throw new ConfigError(path, 'what is there', message);
  }
}

function checkFile(value: unknown): JsonObject {
  const result = z.safeParse(saveconfigSchema, value);
  if (result.success) return result.data;
  const { path, message } = firstIssue(result.error, '');
  throw new ConfigError(path || '(file)', value, message.replace('expected ', ''));
}

function parseModules(value: unknown, target: LioTarget, problems: ProblemList): void {
  for (const [i, module] of listOf(value).entries()) {
    const at = `fabric_modules[${i}]`;
    const name = isJsonObject(module) ? module['name'] : undefined;
    if (!isJsonObject(module) || typeof name !== 'string') {
      problems.error(at, 'expected an object with a name; left out');
    } else if (fabricRules(name) === undefined && !CARRIED_FABRICS.has(name)) {
      problems.error(`${at}.name`, `there is no fabric '${name}'; left out`);
    } else {
      target.fabricModules.push(module);
      problems.note(at, `discovery of ${name} is not modelled: kept as it is`);
    }
  }
}

/** Which parts of the file are asked for. */
function chooser(file: JsonObject, { storageObject, target }: LoadOptions) {
  if (storageObject === undefined && target === undefined) {
    return { storageObject: () => true, target: () => true };
  }
  const wanted = new Set<unknown>();
  const isTarget = (value: unknown): boolean =>
    isJsonObject(value) && `${textOf(value['fabric'])}/${textOf(value['wwn'])}` === target;
  for (const value of listOf(file['targets']).filter(isTarget)) {
    for (const tpg of listOf((value as JsonObject)['tpgs'])) {
      for (const lun of listOf(isJsonObject(tpg) ? tpg['luns'] : [])) {
        if (isJsonObject(lun)) wanted.add(lun['storage_object']);
      }
    }
  }
  return {
    storageObject: (value: unknown): boolean => {
      if (!isJsonObject(value)) return false;
      const plugin = textOf(value['plugin']);
      const name = textOf(value['name']);
      const isNamed = storageObject === name || storageObject === `${plugin}/${name}`;
      return isNamed || wanted.has(`/backstores/${plugin}/${name}`);
    },
    target: isTarget,
  };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
