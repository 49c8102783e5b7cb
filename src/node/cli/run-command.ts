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
import type { Command } from './arguments.ts';
import { BlktraceFile } from './blktrace-file.ts';
import type { CliIo } from './cli-io.ts';
import { needsOf, type OpenStack } from './opened-stack.ts';
import { runWorkload } from './run-workload.ts';
import { TraceFile } from './trace-file.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes of the program. */
export const ExitCode = { ok: 0, errors: 1, usage: 2, interrupted: 130 } as const;

/** Bytes of a logical block of the disks that the command line makes. */
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
  const { stack: choice } = command;
  const file = parseJobFile(command.file, readJobFile(io, command.file));
  const plan = planWorkload(file, {
    blockBytes: BLOCK_BYTES,
    blockCount: choice.backend.size / BLOCK_BYTES,
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

function readJobFile(io: CliIo, path: string): string {
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
