import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../src/backends/index.ts';
import { ConfigError } from '../../src/base/assert.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { buildBackend } from '../../src/stack/backend-from-config.ts';
import { parseConfig, type StackOptions } from '../../src/stack/config.ts';
import { diskMemoryBytes } from '../../src/stack/disk-from-config.ts';
import { makeMemoryMap } from '../../src/stack/memory-map.ts';
import type { World } from '../../src/stack/world.ts';

function worldOf(backend: StackOptions['backend'], blockBytes: 512 | 4096): World {
  const config = parseConfig({ backend, blockBytes });
  const memory = makeMemoryMap(4 << 20, 4096, diskMemoryBytes(config.backend));
  return { config, executor: new SimExecutor(), memory, costs: NO_COSTS, tracer: undefined };
}

describe.each([512, 4096] as const)('blocks of %i bytes', (blockBytes) => {
  it.each<[StackOptions['backend'], string, boolean]>([
    [{ type: 'rd_mcp', size: '1MiB' }, 'RD_MCP backend', false],
    [{ type: 'nullio', size: '1MiB' }, 'nullio backend', false],
    [{ type: 'fileio', size: '1MiB' }, 'FILEIO backend', false],
    [{ type: 'fileio', size: '1MiB', bufferedIo: true }, 'FILEIO backend', true],
    [{ type: 'iblock', disk: 'null_blk', size: '1MiB' }, 'IBLOCK backend', true],
    [{ type: 'iblock', disk: 'sata', size: '1MiB' }, 'IBLOCK backend', true],
    [{ type: 'iblock', disk: 'scsi', size: '1MiB', writeCache: false }, 'IBLOCK backend', false],
    [{ type: 'iblock', disk: 'nvme', size: '1MiB' }, 'IBLOCK backend', true],
  ])('%j has the size, the cache and the name that it says', (options, name, writeCache) => {
    const { backend, rows } = buildBackend(worldOf(options, blockBytes), undefined);
    expect(backend.geometry.blockBytes).toBe(blockBytes);
    expect(backend.geometry.blockCount).toBe((1 << 20) / blockBytes);
    expect(backend.geometry.writeCache).toBe(writeCache);
    expect(rows[0]!.name).toBe(name);
  });
});

it('an open file decides the size; without one the size is asked for', () => {
  const world = worldOf({ type: 'fileio' }, 512);
  const file = new MemoryFile(world.executor, 8192, { costs: NO_COSTS });
  expect(buildBackend(world, file).backend.geometry.blockCount).toBe(16);
  expect(() => buildBackend(world, undefined)).toThrow(ConfigError);
  expect(() => buildBackend(world, undefined)).toThrow('backend.size');
});
