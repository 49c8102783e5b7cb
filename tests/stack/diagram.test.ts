import { expect, it } from 'vitest';
import { drawLayers } from '../../src/stack/diagram.ts';

it('draws one row per layer, with its counters and what crosses below it', () => {
  let commands = 1;
  const rows = [
    { place: 'guest', name: 'NVMe driver', below: 'MMIO', counters: () => ({ commands }) },
    { place: 'VMM', name: 'PCI function', below: 'virtqueue', counters: () => ({}) },
    { place: 'VMM', name: 'port', counters: () => ({ kicks: 2, calls: 3 }) },
  ];
  commands = 5;
  expect(drawLayers(rows).split('\n')).toEqual([
    ' guest        NVMe driver   commands 5',
    '   |  MMIO',
    ' VMM          PCI function',
    '   |  virtqueue',
    '              port          kicks 2  calls 3',
  ]);
});
