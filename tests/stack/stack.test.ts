import { expect, it } from 'vitest';
import { makeTask } from '../../src/sim/task.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';

it('shows every layer of its road, top to bottom, with counters that count', async () => {
  const stack = createStack({ backend: { type: 'iblock', disk: 'nvme', size: '1MiB' } });
  const disk = await stack.guest.open(1);
  await disk.write(0, new Uint8Array(4096));
  const rows = stack.describe();
  const order = ['NVMe driver', 'NVMe PCI function', 'virtqueue command port', 'vhost_nvme'];
  order.push('LIO target core', 'IBLOCK backend', 'block layer', 'NVMe SSD');
  const places = order.map((name) => rows.indexOf(name));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBeGreaterThanOrEqual(0);
  const before = stack.describe();
  await disk.read(0, 4096);
  expect(stack.describe()).not.toBe(before);
  await stack.close();
});

it('gives the counters that it draws, layer by layer', async () => {
  const stack = createStack({ road: 'direct', backend: { type: 'rd_mcp', size: '1MiB' } });
  const disk = await stack.guest.open(1);
  const commands = (): number => stack.counters()[0]!.counters['commands']!;
  const before = commands();
  await disk.write(0, new Uint8Array(512));
  expect(commands()).toBe(before + 1);
  for (const { name, counters } of stack.counters()) {
    expect(stack.describe()).toContain(name);
    for (const [key, count] of Object.entries(counters)) {
      expect(stack.describe()).toContain(`${key} ${count}`);
    }
  }
  await stack.close();
});

it('gives its layers, and they are those of the road', async () => {
  const stack = createStack({ road: 'direct', backend: { type: 'rd_mcp', size: '1MiB' } });
  expect(stack.parts.port).toBe(stack.parts.target);
  expect(stack.parts.backend.geometry.blockCount).toBe(2048);
  expect(stack.config.road).toBe('direct');
  await stack.close();
});

it('run() waits until nothing is left to do, and gives the host its turns', async () => {
  let turns = 0;
  const yieldToHost = async (): Promise<void> => void (turns += 1);
  const stack = createStack({ backend: { type: 'rd_mcp', size: '1MiB' }, yieldToHost });
  stack.guest.boot();
  let left = 250_000;
  const task = makeTask('tick', () => void (--left > 0 && stack.executor.post(task)));
  stack.executor.post(task);
  await stack.run();
  expect(left).toBe(0);
  expect(turns).toBeGreaterThanOrEqual(2);
  await stack.close();
});

it('close() shuts the controller down, once, and closes the backend', async () => {
  const stack = createStack({ backend: { type: 'fileio', size: '1MiB' } });
  const disk = await stack.guest.open(1);
  await disk.write(0, new Uint8Array(512).fill(1));
  const isReady = (): boolean => (stack.guest.pci.mmioRead(NvmeRegister.csts, 4) & Csts.rdy) !== 0;
  expect(isReady()).toBe(true);
  await Promise.all([stack.close(), stack.close()]);
  expect(isReady()).toBe(false);
  await expect(stack.guest.open(1)).rejects.toThrow('closed');
});
