/** A storage object of a LIO target: a backstore with its parameters, attributes and ALUA groups. */
import { uuidBytes, uuidText } from '../nvme/identity.ts';
import { type AluaGroup, parseAluaGroups, savedAluaGroup } from './alua-group.ts';
import { BACKSTORES, type Backstore } from './attribute-rules.ts';
import { type AttributeFacts, DeviceAttributes } from './device-attributes.ts';
import { parsePart } from './parse-part.ts';
import { isJsonObject, type JsonObject, type ProblemList, textOf } from './problems.ts';
import { storageObjectSchemas } from './saveconfig-schema.ts';

/** What a loader is told about the file or device below a storage object. */
export interface DeviceProbe {
  /** Why it cannot be used; absent where it can. */
  readonly refusal?: string;
  /** What its attributes take over from it. */
  readonly facts?: AttributeFacts;
}

/** A backstore by name. Keys of its file that have no effect here are carried in {@link StorageObject.parameters}. */
export class StorageObject {
  readonly plugin: Backstore;
  readonly name: string;
  readonly attributes: DeviceAttributes;
  /** By name. */
  readonly aluaGroups: Map<string, AluaGroup>;
  /** `dev`, `size`, `write_back` and all other keys of the file but name, plugin, attributes and alua_tpgs. */
  readonly parameters: JsonObject;
  /** LUNs that are linked to it. */
  #exports = 0;

  constructor(
    plugin: Backstore,
    name: string,
    parameters: JsonObject,
    attributes: DeviceAttributes,
    aluaGroups: Map<string, AluaGroup>,
  ) {
    this.plugin = plugin;
    this.name = name;
    this.parameters = parameters;
    this.attributes = attributes;
    this.aluaGroups = aluaGroups;
  }

  /** Its path in targetcli. */
  get path(): string {
    return `/backstores/${this.plugin}/${this.name}`;
  }

  /** `PLUGIN/NAME`, by which a target holds it. */
  get key(): string {
    return `${this.plugin}/${this.name}`;
  }

  /** Size in bytes, where the configuration says it. */
  get size(): number | undefined {
    const { size } = this.parameters;
    return typeof size === 'number' ? size : undefined;
  }

  /** Path of its file or device. */
  get dev(): string | undefined {
    const { dev } = this.parameters;
    return typeof dev === 'string' ? dev : undefined;
  }

  /** FILEIO is buffered (`write_back`). */
  get isBuffered(): boolean {
    return this.parameters['write_back'] === true;
  }

  /** Writes are refused. */
  get isReadOnly(): boolean {
    return this.parameters['readonly'] === true;
  }

  /** A RAM disk that keeps nothing. */
  get isNullio(): boolean {
    return this.parameters['nullio'] === true;
  }

  /** LUNs that are linked to it. */
  get exports(): number {
    return this.#exports;
  }

  /** A LUN is linked. */
  link(): void {
    this.#exports += 1;
    this.attributes.isExported = true;
  }

  /** A LUN is no longer linked. */
  unlink(): void {
    this.#exports -= 1;
    this.attributes.isExported = this.#exports > 0;
  }

  /** As a file has it. */
  save(): JsonObject {
    const isAlua = this.attributes.number('alua_support') === 1;
    return {
      ...this.parameters,
      plugin: this.plugin,
      name: this.name,
      attributes: this.attributes.saved(),
      alua_tpgs: isAlua ? [...this.aluaGroups.values()].map(savedAluaGroup) : [],
    };
  }
}

/** The parts of a configuration that decide how its objects are made. */
export interface ParseWorld {
  readonly problems: ProblemList;
  /** Names what has no name of its own. */
  readonly seed: number;
  readonly probe: (plugin: Backstore, parameters: JsonObject) => DeviceProbe;
}

/** A storage object of a file; one that cannot be is listed as an error and left out. */
export function parseStorageObject(
  value: unknown,
  path: string,
  world: ParseWorld,
): StorageObject | undefined {
  const { problems, probe, seed } = world;
  if (!isJsonObject(value) || value['name'] === undefined) {
    problems.error(path, 'expected an object with a name; left out');
    return undefined;
  }
  const plugin = BACKSTORES.find((each) => each === value['plugin']);
  if (plugin === undefined) {
    const known = BACKSTORES.join(', ');
    problems.error(
      `${path}.plugin`,
      `expected one of ${known}; ${JSON.stringify(value['name'])} left out`,
    );
    return undefined;
  }
  const parsed = parsePart(storageObjectSchemas[plugin], value, path, problems);
  if (parsed === undefined) return undefined;
  const {
    name,
    attributes,
    alua_tpgs,
    plugin: _,
    ...parameters
  } = parsed as JsonObject & {
    name: string;
  };
  const { refusal, facts } = probe(plugin, parameters);
  if (refusal !== undefined) {
    problems.error(`${path}.dev`, `${refusal}; '${name}' left out`);
    return undefined;
  }
  if (plugin !== 'pscsi') parameters['wwn'] ??= uuidText(uuidBytes(seed, `${plugin}/${name}`));
  const unit = new DeviceAttributes(plugin, { ...ownFacts(plugin, parameters), ...facts });
  unit.enable();
  writeAttributes(unit, attributes, `${path}.attributes`, problems);
  const groups = parseAluaGroups(alua_tpgs, `${path}.alua_tpgs`, problems);
  if (plugin === 'pscsi') {
    problems.note(
      path,
      `'${name}' passes SCSI commands through, which is not modelled: kept as it is`,
    );
  }
  return new StorageObject(plugin, name, parameters, unit, groups);
}

function ownFacts(plugin: Backstore, parameters: JsonObject): AttributeFacts {
  const { size, config, write_back } = parameters;
  return {
    writeCache: plugin === 'fileio' && write_back === true,
    ...(typeof size === 'number' && { size }),
    ...(typeof config === 'string' && { config }),
  };
}

/** Writes each attribute as its text; null leaves it as it is. */
function writeAttributes(
  unit: DeviceAttributes,
  values: unknown,
  path: string,
  problems: ProblemList,
): void {
  if (!isJsonObject(values)) return;
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    const errno = unit.write(name, textOf(value));
    if (errno === 'ENOENT')
      problems.warn(`${path}.${name}`, 'there is no such attribute; left out');
    else if (errno !== undefined) {
      const shown = JSON.stringify(value);
      problems.warn(`${path}.${name}`, `${shown} cannot be set (${errno}); left as it was`);
    }
  }
}
