import { describe, expect, it } from 'vitest';
import { ACTION_LETTERS } from '../../src/block/block-sight.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { QueueRqResult } from '../../src/interfaces/blk-mq.ts';
import type { BlockObserver } from '../../src/interfaces/block-observer.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeBio, makeMemory, settle } from './rig.ts';

/** An observer that writes each event as a line: letters, operation, flags, range, extra. */
function note(lines: string[]): BlockObserver {
  return {
    event: (action, _, op, flags, sector, count, extra) => {
      lines.push(`${ACTION_LETTERS[action]} ${op}/${flags} ${sector}+${count} ${extra}`);
    },
    remapped: () => lines.push('A'),
  };
}

const memory = makeMemory();

function rig(limits = {}) {
  const executor = new SimExecutor();
  const driver = new HeldDriver(limits);
  driver.settle = () => settle(executor);
  const lines: string[] = [];
  const traced: string[] = [];
  const queue = new RequestQueue(executor, driver, {
    observer: note(lines),
    tracer: { event: (_, name, __, a, b) => traced.push(`${name} ${a}+${b}`) },
  });
  return { executor, driver, queue, lines, traced };
}

describe('the events of a device', () => {
  it('tell of a cut with the first part and where the rest begins', () => {
    const { driver, queue, lines } = rig({ maxSectors: 8 });
    queue.submitBio(makeBio(memory, { sector: 16, sectorCount: 12 }));
    driver.endAll();
    expect(lines).toEqual([
      'Q 0/0 16+12 0',
      'X 0/0 16+8 24',
      'G 0/0 16+8 0',
      'D 0/8 16+8 0',
      'G 0/0 24+4 0',
      'D 0/0 24+4 0',
      'C 0/8 16+8 0',
      'C 0/0 24+4 0',
    ]);
  });

  it('tell of a plug, merges at both ends, and a status', () => {
    const { driver, queue, lines } = rig();
    queue.plug();
    for (const sector of [8, 16, 0]) {
      queue.submitBio(makeBio(memory, { op: BioOp.write, sector, gpa: sector * 512 }));
    }
    queue.unplug();
    driver.endOne(BlkStatus.medium);
    expect(lines.map((line) => line.replace(' 1/0', ''))).toEqual([
      'Q 8+8 0',
      'G 8+8 0',
      'P 0+0 0',
      'Q 16+8 0',
      'M 16+8 0',
      'Q 0+8 0',
      'F 0+8 0',
      'D 0+24 0',
      `C 0+24 ${BlkStatus.medium}`,
    ]);
  });

  it('tell of flags as the submitter gave them until the flush machine took them off', () => {
    const { executor, driver, queue, lines } = rig({ writeCache: true, fua: true });
    const flags = BioFlag.preflush | BioFlag.fua;
    queue.submitBio(makeBio(memory, { op: BioOp.write, flags }));
    settle(executor);
    driver.endAll();
    expect(lines).toEqual([
      'Q 1/6 0+8 0',
      'G 1/6 0+8 0',
      'D 2/2 0+0 0',
      'C 2/2 0+0 0',
      'D 1/4 0+8 0',
      'C 1/4 0+8 0',
      'C 1/4 0+0 0',
    ]);
  });

  it('tell of a request that the driver pushed back', () => {
    const { executor, driver, queue, lines } = rig();
    driver.answers.push(QueueRqResult.resource);
    queue.submitBio(makeBio(memory));
    executor.runUntil(executor.now + 10_000_000);
    expect(lines.map((line) => line[0])).toEqual(['Q', 'G', 'R', 'D']);
  });

  it('reach the tracer by the same letters', () => {
    const { driver, queue, lines, traced } = rig();
    queue.submitBio(makeBio(memory));
    driver.endAll();
    expect(traced.map((line) => line.split(' ')[0])).toEqual(['Q', 'G', 'D', 'C']);
    expect(lines).toHaveLength(traced.length);
  });
});
