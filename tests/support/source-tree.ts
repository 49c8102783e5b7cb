/** The files of this repository, as the tests about the source tree see them. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's directory, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** Rooms that have no subpath of their own: the index re-exports from them what users need. */
const INTERNAL_ROOMS: readonly string[] = ['base', 'stack', 'workload'];

/** The files under a directory of the repository, sorted, as paths from the root. */
export function listFiles(directory: string, ending: string): string[] {
  if (!existsSync(root + directory)) return [];
  return readdirSync(root + directory, { recursive: true, encoding: 'utf8' })
    .map((path) => `${directory}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(ending))
    .sort();
}

/** The public rooms: each directory of src with an index, but for the internal ones. */
export function publicRooms(): string[] {
  return readdirSync(`${root}src`)
    .filter((room) => existsSync(`${root}src/${room}/index.ts`) && !INTERNAL_ROOMS.includes(room))
    .sort();
}
