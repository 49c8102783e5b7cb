import { expect, it } from 'vitest';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { TraceRecorder } from '../../src/sim/trace-recorder.ts';

it('writes one line of JSON for each event', () => {
  const executor = new SimExecutor();
  const lines: string[] = [];
  const tracer = new TraceRecorder(executor, (line) => lines.push(line));
  executor.runUntil(42);
  tracer.event('vhost', 'kick', 7, 1, 2);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toEqual({
    t: 42,
    layer: 'vhost',
    event: 'kick',
    io: 7,
    a: 1,
    b: 2,
  });
});
