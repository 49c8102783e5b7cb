import { expect, it } from 'vitest';
import { ChangedNamespaces } from '../../../src/target/nvme/changed-namespaces.ts';

it('lists each namespace that changed once, ascending, until it is cleared', () => {
  const changed = new ChangedNamespaces();
  for (const nsid of [9, 2, 1024, 9]) changed.add(nsid);
  const bytes = new Uint8Array(8192).fill(0xee);
  const words = () => [...new Uint32Array(bytes.buffer, 0, 5)];
  expect(changed.writeTo(bytes)).toBe(4096);
  expect(words()).toEqual([2, 9, 1024, 0, 0]);
  expect([bytes[4095], bytes[4096]]).toEqual([0, 0xee]);
  changed.clear();
  changed.writeTo(bytes);
  expect(words()).toEqual([0, 0, 0, 0, 0]);
});
