import { expect, it } from 'vitest';
import { createStack } from '../../../src/stack/create-stack.ts';

it('has nothing between the controller and the target', async () => {
  const stack = createStack({ road: 'direct', backend: { type: 'rd_mcp', size: '1MiB' } });
  expect(stack.parts.port).toBe(stack.parts.target);
  const disk = await stack.guest.open(1);
  await disk.write(512, new Uint8Array(512).fill(9));
  expect((await disk.read(512, 512))[511]).toBe(9);
  expect(stack.describe()).toMatch(
    /NVMe PCI function\s+\| {2}function call\s+host kernel +LIO target/,
  );
  await stack.close();
});
