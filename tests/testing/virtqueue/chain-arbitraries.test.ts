import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bufferArbitrary,
  MAX_SCRIPT,
  queueConfigArbitrary,
  scriptArbitrary,
} from '../../../src/testing/virtqueue/index.ts';
import { checkQueueSize } from '../../../src/virtqueue/ring-layout.ts';
import { checkProperty, runs } from '../../support/runs.ts';

it('buffers have a segment, fit their place and go both ways', () => {
  const kinds = new Set<string>();
  checkProperty(
    fc.property(bufferArbitrary(6), ({ out, into }) => {
      const lengths = [...out, ...into];
      expect(lengths.length).toBeGreaterThanOrEqual(1);
      expect(lengths.length).toBeLessThanOrEqual(6);
      expect(lengths.every((length) => length > 0)).toBe(true);
      expect(lengths.reduce((sum, length) => sum + length)).toBeLessThan(0x1000);
      kinds.add(`${out.length > 0} ${into.length > 0}`);
    }),
    runs(100),
  );
  expect(kinds.size).toBe(3);
});

it('scripts fit their queue, and queues are of sizes that exist', () => {
  checkProperty(
    fc.property(queueConfigArbitrary(), ({ format, size }) => {
      checkQueueSize(format, size);
      const [script] = fc.sample(scriptArbitrary(size, 1000), { numRuns: 1 });
      expect(script!.length).toBeLessThanOrEqual(MAX_SCRIPT);
      const longest = Math.max(...script!.map(({ out, into }) => out.length + into.length));
      expect(longest).toBeLessThanOrEqual(size);
    }),
    runs(50),
  );
});
