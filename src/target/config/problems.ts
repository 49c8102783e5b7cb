/** What a configuration file could not be taken at its word for: listed, so that the rest of it can be used. */

/** Something about a configuration file, with the place where it stands. */
export interface ConfigProblem {
  /**
   * `error`: an object is missing from what was restored. `warning`: it is there without this value. `note`: what the file says is kept
   * and saved, and has no effect here.
   */
  readonly severity: 'error' | 'warning' | 'note';
  /** Where it stands, such as `storage_objects[2].attributes.block_size`. */
  readonly path: string;
  readonly message: string;
}

/** Collects problems in the order in which they were found. */
export class ProblemList {
  readonly all: ConfigProblem[] = [];

  /** An object could not be restored. */
  error(path: string, message: string): void {
    this.all.push({ severity: 'error', path, message });
  }

  /** A value could not be set. */
  warn(path: string, message: string): void {
    this.all.push({ severity: 'warning', path, message });
  }

  /** A part is carried without effect. */
  note(path: string, message: string): void {
    this.all.push({ severity: 'note', path, message });
  }
}

/** A JSON object whose keys are not known in advance. */
export type JsonObject = Record<string, unknown>;

/** Is it a JSON object, and neither an array nor null? */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries of an object whose keys are not among `known`. */
export function unknownKeys(value: JsonObject, known: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !known.has(key)));
}

/** What a value is written as: a text as it is, and an object, whose own conversion a file could have replaced, as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** The elements of a list; what is missing or no list has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
