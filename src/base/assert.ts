/** Our own invariants: a failed one is a defect of this library, never of a guest, a file or a peer. */

/** Thrown when this library, or a caller of it, broke a rule that no input may reach. */
export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/**
 * Throws {@link InvariantError} unless `condition` holds. Always on; keep it out of per-field access.
 *
 * @param message what was expected, in the caller's terms; it is only built when it is a constant string
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** A caller's configuration that cannot be used. The message names the key, the value and what was expected. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  /** Path of the bad key, such as `backend.size`. */
  readonly path: string;

  constructor(path: string, value: unknown, expected: string) {
    super(`${path}: ${show(value)} is not accepted; expected ${expected}`);
    this.path = path;
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
