/** One defect put into the source on purpose, and the tests that must notice it. */
export interface Mutant {
  /** Unique within its room; words joined by dashes. */
  readonly name: string;
  /** The file that is broken, such as `src/base/seq16.ts`. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  /** What stands there instead. */
  readonly replace: string;
  /** Test files of which at least one must fail. */
  readonly kills: readonly string[];
  /** What is wrong with it, in one sentence. */
  readonly note: string;
}

/** The part of a mutant that changes a source. */
export type Patch = Pick<Mutant, 'file' | 'find' | 'replace'>;

/** The source with the patch applied; throws when its text does not occur exactly once or changes nothing. */
export function applyPatch(patch: Patch, source: string): string {
  const pieces = source.split(patch.find);
  if (pieces.length !== 2) {
    throw new Error(
      `${patch.file}: the text to patch occurs ${pieces.length - 1} times: ${patch.find}`,
    );
  }
  if (patch.find === patch.replace) throw new Error(`${patch.file}: the patch changes nothing`);
  return pieces.join(patch.replace);
}
