/** `lio-nvme` without arguments: one job on every backend, with the road, the path of one write and the results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nvmeStatusName } from '../../wire/nvme-status.ts';
import {
  countText,
  isClean,
  parseJobFile,
  planWorkload,
  textReport,
  timeText,
  type WorkloadPlan,
  type WorkloadResult,
} from '../../workload/index.ts';
import type { StackChoice } from './arguments.ts';
import { parseBackend } from './backend-choice.ts';
import type { CliIo } from './cli-io.ts';
import { needsOf, type OpenStack } from './opened-stack.ts';
import { ExitCode } from './run-command.ts';
import { runWorkload } from './run-workload.ts';
import { WritePath } from './write-path.ts';

const ONE_WRITE = `
[one-write]
rw=write
bs=4k
number_ios=1
`;

const JOB = `
[global]
bs=4k
iodepth=8
size=8m

[mix]
description=random reads and writes of 4 KiB, flushed every 64 writes, read back and checked
rw=randrw
rwmixread=70
fsync=64
verify=crc32c
`;

/** Runs the demonstration and gives the exit code. */
export async function demoCommand(io: CliIo, seed: number, openStack: OpenStack): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'lio-nvme-demo-'));
  const backends = [
    'rd_mcp:64MiB',
    `fileio:${join(directory, 'disk.img')}:64MiB`,
    'iblock:sata:64MiB',
    'iblock:scsi:64MiB',
    'iblock:nvme:64MiB',
  ];
  const rows: string[][] = [
    [
      'backend',
      'IOPS',
      'read p50',
      'read p99',
      'write p50',
      'write p99',
      'verify errors',
      'IO/s of wall clock',
    ],
  ];
  try {
    let code: number = ExitCode.ok;
    for (const backend of backends) {
      const result = await demonstrate(
        io,
        { road: 'vhost-nvme', backend: parseBackend(backend), seed, costs: 'server' },
        openStack,
      );
      rows.push(summaryRow(backend.replace(directory, '...'), result));
      if (result.wasInterrupted) return ExitCode.interrupted;
      if (!isClean(result)) code = ExitCode.errors;
    }
    io.out(`${table(rows)}\n`);
    return code;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function demonstrate(
  io: CliIo,
  choice: StackChoice,
  openStack: OpenStack,
): Promise<WorkloadResult> {
  let path: WritePath | undefined;
  const plan = planOf(JOB, choice);
  const stack = await openStack(choice, needsOf(plan), (clock) => {
    path = new WritePath(clock);
    return path;
  });
  path?.listen();
  await runWorkload(io, stack.target, planOf(ONE_WRITE, choice), choice.seed);
  path?.ignore();
  const result = await runWorkload(io, stack.target, plan, choice.seed);
  io.out(
    `=== ${choice.road} on ${choice.backend.options.type === 'iblock' ? `iblock, ${choice.backend.options.disk}` : choice.backend.options.type} ===\n\n` +
      `${stack.describe()}\n\nThe path of one write of 4 KiB:\n${path?.text() ?? ''}\n\n${textReport(result, nvmeStatusName)}\n\n`,
  );
  await stack.close();
  return result;
}

function planOf(text: string, choice: StackChoice): WorkloadPlan {
  const blockCount = choice.backend.size / 512;
  return planWorkload(parseJobFile('built-in', text), {
    blockBytes: 512,
    blockCount,
    timePasses: true,
  });
}

function summaryRow(backend: string, result: WorkloadResult): string[] {
  const job = result.jobs[0]!;
  const { read, write, verify, sync } = job;
  const iops = job.runtimeNs === 0 ? 0 : ((read.ios + write.ios) * 1e9) / job.runtimeNs;
  const wall = ((read.ios + write.ios + verify.ios + sync.ios) * 1000) / result.wallMs;
  const latencies = [read, write].flatMap((each) =>
    [50, 99].map((percent) => timeText(each.latency.percentile(percent))),
  );
  return [backend, countText(iops), ...latencies, String(job.verifyErrors), countText(wall)];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
