/** The only place where the rooms are wired together. */
import { ConfigError } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { BlockObserver } from '../interfaces/block-observer.ts';
import type { FileHandle } from '../interfaces/file-handle.ts';
import type { NvmeCommandPort } from '../interfaces/nvme-command-port.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { NvmePciShell } from '../nvme-device/index.ts';
import { NvmeDriver } from '../nvme-driver/index.ts';
import { SimExecutor } from '../sim/sim-executor.ts';
import { TraceRecorder } from '../sim/trace-recorder.ts';
import {
  NVME_MAX_IN_FLIGHT,
  NvmeSubsystem,
  NvmeTargetController,
  TargetDevice,
} from '../target/index.ts';
import { OACS_DOORBELL_BUFFER, Sgls } from '../wire/nvme-sgl.ts';
import { type BuiltBackend, buildBackend } from './backend-from-config.ts';
import {
  costsOf,
  NVME_VERSION,
  parseConfig,
  type Road,
  type StackConfig,
  type StackOptions,
} from './config.ts';
import { diskMemoryBytes } from './disk-from-config.ts';
import { Guest } from './guest.ts';
import { makeMemoryMap } from './memory-map.ts';
import { Pump } from './pump.ts';
import { buildDirect } from './roads/direct.ts';
import { type BuiltRoad, vectorCountOf } from './roads/road.ts';
import { buildVhostNvme, vhostMemoryBytes, vhostTransferLimit } from './roads/vhost-nvme.ts';
import { buildVhostNvmeBar } from './roads/vhost-nvme-bar.ts';
import { Stack } from './stack.ts';
import type { World } from './world.ts';

/** Admin commands in flight beside those of the I/O queues. */
const ADMIN_IN_FLIGHT = 32;

/** Each road by its name. */
const buildRoad: Readonly<Record<Road, (world: World, target: NvmeCommandPort) => BuiltRoad>> = {
  direct: buildDirect,
  'vhost-nvme': buildVhostNvme,
  'vhost-nvme-bar': buildVhostNvmeBar,
};

/** Layers of the caller's own in the place of ours. */
export interface StackLayers {
  /** A backend of your own: made for this stack's clock. `backend` of the options is then not looked at. */
  backend?: (executor: SimExecutor) => Backend;
  /** An open file for `backend: { type: 'fileio' }`: made for this stack's clock. */
  file?: (executor: SimExecutor) => FileHandle;
  /** Hears the block layer of `backend: { type: 'iblock' }`, as a `BlktraceWriter` does: made for this stack's clock. */
  blockObserver?: (executor: SimExecutor) => BlockObserver;
}

/** Where a trace goes: a tracer of your own, or a function that takes one line of JSON for each event. */
export type TraceSink = Tracer | ((line: string) => void);

/** Everything that `createStack` takes. */
export type CreateStackOptions = StackOptions & {
  /** Layers of your own. */
  layers?: StackLayers;
  /** Receives every event of every layer. */
  trace?: TraceSink;
  /** Awaited between slices of a long run of the promise handles, so that a host stays responsive. */
  yieldToHost?: () => Promise<void>;
};

/**
 * Builds a stack.
 *
 * @throws ConfigError naming the key, the value and what was expected
 * @example
 * ```ts
 * import { createStack } from 'lio-nvme';
 *
 * const stack = createStack({ road: 'direct', backend: { type: 'rd_mcp', size: '1MiB' } });
 * const disk = await stack.guest.open(1);
 * await disk.write(0, new Uint8Array(512).fill(1));
 * await stack.close();
 * ```
 */
export function createStack(options: CreateStackOptions = {}): Stack {
  const { layers = {}, trace, yieldToHost, ...plain } = options;
  const config = parseConfig(plain);
  checkLayers(layers);
  checkBlockObserver(layers, config);
  const executor = new SimExecutor({ order: config.order, seed: config.seed });
  const tracer = typeof trace === 'function' ? new TraceRecorder(executor, trace) : trace;
  const memory = makeMemoryMap(
    config.guest.memory,
    config.road === 'vhost-nvme' ? vhostMemoryBytes(config) : PAGE_BYTES,
    diskMemoryBytes(config.backend),
  );
  const blockObserver = layers.blockObserver?.(executor);
  const world: World = {
    config,
    executor,
    memory,
    costs: costsOf(config),
    tracer,
    blockObserver,
  };

  const below = backendOf(world, layers);
  const unit = new TargetDevice(executor, below.backend, tracer === undefined ? {} : { tracer });
  const subsystem = new NvmeSubsystem({ seed: config.seed });
  const { queues, queueDepth } = config.guest;
  subsystem.addNamespace(1, unit);
  const target = new NvmeTargetController(executor, subsystem, {
    version: NVME_VERSION,
    // As many as the guest's queues hold: a slot at every layer of the road is made for each.
    maxInFlight: Math.min(NVME_MAX_IN_FLIGHT, queues * queueDepth + ADMIN_IN_FLIGHT),
    // The port onto virtqueues takes neither: a list could be longer than any chain.
    ...(config.road === 'vhost-nvme'
      ? { maxTransferBytes: vhostTransferLimit(config) }
      : { sgls: Sgls.anyAlignment, oacs: OACS_DOORBELL_BUFFER }),
  });
  const road = buildRoad[config.road](world, target);

  const pci: NvmePciShell = new NvmePciShell(
    executor,
    road.makeController,
    {
      msix: (vector) => driver.interrupt(vector),
      intx: (level) => driver.interruptPin(level),
    },
    { vectorCount: vectorCountOf(config.guest.queues) },
  );
  const driver = new NvmeDriver(executor, memory.guest, pci, memory.guestDriverPages, {
    ioQueues: config.guest.queues,
    queueEntries: config.guest.queueDepth,
    costs: world.costs,
    tracer,
  });

  const pump = new Pump(executor, yieldToHost);
  const guest = new Guest(world, pump, pci, driver, road.start);
  const rows = [
    {
      place: 'guest',
      name: 'NVMe driver',
      below: 'MMIO, DMA, MSI-X',
      counters: () => driver.counters(),
    },
    ...road.rows,
    {
      place: 'host kernel',
      name: 'LIO target core',
      below: '(LBA, length), SG list',
      counters: () => ({ ...unit.counters() }),
    },
    ...below.rows,
  ];
  const parts = { port: road.port, target, unit, backend: below.backend };
  return new Stack(world, pump, guest, parts, rows);
}

/** Layers are code and not data, so the schema does not see them. */
function checkLayers(layers: StackLayers): void {
  for (const [name, layer] of Object.entries(layers)) {
    if (name !== 'backend' && name !== 'file' && name !== 'blockObserver') {
      const expected = 'no such layer; layers here are backend, file, blockObserver';
      throw new ConfigError(`layers.${name}`, layer, expected);
    }
    if (layer !== undefined && typeof layer !== 'function') {
      throw new ConfigError(`layers.${name}`, layer, 'a function that takes the executor');
    }
  }
}

/** Only IBLOCK has a block layer to hear. */
function checkBlockObserver({ backend, blockObserver }: StackLayers, config: StackConfig): void {
  const hasBlockLayer = backend === undefined && config.backend.type === 'iblock';
  if (blockObserver === undefined || hasBlockLayer) return;
  throw new ConfigError('layers.blockObserver', blockObserver, "none without backend 'iblock'");
}

function backendOf(world: World, layers: StackLayers): BuiltBackend {
  if (layers.backend === undefined) return buildBackend(world, layers.file?.(world.executor));
  const row = { place: 'host kernel', name: "backend of the caller's own", counters: () => ({}) };
  return { backend: layers.backend(world.executor), rows: [row] };
}
