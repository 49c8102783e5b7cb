import { describe, expect, it } from 'vitest';
import { runWorkload } from '../../../src/node/cli/run-workload.ts';
import { parseJobFile, planWorkload } from '../../../src/workload/index.ts';
import { FakeTarget } from '../../workload/fake-target.ts';
import { FakeIo } from './fake-cli.ts';

const disk = { blockBytes: 512, blockCount: 2048, timePasses: true };
const plan = planWorkload(parseJobFile('a', '[a]\nrw=randread\nbs=512\nloops=30\niodepth=4'), disk);

describe('runWorkload', () => {
  it('gives the terminal a turn between slices, and measures by the clock of the process', async () => {
    const io = new FakeIo();
    io.isTerminal = true;
    io.tickMs = 3_000;
    let turns = 0;
    io.atTurn = () => {
      turns += 1;
    };
    const result = await runWorkload(io, new FakeTarget(), plan, 1);
    expect(result.isComplete).toBe(true);
    expect(turns).toBeGreaterThan(0);
    expect(result.wallMs).toBeGreaterThanOrEqual(3_000 * turns);
    expect(io.stderr).toContain('%, ');
    expect(io.stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  it('stops when the user asks for it', async () => {
    const io = new FakeIo();
    io.atTurn = (interrupt) => interrupt();
    const result = await runWorkload(io, new FakeTarget(), plan, 1);
    expect(result.wasInterrupted).toBe(true);
    expect(result.jobs[0]!.read.ios).toBeLessThan(30 * 2048);
    expect(result.jobs[0]!.read.ios).toBeGreaterThan(0);
  });
});
