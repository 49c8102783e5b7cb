/** From arguments to an exit code. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '../../base/assert.ts';
import { JobFileError } from '../../workload/index.ts';
import { HELP, parseCommand } from './arguments.ts';
import type { CliIo } from './cli-io.ts';
import { demoCommand } from './demo-command.ts';
import { keysText } from './keys-command.ts';
import type { OpenStack } from './opened-stack.ts';
import { ExitCode, runCommand } from './run-command.ts';
import { UsageError } from './usage-error.ts';

/** Runs the program and gives its exit code. Whatever the user got wrong is said in one line on standard error. */
export async function main(
  io: CliIo,
  args: readonly string[],
  openStack: OpenStack,
): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.kind === 'run') return await runCommand(io, command, openStack);
    if (command.kind === 'demo') return await demoCommand(io, command.seed, openStack);
    io.out(
      command.kind === 'help' ? HELP : command.kind === 'keys' ? keysText() : `${version()}\n`,
    );
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof UsageError) io.err(`lio-nvme: ${error.message}\nTry lio-nvme --help.\n`);
    else if (error instanceof JobFileError || error instanceof ConfigError)
      io.err(`lio-nvme: ${error.message}\n`);
    else throw error;
    return ExitCode.usage;
  }
}

function version(): string {
  const manifest = new URL('../../../package.json', import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
