/**
 * Replaces a file as a whole: the text goes to a new file beside it, which is synced and then renamed, and the directory is synced. A
 * crash leaves the old file or the new one, never a part.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from './node-file.ts';

/** How many steps of a replacement there are before which it can be cut short: make, write, sync, rename, sync of the directory. */
export const REPLACE_STEPS = 5;

/**
 * Writes `text` to `path`. An existing file keeps its permissions; a new one can be read by its owner alone, since configurations hold
 * passwords. A file that a crash left beside it is replaced.
 *
 * @param beforeStep called before each of the {@link REPLACE_STEPS}; what it throws is thrown, and leaves all as it is then
 * @throws the error of the system; the old file is then as it was
 */
export function replaceFile(
  path: string,
  text: string,
  beforeStep: (step: number) => void = () => {},
): void {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const mode = (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
  beforeStep(0);
  const fd = openSync(temporary, 'w', 0o600);
  try {
    beforeStep(1);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fchmodSync(fd, mode);
    beforeStep(2);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(fd);
  }
  beforeStep(3);
  renameSync(temporary, path);
  beforeStep(4);
  syncDirectory(dirname(path));
}
