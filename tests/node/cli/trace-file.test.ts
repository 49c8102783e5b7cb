import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TraceFile } from '../../../src/node/cli/trace-file.ts';

it('holds every line, in order, whatever its length', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  try {
    const path = join(directory, 'trace');
    const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(i % 100)}`);
    const file = new TraceFile(path);
    for (const line of lines) file.line(line);
    file.close();
    expect(readFileSync(path, 'utf8')).toBe(`${lines.join('\n')}\n`);
    expect(() => new TraceFile(join(directory, 'no', 'where'))).toThrow(/^--trace .*ENOENT/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
