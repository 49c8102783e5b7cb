/** Drivers on their disks, started, as the tests of this directory and of the compliance suites use them. */
import { NullBlkDriver } from '../../src/block-drivers/null-blk-driver.ts';
import { NvmeBlockDriver } from '../../src/block-drivers/nvme-block-driver.ts';
import { SataDriver } from '../../src/block-drivers/sata-driver.ts';
import { ScsiDriver } from '../../src/block-drivers/scsi-driver.ts';
import { AtaDisk } from '../../src/devices/ata-disk.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { ScsiDisk } from '../../src/devices/scsi-disk.ts';
import { SparseMedium, type SparseMediumOptions } from '../../src/devices/sparse-medium.ts';
import type { QueueLimits } from '../../src/interfaces/bio.ts';
import type { BlkMqOps } from '../../src/interfaces/blk-mq.ts';
import type { GuestMemory } from '../../src/interfaces/guest-memory.ts';
import type { LatencyProfile } from '../../src/interfaces/latency.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { MediumNvmeHost } from './medium-nvme-host.ts';

export const DRIVERS = ['null_blk', 'sata', 'scsi', 'nvme'] as const;
export type DriverName = (typeof DRIVERS)[number];

export interface WorldOptions {
  medium?: Partial<SparseMediumOptions>;
  fua?: boolean;
  queueDepth?: number;
  latency?: LatencyProfile;
  limits?: Partial<QueueLimits>;
}

export function makeMedium(options: Partial<SparseMediumOptions> = {}): SparseMedium {
  return new SparseMedium({ sectorCount: 4096, cacheSectors: 512, ...options });
}

/** Reads overtake writes, so that the order of ends is not that of submissions. */
const UNEVEN = new FixedLatency({ readNs: 1_000, writeNs: 3_000, flushNs: 10_000 });

/** A started driver with its disk on `medium`; NVMe wants to know the memory of the bios. */
export function makeDriver(
  name: DriverName,
  executor: SimExecutor,
  medium: SparseMedium,
  memory: GuestMemory,
  { fua = true, queueDepth = 8, latency = UNEVEN, limits = {} }: WorldOptions = {},
): BlkMqOps {
  switch (name) {
    case 'null_blk': {
      const wanted = { fua: fua && medium.writeCache, ...limits };
      return new NullBlkDriver(executor, {
        medium,
        queueDepth,
        limits: wanted,
        completionNs: 1_000,
      });
    }
    case 'sata': {
      const disk = new AtaDisk(executor, { medium, fua, latency, queueDepth });
      return started(executor, new SataDriver(executor, disk));
    }
    case 'scsi': {
      const disk = new ScsiDisk(executor, { medium, fua, latency, queueDepth: 6 });
      return started(executor, new ScsiDriver(executor, disk, { queueDepth }));
    }
    default: {
      const host = new MediumNvmeHost(executor, medium, memory);
      return new NvmeBlockDriver(executor, host, host.memory, { queueDepth });
    }
  }
}

function started<Driver extends { start(done: (failure?: string) => void): void }>(
  executor: SimExecutor,
  driver: Driver,
): Driver {
  let outcome: string | undefined = 'never ended';
  driver.start((failure) => {
    outcome = failure;
  });
  executor.runUntilIdle();
  if (outcome !== undefined) throw new Error(`start: ${outcome}`);
  return driver;
}
