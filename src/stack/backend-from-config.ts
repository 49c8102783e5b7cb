/** Builds the backend that a configuration names. */
import {
  FileioBackend,
  IblockBackend,
  MemoryFile,
  NullioBackend,
  RdMcpBackend,
} from '../backends/index.ts';
import { ConfigError } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { FileHandle } from '../interfaces/file-handle.ts';
import { PageStore } from '../memory/page-store.ts';
import type { LayerRow } from './diagram.ts';
import { buildDisk } from './disk-from-config.ts';
import type { World } from './world.ts';

/** A backend with what lies below it. */
export interface BuiltBackend {
  readonly backend: Backend;
  /** The backend and the layers below it, top to bottom. */
  readonly rows: readonly LayerRow[];
}

/** Builds it. @throws ConfigError when the parts do not fit */
export function buildBackend(world: World, file: FileHandle | undefined): BuiltBackend {
  const { executor, costs, config } = world;
  const { blockBytes } = config;
  const row = (name: string): LayerRow => ({ place: 'host kernel', name, counters: () => ({}) });
  switch (config.backend.type) {
    case 'rd_mcp': {
      const store = new PageStore(config.backend.size);
      return {
        backend: new RdMcpBackend(executor, store, { blockBytes, costs }),
        rows: [row('RD_MCP backend')],
      };
    }
    case 'nullio':
      return {
        backend: new NullioBackend(executor, config.backend.size, { blockBytes, costs }),
        rows: [row('nullio backend')],
      };
    case 'fileio': {
      const { size, bufferedIo } = config.backend;
      if (file === undefined && size === undefined) {
        throw new ConfigError('backend.size', size, 'a size, or an open file in layers.file');
      }
      const handle = file ?? new MemoryFile(executor, size!, { costs });
      return {
        backend: new FileioBackend(executor, handle, { blockBytes, bufferedIo }),
        rows: [{ ...row('FILEIO backend'), below: 'read, write, fsync' }, row('file')],
      };
    }
    case 'iblock': {
      const { device, rows } = buildDisk(world, config.backend);
      return {
        backend: new IblockBackend(executor, device, { blockBytes }),
        rows: [{ ...row('IBLOCK backend'), below: 'bio' }, ...rows],
      };
    }
  }
}
