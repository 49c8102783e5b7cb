import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { FakeIo, invoke } from './fake-cli.ts';

describe('the demonstration', () => {
  it('shows the road, the path of one write and the results on every backend, and a table', async () => {
    const io = new FakeIo();
    io.tickMs = 1;
    const { code, opened } = await invoke([], {}, io);
    expect(code).toBe(0);
    const types = opened.choices.map(({ backend }) => backend.text.replace(/:.*(?=:)/, ':*'));
    expect(types).toEqual([
      'rd_mcp:64MiB',
      'fileio:*:64MiB',
      'iblock:*:64MiB',
      'iblock:*:64MiB',
      'iblock:*:64MiB',
    ]);
    expect(opened.closed).toBe(5);
    expect(io.stdout.match(/\(the road\)/g)).toHaveLength(5);
    expect(
      io.stdout.match(
        /The path of one write of 4 KiB:\n {7}\+0 ns {2}workload {6}issue 0 8\n {4}\+1000 ns {2}workload {6}end {3}0 0\n\n/g,
      ),
    ).toHaveLength(5);
    expect(io.stdout.match(/mix: \(groupid=0, jobs=1\): err=0: rw=randrw/g)).toHaveLength(5);
    expect(io.stdout.match(/No errors\./g)).toHaveLength(5);
    const table = io.stdout.trim().split('\n').slice(-6);
    expect(table[0]).toMatch(/^backend +IOPS +read p50/);
    expect(table[2]).toMatch(/^fileio:\.\.\./);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('lio-nvme-demo-'))).toEqual([]);
  });

  it('ends with 1 when a backend made an error', async () => {
    const { code, io } = await invoke([], { decide: (_, nth) => (nth === 9 ? 6 : 0) });
    expect(code).toBe(1);
    expect(io.stdout).toContain('There were errors.');
  });

  it('ends with 130 when it is interrupted', async () => {
    const io = new FakeIo();
    io.onInterrupt = (handler) => {
      handler();
      return () => {};
    };
    const { code, opened } = await invoke([], {}, io);
    expect([code, opened.closed]).toEqual([130, 1]);
  });
});
