/** The five controllers that the recorded NVMe cases were made with, built from this library. */
import { RdMcpBackend } from '../../backends/rd-mcp.ts';
import type { Backend } from '../../interfaces/backend.ts';
import { PageStore } from '../../memory/page-store.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { NvmePciFunction } from '../../nvme-device/pci-function.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import { NvmeSubsystem } from '../../target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../target/nvme/nvme-target-controller.ts';
import type { ZonedOptions } from '../../target/nvme/zoned/zone-shape.ts';
import { TargetDevice } from '../../target/target-device.ts';
import { OACS_DOORBELL_BUFFER, Sgls } from '../../wire/nvme-sgl.ts';
import type { VectorWorld } from './nvme-vectors.ts';

const MIB = 1 << 20;
const RAM_BYTES = 8 * MIB;

function sizesOf(fixture: string): number[] {
  if (fixture === 'base') return [8 * MIB, 8 * MIB, 4 * MIB];
  if (fixture === 'zrwa') return [8 * MIB];
  return fixture === 'zns' ? [8 * MIB, 4 * MIB] : [4 * MIB, 4 * MIB];
}

/** The zones of namespace 1. */
function zonedOf(fixture: string): { zoned?: ZonedOptions } {
  if (fixture === 'zns') {
    return {
      zoned: {
        zoneBlocks: 2048,
        zoneCapacity: 1536,
        maxOpen: 3,
        maxActive: 5,
        extensionBytes: 64,
        readAcross: false,
        implicitClose: false,
      },
    };
  }
  if (fixture !== 'zrwa') return {};
  const zrwa = { blocks: 128, granularity: 16, count: 2 };
  return { zoned: { zoneBlocks: 2048, maxOpen: 4, maxActive: 4, zrwa } };
}

/** A controller as `fixture` names it, at power-on, with 8 MiB of RAM. */
export function makeQemuWorld(fixture: string): VectorWorld {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: RAM_BYTES }]);
  const subsystem = new NvmeSubsystem({
    maxNamespaces: 256,
    serial: 'deadbeef',
    firstControllerId: 0,
  });
  const sizes = sizesOf(fixture);
  for (const [i, size] of sizes.entries()) {
    const blockBytes = fixture === 'base' && i === 1 ? 4096 : 512;
    const backend = new RdMcpBackend(executor, new PageStore(size), { blockBytes });
    const device = new TargetDevice(executor, withWriteCache(backend));
    subsystem.addNamespace(i + 1, device, {
      isAttached: i < 2,
      ...(i === 0 ? zonedOf(fixture) : {}),
    });
  }
  const target = new NvmeTargetController(executor, subsystem, {
    maxTransferBytes: MIB / 2,
    ...(fixture === 'zns' ? { maxAppendBytes: 128 * 1024 } : {}),
    oacs: OACS_DOORBELL_BUFFER,
    sgls: Sgls.anyAlignment,
    commandSets: true,
  });
  const sink = { msix: () => {}, intx: () => {} };
  const pci = new NvmePciFunction(executor, memory, target, sink, {
    ioQueues: 8,
    vectorCount: 9,
    maxQueueEntries: 2048,
    version: 0x1_0400,
    commandSets: 0xc1,
  });
  return { pci, memory, settle: () => executor.runUntilIdle() };
}

/** The recorded disks have a volatile write cache; in memory that never loses power, a flush has nothing to do. */
function withWriteCache(backend: Backend): Backend {
  return {
    geometry: { ...backend.geometry, writeCache: true, fua: true },
    submit: (command) => backend.submit(command),
    abort: (command) => backend.abort(command),
    reset: (done) => backend.reset(done),
    close: () => backend.close(),
  };
}
