/** The only place where the rooms are wired together. */
import { ConfigError } from '../base/assert.ts';
import type { Backend } from '../interfaces/backend.ts';
import type { FileHandle } from '../interfaces/file-handle.ts';
import type { Tracer } from '../interfaces/tracer.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { NvmePciFunction } from '../nvme-device/index.ts';
import { NvmeDriver } from '../nvme-driver/index.ts';
import { SimExecutor } from '../sim/sim-executor.ts';
import { TraceRecorder } from '../sim/trace-recorder.ts';
import { NvmeSubsystem, NvmeTargetController, TargetDevice } from '../target/index.ts';
import { Oacs } from '../wire/nvme-identify.ts';
import { Sgls } from '../wire/nvme-sgl.ts';
import { type BuiltBackend, buildBackend } from './backend-from-config.ts';
import { costsOf, NVME_VERSION, parseConfig, type StackOptions } from './config.ts';
import { diskMemoryBytes } from './disk-from-config.ts';
import { Guest } from './guest.ts';
import { makeMemoryMap } from './memory-map.ts';
import { Pump } from './pump.ts';
import { buildDirect } from './roads/direct.ts';
import { buildVhostNvme, vhostMemoryBytes, vhostTransferLimit } from './roads/vhost-nvme.ts';
import { Stack } from './stack.ts';
import type { World } from './world.ts';

/** Layers of the caller's own in the place of ours. */
export interface StackLayers {
  /** A backend of your own: made for this stack's clock. `backend` of the options is then not looked at. */
  backend?: (executor: SimExecutor) => Backend;
  /** An open file for `backend: { type: 'fileio' }`: made for this stack's clock. */
  file?: (executor: SimExecutor) => FileHandle;
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
  const executor = new SimExecutor({ order: config.order, seed: config.seed });
  const tracer = typeof trace === 'function' ? new TraceRecorder(executor, trace) : trace;
  const memory = makeMemoryMap(
    config.guest.memory,
    config.road === 'direct' ? PAGE_BYTES : vhostMemoryBytes(config),
    diskMemoryBytes(config.backend),
  );
  const world: World = { config, executor, memory, costs: costsOf(config), tracer };

  const below = backendOf(world, layers);
  const unit = new TargetDevice(executor, below.backend, tracer === undefined ? {} : { tracer });
  const subsystem = new NvmeSubsystem({ seed: config.seed });
  subsystem.addNamespace(1, unit);
  const target = new NvmeTargetController(executor, subsystem, {
    version: NVME_VERSION,
    // The transport's port takes neither: a list could be longer than any chain.
    ...(config.road === 'direct'
      ? { sgls: Sgls.anyAlignment, oacs: Oacs.doorbellBuffer }
      : { maxTransferBytes: vhostTransferLimit(config) }),
  });
  const road = config.road === 'direct' ? buildDirect(target) : buildVhostNvme(world, target);

  const pci: NvmePciFunction = new NvmePciFunction(
    executor,
    memory.guest,
    road.port,
    {
      msix: (vector) => driver.interrupt(vector),
      intx: (level) => driver.interruptPin(level),
    },
    {
      ioQueues: config.guest.queues,
      maxQueueEntries: Math.max(config.guest.queueDepth, 32),
      version: NVME_VERSION,
      costs: world.costs,
      tracer,
    },
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
    {
      place: 'VMM',
      name: 'NVMe PCI function',
      below: road.rows.length > 0 ? 'command, data list' : 'function call',
      counters: () => ({}),
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
    if (name !== 'backend' && name !== 'file') {
      const expected = 'no such layer; layers here are backend, file';
      throw new ConfigError(`layers.${name}`, layer, expected);
    }
    if (layer !== undefined && typeof layer !== 'function') {
      throw new ConfigError(`layers.${name}`, layer, 'a function that takes the executor');
    }
  }
}

function backendOf(world: World, layers: StackLayers): BuiltBackend {
  if (layers.backend === undefined) return buildBackend(world, layers.file?.(world.executor));
  const row = { place: 'host kernel', name: "backend of the caller's own", counters: () => ({}) };
  return { backend: layers.backend(world.executor), rows: [row] };
}
