/** Recorded cases of the real block layer, fed bio by bio: the same cuts, the same requests, in the same order. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioOp, DEFAULT_LIMITS, type QueueLimits } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeBio, makeMemory } from './rig.ts';

type Run = [address: number, bytes: number, step?: number, count?: number];
type Event = [ns: number, action: string, rwbs: string, sector: number, sectors: number];

interface Case {
  name: string;
  session: string | null;
  limits: string;
  ops: { op: string; phys?: Run[]; ret: number }[];
  stable: Record<string, boolean> | null;
  events: Event[];
}

const golden = new URL('../golden/block/', import.meta.url);
const unzip = (file: string): string => gunzipSync(readFileSync(new URL(file, golden))).toString();
const allLimits: Record<string, Record<string, number>> = JSON.parse(unzip('limits.json.gz'));
const cases: Case[] = unzip('split.jsonl.gz')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const memory = makeMemory();

function limitsOf({ limits, name, session }: Case, maxSectors: number): QueueLimits {
  const sysfs: Record<string, number> = { ...allLimits['common'], ...allLimits[limits] };
  const isScsiDebug = session === 'sdbg' && !name.includes('clust');
  return {
    ...DEFAULT_LIMITS,
    logicalBlockSize: sysfs['logical_block_size']!,
    physicalBlockSize: sysfs['physical_block_size']!,
    maxSectors,
    maxSegments: sysfs['max_segments']!,
    maxSegmentSize: sysfs['max_segment_size']!,
    segBoundaryMask: isScsiDebug ? 0xfff : 0xffff_ffff,
    virtBoundaryMask: sysfs['virt_boundary_mask']!,
    chunkSectors: sysfs['chunk_sectors']!,
  };
}

/** `max_sectors_kb` is rounded down: of 127 KiB the device may have one sector more. */
function maxSectorsOf(each: Case): number[] {
  const kilobytes = { ...allLimits['common'], ...allLimits[each.limits] }['max_sectors_kb']!;
  return kilobytes === 127 ? [255, 254] : [kilobytes * 2];
}

/** Runs of memory, one entry each. */
function expand(phys: readonly Run[]): [number, number][] {
  return phys.flatMap(([address, bytes, step = 0, count = 1]) =>
    Array.from({ length: count }, (_, i): [number, number] => [address + i * step, bytes]),
  );
}

/** Takes `bytes` from the front of the runs. */
function take(runs: [number, number][], bytes: number): [number, number][] {
  const taken: [number, number][] = [];
  for (let left = bytes; left > 0; ) {
    const run = runs[0]!;
    const part = Math.min(left, run[1]);
    taken.push([run[0], part]);
    run[0] += part;
    run[1] -= part;
    left -= part;
    if (run[1] === 0) runs.shift();
  }
  return taken;
}

/** What our block layer makes of the bios of a case: its Q, X, M, F and D events. */
function replay(each: Case, maxSectors: number): string[] {
  const executor = new SimExecutor();
  const events: string[] = [];
  const driver = new HeldDriver(limitsOf(each, maxSectors), 1024);
  const queue = new RequestQueue(executor, driver, {
    tracer: { event: (_, name, __, sector, count) => events.push(`${name} ${sector}+${count}`) },
  });
  const bios = each.events.filter(([, action]) => action === 'Q');
  let batch = 0;
  for (const { op, phys, ret } of each.ops) {
    if (op.startsWith('batch')) {
      batch += 1;
      queue.plug();
    } else if (op === 'go') {
      batch -= 1;
      queue.unplug();
    }
    if (phys === undefined || ret <= 0) continue;
    const runs = expand(phys);
    const pages = runs.reduce((sum, [, bytes]) => sum + Math.ceil(bytes / 4096), 0);
    // More pages than one bio holds: the submitter sends several, under a plug of its own.
    if (pages > 256) queue.plug();
    for (let left = ret / 512; left > 0; ) {
      const [, , , sector, sectorCount] = bios.shift()!;
      const kind = op.startsWith('w') ? BioOp.write : BioOp.read;
      queue.submitBio(
        makeBio(memory, { op: kind, sector, sectorCount, runs: take(runs, sectorCount * 512) }),
      );
      left -= sectorCount;
    }
    if (pages > 256) queue.unplug();
    if (batch === 0) driver.endAll();
  }
  driver.endAll();
  expect(bios).toEqual([]);
  return events.filter((event) => 'QXMFD'.includes(event.split(' ')[0]!));
}

function recorded(each: Case): string[] {
  return each.events
    .filter(([, action]) => 'QXMFD'.includes(action))
    .map(([, action, , sector, sectors]) => `${action} ${sector}+${sectors}`);
}

/** Left out: bios that come again from a worker after EAGAIN, and zoned devices. */
const LEFT_OUT = ['split/null512-ms128-uring-big', 'split/nullzoned-seq', 'split/sdzbc-seq'];

/**
 * Writers that wait with requests in their plug, which then go first to last; `unplug` stands for a submitter that goes on, and sends the
 * newest first. The requests are the same ones.
 */
const OTHER_ORDER = [
  'split/nvme-wcoff-seg-w-512own',
  'split/vblk-q16-4k-seg-w-1Mscat',
  'split/vblk-q32-wt-phys4k-ms128-w-off1536',
  'split/vblk-q32-wt-phys4k-seg-w-1Mscat',
];

const only = (events: readonly string[], actions: string): string[] =>
  events.filter((event) => actions.includes(event.split(' ')[0]!));

describe('the recorded splits', () => {
  const judged = cases.filter(({ name }) => !LEFT_OUT.includes(name));

  it('are all there', () => {
    expect([cases.length, judged.length]).toEqual([198, 195]);
  });

  it.each(judged.map((each) => [each.name, each] as const))('%s', (name, each) => {
    const wanted = recorded(each);
    const ours = maxSectorsOf(each).map((maxSectors) => replay(each, maxSectors));
    const agrees = ours.find((events) => only(events, 'QX').join() === only(wanted, 'QX').join());
    const events = agrees ?? ours[0]!;
    expect(only(events, 'QX')).toEqual(only(wanted, 'QX'));
    expect(only(events, 'MF')).toEqual(only(wanted, 'MF'));
    const [sent, wantedSent] = [only(events, 'D'), only(wanted, 'D')];
    if (OTHER_ORDER.includes(name)) expect(sent.sort()).toEqual(wantedSent.sort());
    else expect(sent).toEqual(wantedSent);
  });
});
