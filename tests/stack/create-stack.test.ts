import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../src/backends/index.ts';
import { ConfigError } from '../../src/base/assert.ts';
import { BlockAction, type BlockObserver } from '../../src/interfaces/block-observer.ts';
import { type CreateStackOptions, createStack } from '../../src/stack/create-stack.ts';

describe('layers of the caller', () => {
  it.each([
    [{ bakend: () => {} }, 'layers.bakend: () => {} is not accepted; expected no such layer'],
    [{ backend: {} }, 'layers.backend: an object is not accepted; expected a function'],
    [{ blockObserver: 1 }, 'layers.blockObserver: 1 is not accepted; expected a function'],
    [{ file: 'disk.img' }, "layers.file: 'disk.img' is not accepted; expected a function"],
  ])('%j are refused by name', (layers, message) => {
    const options = { layers } as unknown as CreateStackOptions;
    expect(() => createStack(options)).toThrow(ConfigError);
    expect(() => createStack(options)).toThrow(message);
  });
});

it('an observer of the block layer hears it, and is refused where there is none', async () => {
  const heard: number[] = [];
  const observer: BlockObserver = {
    event: (action) => void heard.push(action),
    remapped: () => {},
  };
  const layers = { blockObserver: () => observer };
  const stack = createStack({ backend: { type: 'iblock', disk: 'nvme', size: '1MiB' }, layers });
  const disk = await stack.guest.open(1);
  await disk.write(0, new Uint8Array(4096));
  const { queued, gotRequest, issued, completed } = BlockAction;
  expect(heard.filter((action) => action <= completed)).toEqual([
    queued,
    gotRequest,
    issued,
    completed,
  ]);
  await stack.close();
  for (const options of [
    { layers },
    { layers: { ...layers, backend: () => stack.parts.backend } },
  ]) {
    expect(() => createStack(options)).toThrow('layers.blockObserver');
  }
});

it.each([true, false])('the diagram tells the truth of a write cache (%s)', (writeCache) => {
  for (const disk of ['sata', 'scsi', 'nvme'] as const) {
    const stack = createStack({ backend: { type: 'iblock', disk, size: '1MiB', writeCache } });
    expect(stack.describe().split('\n').at(-1)!.includes('write cache')).toBe(writeCache);
  }
});

it('a backend of the caller stands in the place of the configured one', async () => {
  let made: NullioBackend | undefined;
  const stack = createStack({
    backend: { type: 'rd_mcp', size: '1MiB' },
    layers: { backend: (executor) => (made = new NullioBackend(executor, 8192)) },
  });
  expect(stack.parts.backend).toBe(made);
  expect((await stack.guest.open(1)).size).toBe(8192);
  await stack.close();
});

it('a trace has a line for every event, each of them JSON with its time and layer', async () => {
  const lines: string[] = [];
  const stack = createStack({
    backend: { type: 'iblock', disk: 'sata', size: '1MiB' },
    costs: 'server',
    trace: (line) => lines.push(line),
  });
  const disk = await stack.guest.open(1);
  lines.length = 0;
  await disk.write(0, new Uint8Array(4096));
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.length).toBeGreaterThan(5);
  const times = events.map((event) => Number(Object.values(event)[0]));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(events.map((event) => Object.values(event)[1])).size).toBeGreaterThan(3);
  await stack.close();
});
