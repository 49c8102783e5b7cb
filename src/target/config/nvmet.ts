/**
 * Loads and saves nvmetcli's JSON. Attributes are texts; what cannot be had is listed with its path, and the rest is loaded.
 *
 * Does not model: the transports of ports, which are kept and saved as they are.
 */
import * as z from 'zod/mini';
import { ConfigError } from '../../base/assert.ts';
import { hex, identityBytes } from '../nvme/identity.ts';
import {
  nvmetConfigSchema,
  nvmetHostSchema,
  nvmetNamespaceSchema,
  nvmetPortSchema,
  nvmetSubsystemSchema,
} from './nvmet-schema.ts';
import { firstIssue, parsePart } from './parse-part.ts';
import {
  type ConfigProblem,
  type JsonObject,
  listOf,
  ProblemList,
  unknownKeys,
} from './problems.ts';
import { parseJson } from './saveconfig.ts';

/** A namespace of a subsystem. */
export type NvmetNamespace = z.output<typeof nvmetNamespaceSchema>;
/** A subsystem with its namespaces, and keys of its file that are not known. */
export interface NvmetSubsystem {
  readonly nqn: string;
  readonly allowed_hosts: string[];
  readonly attr: z.output<typeof nvmetSubsystemSchema>['attr'];
  readonly namespaces: NvmetNamespace[];
  readonly [key: string]: unknown;
}
/** A port. */
export type NvmetPort = z.output<typeof nvmetPortSchema>;
/** A host. */
export type NvmetHost = z.output<typeof nvmetHostSchema>;

/** An NVMe target as its configuration describes it, with all defaults. */
export interface NvmetConfig {
  readonly hosts: NvmetHost[];
  readonly ports: NvmetPort[];
  readonly subsystems: NvmetSubsystem[];
  /** Keys of the file that are not known. */
  readonly extra: JsonObject;
}

/** What was loaded. */
export interface LoadedNvmetConfig {
  readonly config: NvmetConfig;
  readonly problems: readonly ConfigProblem[];
}

const KNOWN: ReadonlySet<string> = new Set(['hosts', 'ports', 'subsystems']);

/**
 * Loads a configuration: the text of a file, or what is parsed already. Missing serial numbers are drawn from the seed.
 *
 * @throws ConfigError when it is no JSON or no configuration at all
 */
export function loadNvmetConfig(input: unknown, { seed = 0 } = {}): LoadedNvmetConfig {
  const result = z.safeParse(
    nvmetConfigSchema,
    typeof input === 'string' ? parseJson(input) : input,
  );
  if (!result.success) {
    const { path, message } = firstIssue(result.error, '');
    throw new ConfigError(path || '(file)', input, message.replace('expected ', ''));
  }
  const problems = new ProblemList();
  const extra = unknownKeys(result.data, KNOWN);
  const config: NvmetConfig = { hosts: [], ports: [], subsystems: [], extra };
  for (const [i, value] of listOf(result.data.hosts).entries()) {
    const host = parsePart(nvmetHostSchema, value, `hosts[${i}]`, problems);
    if (host === undefined) continue;
    if (config.hosts.some(({ nqn }) => nqn === host.nqn)) {
      problems.error(`hosts[${i}].nqn`, `'${host.nqn}' is there already; left out`);
    } else config.hosts.push(host);
  }
  for (const [i, value] of listOf(result.data.subsystems).entries()) {
    parseSubsystem(value, `subsystems[${i}]`, config, problems, seed);
  }
  for (const [i, value] of listOf(result.data.ports).entries()) {
    parsePort(value, `ports[${i}]`, config, problems);
  }
  return { config, problems: problems.all };
}

/** The configuration as a JSON value. */
export function saveNvmetConfig({ hosts, ports, subsystems, extra }: NvmetConfig): JsonObject {
  return structured({ ...extra, hosts, ports, subsystems });
}

function structured(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function parseSubsystem(
  value: unknown,
  path: string,
  config: NvmetConfig,
  problems: ProblemList,
  seed: number,
): void {
  const parsed = parsePart(nvmetSubsystemSchema, value, path, problems);
  if (parsed === undefined) return;
  if (config.subsystems.some(({ nqn }) => nqn === parsed.nqn)) {
    problems.error(`${path}.nqn`, `'${parsed.nqn}' is there already; left out`);
    return;
  }
  parsed.attr.serial ??= hex(identityBytes(seed, parsed.nqn, 10));
  if (Number(parsed.attr.cntlid_min) > Number(parsed.attr.cntlid_max)) {
    problems.warn(`${path}.attr.cntlid_min`, 'above cntlid_max; both left as they were');
    Object.assign(parsed.attr, { cntlid_min: '1', cntlid_max: '65519' });
  }
  const hosts = parsed.allowed_hosts.filter((name, i) => {
    const isThere = config.hosts.some(({ nqn }) => nqn === name);
    if (!isThere)
      problems.error(`${path}.allowed_hosts[${i}]`, `there is no host '${name}'; left out`);
    return isThere;
  });
  const namespaces: NvmetNamespace[] = [];
  for (const [i, entry] of listOf(parsed.namespaces).entries()) {
    const at = `${path}.namespaces[${i}]`;
    const namespace = parsePart(nvmetNamespaceSchema, entry, at, problems);
    if (namespace === undefined) continue;
    if (namespaces.some(({ nsid }) => nsid === namespace.nsid)) {
      problems.error(`${at}.nsid`, `namespace ${namespace.nsid} is there already; left out`);
    } else namespaces.push(namespace);
  }
  config.subsystems.push({ ...parsed, allowed_hosts: hosts, namespaces });
}

function parsePort(value: unknown, path: string, config: NvmetConfig, problems: ProblemList): void {
  const port = parsePart(nvmetPortSchema, value, path, problems);
  if (port === undefined) return;
  if (config.ports.some(({ portid }) => portid === port.portid)) {
    problems.error(`${path}.portid`, `port ${port.portid} is there already; left out`);
    return;
  }
  const subsystems = port.subsystems.filter((name, i) => {
    const isThere = config.subsystems.some(({ nqn }) => nqn === name);
    if (!isThere)
      problems.error(`${path}.subsystems[${i}]`, `there is no subsystem '${name}'; left out`);
    return isThere;
  });
  problems.note(path, `the transport ${port.addr.trtype} is not modelled: kept as it is`);
  config.ports.push({ ...port, subsystems });
}
