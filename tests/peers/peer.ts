/** Tests that need a program of the system: without it they are skipped, counted as such, and say what to install. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** `describe` for tests that start `program`, which the Debian package `from` brings. */
export function describePeer(
  { program, from }: { readonly program: string; readonly from: string },
  title: string,
  body: () => void,
): void {
  if (hasProgram(program)) {
    describe(title, body);
    return;
  }
  const reason = `${program} is missing, install the package ${from}`;
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  describe.skipIf(true)(`${title} [${reason}]`, body);
}

/** Whether a program of that name can be run; system directories count even when PATH lacks them. */
export function hasProgram(program: string): boolean {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  return path.split(delimiter).some((directory) => isExecutable(join(directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
