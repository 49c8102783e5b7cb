/** Builds the disk under the block layer that a configuration names. */
import { RequestQueue } from '../block/index.ts';
import { NullBlkDriver } from '../block-drivers/index.ts';
import { SparseMedium } from '../devices/index.ts';
import type { BlockDevice } from '../interfaces/bio.ts';
import type { BackendConfig } from './config.ts';
import type { LayerRow } from './diagram.ts';
import type { World } from './world.ts';

/** A block device and the layers that it is made of. */
export interface BuiltDisk {
  readonly device: BlockDevice;
  readonly rows: readonly LayerRow[];
}

type DiskConfig = Extract<BackendConfig, { type: 'iblock' }>;

/** Builds it. */
export function buildDisk(world: World, config: DiskConfig): BuiltDisk {
  const { executor, costs, tracer } = world;
  const medium = new SparseMedium({
    sectorCount: config.size / world.config.blockBytes,
    sectorBytes: world.config.blockBytes,
    writeCache: config.writeCache,
  });
  const driver = new NullBlkDriver(executor, { medium });
  const queue = new RequestQueue(executor, driver, { costs, tracer });
  return {
    device: queue,
    rows: [
      { place: 'host kernel', name: 'block layer', below: 'request', counters: () => ({}) },
      { place: 'host kernel', name: 'null_blk driver on a medium', counters: () => ({}) },
    ],
  };
}
