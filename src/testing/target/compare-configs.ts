/** Compares configuration files as sets: a saved file keeps no order. */

/** A difference of two configurations at a path. */
export interface ConfigDifference {
  readonly path: string;
  /** JSON, or `undefined` where there is nothing. */
  readonly actual: string | undefined;
  readonly expected: string | undefined;
}

/** What names an element of a list. */
const NAMES = ['plugin', 'name', 'fabric', 'tag', 'index', 'node_wwn', 'ip_address', 'port'];

/** Every difference between two JSON values, lists as sets. */
export function compareConfigs(actual: unknown, expected: unknown): ConfigDifference[] {
  const differences: ConfigDifference[] = [];
  const visit = (a: unknown, b: unknown, path: string): void => {
    const [left, right] = [keyed(a), keyed(b)];
    if (left !== undefined && right !== undefined) {
      for (const key of new Set([...left.keys(), ...right.keys()])) {
        visit(left.get(key), right.get(key), `${path}/${key}`);
      }
    } else if (JSON.stringify(a) !== JSON.stringify(b)) {
      differences.push({ path, actual: JSON.stringify(a), expected: JSON.stringify(b) });
    }
  };
  visit(actual, expected, '');
  return differences;
}

function keyed(value: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const map = new Map<string, unknown>();
    for (const element of value) {
      const name = nameOf(element);
      let key = name;
      for (let turn = 2; map.has(key); turn++) key = `${name}#${turn}`;
      map.set(key, element);
    }
    return map;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map(Object.entries(value));
}

function nameOf(element: unknown): string {
  if (typeof element !== 'object' || element === null) return JSON.stringify(element);
  const fields = element as Record<string, unknown>;
  const parts = NAMES.map((name) => fields[name]);
  // Storage objects have a serial number of that name, which may be drawn by chance.
  if (fields['fabric'] !== undefined) parts.push(fields['wwn']);
  return parts.filter((part) => part !== undefined && typeof part !== 'object').join(' ');
}
