/** Tests that need a program of the system: without it they are skipped, counted as such, and say what to install. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** `describe` for tests that start `program`, which the Debian package `from` brings; `body` gets its path. */
export function describePeer(
  { program, from }: { readonly program: string; readonly from: string },
  title: string,
  body: (path: string) => void,
): void {
  const path = pathOf(program);
  if (path !== undefined) {
    describe(title, () => body(path));
    return;
  }
  const reason = `${program} is missing, install the package ${from}`;
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  describe.skipIf(true)(`${title} [${reason}]`, () => body(program));
}

/** System directories count even when PATH lacks them, as it does for most users. */
function pathOf(program: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  const candidates = path.split(delimiter).map((directory) => join(directory, program));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
