/** The five controllers that the recorded NVMe cases were made with, built from this library. */
import { RdMcpBackend } from '../../backends/rd-mcp.ts';
import type { Backend } from '../../interfaces/backend.ts';
import { PageStore } from '../../memory/page-store.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { NvmePciFunction } from '../../nvme-device/pci-function.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import type { NvmeCapabilities } from '../../target/nvme/capabilities.ts';
import { GuardType, type LbaFormat } from '../../target/nvme/lba-format.ts';
import type { NvmeNamespaceOptions } from '../../target/nvme/nvme-namespace.ts';
import { NvmeSubsystem } from '../../target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../target/nvme/nvme-target-controller.ts';
import type { ZonedOptions } from '../../target/nvme/zoned/zone-shape.ts';
import { TargetDevice } from '../../target/target-device.ts';
import { Oacs } from '../../wire/nvme-identify.ts';
import { Sgls } from '../../wire/nvme-sgl.ts';
import type { VectorWorld } from './nvme-vectors.ts';

const MIB = 1 << 20;
const RAM_BYTES = 8 * MIB;

/** What the recorded controller can. It has Namespace Attachment without Namespace Management. */
const CAPABILITIES: Partial<NvmeCapabilities> = {
  namespaceAttachment: true,
  formatNvm: true,
  copyFormats: 0b11,
  hostBehavior: true,
  namespaceSmart: true,
};

/** Formats of all namespaces: blocks of 512 and 4096 bytes with 0, 8, 16 and 64 bytes of metadata. */
function formatsOf(guard: GuardType): LbaFormat[] {
  return [512, 4096].flatMap((blockBytes) =>
    [0, 8, 16, 64].map((metadataBytes) => ({
      blockBytes,
      metadataBytes,
      guard: metadataBytes === 16 ? guard : GuardType.crc16,
    })),
  );
}

const ONE_FORMAT: readonly LbaFormat[] = [{ blockBytes: 512 }];
const ZNS: ZonedOptions = {
  zoneBlocks: 2048,
  zoneCapacity: 1536,
  maxOpen: 3,
  maxActive: 5,
  extensionBytes: 64,
  readAcross: false,
  implicitClose: false,
};
const ZRWA: ZonedOptions = {
  zoneBlocks: 2048,
  maxOpen: 4,
  maxActive: 4,
  zrwa: { blocks: 128, granularity: 16, count: 2 },
};
const NO_UUID = new Uint8Array(16);
const NO_EUI64 = new Uint8Array(8);

/** The namespaces of a fixture: bytes, and how each is attached, named and formatted. */
function namespacesOf(fixture: string): readonly [bytes: number, options: NvmeNamespaceOptions][] {
  switch (fixture) {
    case 'base':
      return [
        [
          8 * MIB,
          {
            uuid: Uint8Array.from([17, 17, 17, 17, 34, 34, 51, 51, 68, 68, 85, 85, 85, 85, 85, 85]),
            eui64: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
          },
        ],
        [8 * MIB, { format: { index: 4 } }],
        [4 * MIB, { isAttached: false }],
      ];
    case 'multi':
      return [
        [4 * MIB, {}],
        [4 * MIB, { isPrivate: true }],
        [4 * MIB, { isAttached: false }],
      ];
    case 'pi':
      return [
        [4 * MIB, { format: { index: 1, protection: 1 } }],
        [4 * MIB, { format: { index: 1, protection: 1, extended: true } }],
        [4 * MIB, { format: { index: 1, protection: 2 } }],
        [4 * MIB, { format: { index: 1, protection: 3 } }],
        [4 * MIB, { format: { index: 2, protection: 1 } }],
        [4 * MIB, { format: { index: 1 } }],
        [4 * MIB, { format: { index: 1, extended: true } }],
        [4 * MIB, { format: { index: 2, protection: 1, protectionFirst: true } }],
        [4 * MIB, { format: { index: 2, protection: 1 }, formats: formatsOf(GuardType.crc64) }],
      ];
    case 'zns':
      return [
        [8 * MIB, { formats: ONE_FORMAT, zoned: ZNS }],
        [4 * MIB, {}],
      ];
    case 'zrwa':
      return [[8 * MIB, { formats: ONE_FORMAT, zoned: ZRWA }]];
    default:
      return [
        [4 * MIB, {}],
        [4 * MIB, {}],
      ];
  }
}

/** A controller as `fixture` names it, at power-on, with 8 MiB of RAM. */
export function makeQemuWorld(fixture: string): VectorWorld {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: RAM_BYTES }]);
  const subsystem = new NvmeSubsystem({
    maxNamespaces: 256,
    serial: 'deadbeef',
    firstControllerId: 0,
    isShared: true,
  });
  for (const [i, [bytes, options]] of namespacesOf(fixture).entries()) {
    const backend = new RdMcpBackend(executor, new PageStore(bytes));
    const device = new TargetDevice(executor, withWriteCache(backend));
    subsystem.addNamespace(i + 1, device, {
      uuid: NO_UUID,
      nguid: NO_UUID,
      eui64: NO_EUI64,
      formats: formatsOf(GuardType.crc16),
      tracksBlocks: true,
      zeroesDeallocate: true,
      ...options,
    });
  }
  const target = new NvmeTargetController(executor, subsystem, {
    maxTransferBytes: MIB / 2,
    ...(fixture === 'zns' ? { maxAppendBytes: 128 * 1024 } : {}),
    oacs: Oacs.doorbellBuffer,
    sgls: Sgls.anyAlignment,
    commandSets: true,
    capabilities: CAPABILITIES,
  });
  // The second controller of the subsystem, which nobody drives.
  if (fixture === 'multi') new NvmeTargetController(executor, subsystem);
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
