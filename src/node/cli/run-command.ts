/** `lio-nvme run`: a job file through one stack. */
import { TraceRecorder } from '../../sim/trace-recorder.ts';
import { nvmeStatusName } from '../../wire/nvme-status.ts';
import {
  isClean,
  type JobFile,
  jsonReport,
  parseJobFile,
  planWorkload,
  textReport,
} from '../../workload/index.ts';
import type { Command, StackChoice } from './arguments.ts';
import { BlktraceFile } from './blktrace-file.ts';
import type { CliIo } from './cli-io.ts';
import { configuredBackend } from './configured-backend.ts';
import { needsOf, type OpenStack } from './opened-stack.ts';
import { runWorkload } from './run-workload.ts';
import { TraceFile } from './trace-file.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes of the program. */
export const ExitCode = { ok: 0, errors: 1, usage: 2, interrupted: 130 } as const;

/** Bytes of a logical block of the disks that the command line makes, unless a configuration file says otherwise. */
const BLOCK_BYTES = 512;

/**
 * Runs the command and gives the exit code. All of the job file is checked before anything is opened or written.
 *
 * @throws UsageError, JobFileError or ConfigError for what cannot be used
 */
export async function runCommand(
  io: CliIo,
  command: Extract<Command, { kind: 'run' }>,
  openStack: OpenStack,
): Promise<number> {
  const choice = choiceOf(io, command);
  const file = parseJobFile(command.file, readFile(io, command.file));
  const blockBytes = choice.backend.configured?.blockBytes ?? BLOCK_BYTES;
  const plan = planWorkload(file, {
    blockBytes,
    blockCount: choice.backend.size / blockBytes,
    timePasses: choice.costs !== 'none',
  });
  sayIgnored(io, file);
  const trace = command.trace === undefined ? undefined : new TraceFile(command.trace);
  let blktrace: BlktraceFile | undefined;
  try {
    if (command.blktrace !== undefined) blktrace = new BlktraceFile(command.blktrace);
    const stack = await openStack(
      choice,
      needsOf(plan),
      trace && ((clock) => new TraceRecorder(clock, (line) => trace.line(line))),
      blktrace && ((clock) => blktrace!.observe(clock)),
    );
    const result = await runWorkload(io, stack.target, plan, choice.seed);
    if (command.json) io.out(`${JSON.stringify(jsonReport(result, nvmeStatusName), null, 2)}\n`);
    else io.out(`${textReport(result, nvmeStatusName)}\n\n${stack.describe()}\n`);
    await stack.close();
    if (result.wasInterrupted) return ExitCode.interrupted;
    return isClean(result) ? ExitCode.ok : ExitCode.errors;
  } finally {
    trace?.close();
    blktrace?.close();
  }
}

/** What the stack is built from, where a configuration file has a word in it. */
function choiceOf(io: CliIo, { stack, config }: Extract<Command, { kind: 'run' }>): StackChoice {
  if (config === undefined) return stack;
  const { choice, problems } = configuredBackend(config, readFile(io, config.file));
  for (const { severity, path, message } of problems) {
    io.err(`${severity}: ${config.file}: ${path}: ${message}\n`);
  }
  return { ...stack, backend: choice };
}

function readFile(io: CliIo, path: string): string {
  try {
    return io.readText(path);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function sayIgnored(io: CliIo, file: JobFile): void {
  if (file.ignored.length === 0) return;
  io.err(`note: ${file.file}: ignored, as they say how fio works: ${file.ignored.join(', ')}\n`);
}
