import { describe, expect, it } from 'vitest';
import { ProgressLine } from '../../../src/node/cli/progress.ts';
import { FakeIo } from './fake-cli.ts';

const progress = { share: 0.5, ios: 12_345, group: 0, groupCount: 2 };

describe('ProgressLine', () => {
  it('says nothing in the first two seconds, and then five times a second at most', () => {
    const io = new FakeIo();
    io.isTerminal = true;
    const line = new ProgressLine(io);
    io.now = 1_999;
    line.update(progress);
    expect(io.stderr).toBe('');
    io.now = 2_000;
    line.update(progress);
    expect(io.stderr).toBe(
      '\r\u001b[K[============            ] 50%, 12.3k I/Os, 6173 IO/s, group 1/2',
    );
    io.now = 2_100;
    line.update(progress);
    expect(io.stderr.split('\r')).toHaveLength(2);
    io.now = 2_200;
    line.update({ ...progress, groupCount: 1 });
    expect(io.stderr.split('\r')[2]).not.toContain('group');
    line.clear();
    line.clear();
    expect(io.stderr.endsWith('IO/s\r\u001b[K')).toBe(true);
  });

  it('says nothing where there is no terminal', () => {
    const io = new FakeIo();
    const line = new ProgressLine(io);
    io.now = 10_000;
    line.update(progress);
    line.clear();
    expect(io.stderr).toBe('');
  });
});
