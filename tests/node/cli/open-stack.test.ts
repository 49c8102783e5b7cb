import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCommand, type StackChoice } from '../../../src/node/cli/arguments.ts';
import { openStack } from '../../../src/node/cli/open-stack.ts';
import { needsOf } from '../../../src/node/cli/opened-stack.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { ROADS } from '../../../src/stack/config.ts';
import {
  isClean,
  parseJobFile,
  planWorkload,
  WorkloadRunner,
} from '../../../src/workload/index.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function choose(...args: string[]): StackChoice {
  const command = parseCommand(['run', 'a.fio', ...args]);
  if (command.kind !== 'run') throw new Error('no run');
  return command.stack;
}

const small = { bufferBytes: 4096, jobs: 1 };

describe('openStack', () => {
  it.each(ROADS)('boots the guest on the road %s, with its events in order', async (road) => {
    const layers = new Set<string>();
    const stack = await openStack(
      choose('--road', road, '--backend', 'rd_mcp:1MiB'),
      small,
      () => ({
        event: (layer) => void layers.add(layer),
      }),
    );
    expect(stack.target.host.namespaces).toEqual([{ nsid: 1, blockBytes: 512, blockCount: 2048 }]);
    expect(stack.target.tracer).toBeDefined();
    expect(layers).toContain('nvme-device');
    expect(stack.describe()).toContain('NVMe driver');
    await stack.close();
  });

  it('gives jobs the memory and the queues that they need', async () => {
    const file = parseJobFile(
      'a',
      '[a]\nrw=randread\nbs=1m\niodepth=100\nnumber_ios=200\n[b]\nnumjobs=3\n',
    );
    const plan = planWorkload(file, { blockBytes: 512, blockCount: 8192, timePasses: true });
    const stack = await openStack(choose('--backend', 'rd_mcp:4MiB'), needsOf(plan), undefined);
    expect(stack.target.host.ioQueueCount).toBe(4);
    expect(stack.target.tracer).toBeUndefined();
    const runner = new WorkloadRunner(stack.target, plan, makePrng(1));
    while (runner.slice(10_000));
    expect(isClean(runner.result())).toBe(true);
    await stack.close();
  });

  it('lets an observer hear the block layer', async () => {
    let events = 0;
    const observer = { event: () => void (events += 1), remapped: () => {} };
    const choice = choose('--backend', 'iblock:sata:1MiB');
    const stack = await openStack(choice, small, undefined, () => observer);
    const plan = planWorkload(parseJobFile('a', '[a]\nsize=64k\n'), {
      blockBytes: 512,
      blockCount: 2048,
      timePasses: true,
    });
    const runner = new WorkloadRunner(stack.target, plan, makePrng(1));
    while (runner.slice(10_000));
    expect(events).toBeGreaterThanOrEqual(16 * 4);
    await stack.close();
  });

  it('makes the file that fileio names, and only then', async () => {
    const path = join(directory, 'disk.img');
    const choice = choose('--backend', `fileio:${path}:1MiB`);
    expect(existsSync(path)).toBe(false);
    const stack = await openStack(choice, small, undefined);
    await stack.close();
    expect(readFileSync(path).length).toBe(1 << 20);
  });
});
