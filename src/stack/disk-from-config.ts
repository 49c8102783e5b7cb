/** Builds the disk under the block layer that a configuration names, and starts its driver. */
import { MediumBackend } from '../backends/index.ts';
import { InvariantError } from '../base/assert.ts';
import { makeScheduler, RequestQueue } from '../block/index.ts';
import { NullBlkDriver, NvmeBlockDriver, SataDriver, ScsiDriver } from '../block-drivers/index.ts';
import {
  AtaDisk,
  DiskLatency,
  FixedLatency,
  ScsiDisk,
  SparseMedium,
  SsdLatency,
} from '../devices/index.ts';
import type { BlockDevice } from '../interfaces/bio.ts';
import type { BlkMqOps } from '../interfaces/blk-mq.ts';
import type { LatencyProfile } from '../interfaces/latency.ts';
import type { Medium } from '../interfaces/medium.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { NvmePciFunction } from '../nvme-device/index.ts';
import { NvmeDriver } from '../nvme-driver/index.ts';
import { NvmeSubsystem, NvmeTargetController, TargetDevice } from '../target/index.ts';
import { type BackendConfig, NVME_VERSION } from './config.ts';
import type { LayerRow } from './diagram.ts';
import type { World } from './world.ts';

/** A block device and the layers that it is made of. */
export interface BuiltDisk {
  readonly device: BlockDevice;
  readonly rows: readonly LayerRow[];
}

/** Entries of the NVMe disk's queue, and memory that holds its queues and a list page or two for each entry. */
const NVME_DISK_ENTRIES = 128;
const NVME_DISK_BYTES = 2 << 20;

type DiskConfig = Extract<BackendConfig, { type: 'iblock' }>;

interface Driven {
  readonly ops: BlkMqOps;
  readonly driverName: string;
  readonly below: string;
  readonly deviceName: string;
}

/** Memory that the drivers of a backend's disk want: only NVMe has queues and lists of its own in it. */
export function diskMemoryBytes(config: BackendConfig): number {
  return config.type === 'iblock' && config.disk === 'nvme' ? NVME_DISK_BYTES : PAGE_BYTES;
}

/** Builds it. The executor runs until the driver has found its disk. */
export function buildDisk(world: World, config: DiskConfig): BuiltDisk {
  const { executor, costs, tracer, blockObserver: observer } = world;
  const { blockBytes } = world.config;
  const medium = new SparseMedium({
    sectorCount: config.size / blockBytes,
    sectorBytes: blockBytes,
    writeCache: config.writeCache,
  });
  const driven = drive(world, config.disk, medium);
  const scheduler = makeScheduler(config.scheduler, config.iosched, 'backend.');
  const device = new RequestQueue(executor, driven.ops, { costs, tracer, scheduler, observer });
  const place = 'host kernel';
  const order = config.scheduler === 'none' ? '' : `, ${config.scheduler}`;
  const cache = medium.writeCache ? ', write cache' : '';
  const rows: LayerRow[] = [
    { place, name: `block layer${order}`, below: 'request', counters: () => ({}) },
    { place, name: driven.driverName, below: driven.below, counters: () => ({}) },
    { place: 'hardware', name: `${driven.deviceName}${cache}`, counters: () => ({}) },
  ];
  return { device, rows };
}

function drive(world: World, disk: DiskConfig['disk'], medium: Medium): Driven {
  const { executor, tracer } = world;
  switch (disk) {
    case 'null_blk':
      return {
        ops: new NullBlkDriver(executor, { medium }),
        driverName: 'null_blk driver',
        below: 'sectors',
        deviceName: 'medium',
      };
    case 'sata': {
      const latency = latencyOf(world, medium, 'disk');
      const driver = new SataDriver(executor, new AtaDisk(executor, { medium, latency, tracer }));
      finish(world, (done) => driver.start(done));
      return {
        ops: driver,
        driverName: 'SATA driver',
        below: 'FIS',
        deviceName: 'SATA disk',
      };
    }
    case 'scsi': {
      const latency = latencyOf(world, medium, 'disk');
      const driver = new ScsiDriver(executor, new ScsiDisk(executor, { medium, latency, tracer }));
      finish(world, (done) => driver.start(done));
      return {
        ops: driver,
        driverName: 'SCSI disk driver',
        below: 'CDB',
        deviceName: 'SCSI disk',
      };
    }
    case 'nvme':
      return {
        ops: driveNvme(world, medium),
        driverName: 'NVMe driver',
        below: 'SQE, doorbell',
        deviceName: 'NVMe SSD',
      };
  }
}

/** The same driver and the same PCI function as in the guest, in front of the same target code. */
function driveNvme(world: World, medium: Medium): BlkMqOps {
  const { executor, memory, config } = world;
  const backend = new MediumBackend(executor, medium, { latency: latencyOf(world, medium, 'ssd') });
  const subsystem = new NvmeSubsystem({ seed: config.seed, model: 'lio-nvme SSD' });
  subsystem.addNamespace(1, new TargetDevice(executor, backend));
  const version = NVME_VERSION;
  const target = new NvmeTargetController(executor, subsystem, {
    version,
    maxInFlight: 2 * NVME_DISK_ENTRIES,
  });
  const sink = {
    msix: (vector: number) => driver.interrupt(vector),
    intx: (level: boolean) => driver.interruptPin(level),
  };
  const pci: NvmePciFunction = new NvmePciFunction(executor, memory.host, target, sink, {
    version,
  });
  const driver = new NvmeDriver(executor, memory.host, pci, memory.hostPages, {
    queueEntries: NVME_DISK_ENTRIES,
  });
  finish(world, (done) => driver.start(done));
  return new NvmeBlockDriver(executor, driver, memory.host, { sharesAddresses: true });
}

/** With free costs a disk answers at once; otherwise it takes the time that its kind takes. */
function latencyOf(world: World, medium: Medium, kind: 'disk' | 'ssd'): LatencyProfile {
  const { sectorBytes: blockBytes, sectorCount: blockCount } = medium;
  if (world.config.costs === 'none') return new FixedLatency();
  return kind === 'ssd'
    ? new SsdLatency({ blockBytes })
    : new DiskLatency({ blockBytes, blockCount });
}

/** Runs the world until a driver has started: nothing else is in it yet. */
function finish(world: World, start: (done: (failure?: string) => void) => void): void {
  let outcome: string | undefined = 'the disk never answered';
  start((failure) => {
    outcome = failure;
  });
  world.executor.runUntilIdle();
  if (outcome !== undefined) throw new InvariantError(`the disk does not start: ${outcome}`);
}
