import { describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import { NvmePciFunction } from '../../src/nvme-device/index.ts';
import { NvmeSubsystem } from '../../src/target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../src/target/nvme/nvme-target-controller.ts';
import { TargetDevice } from '../../src/target/target-device.ts';
import type { PciFunctionFactory } from '../../src/testing/nvme/check-pci-function.ts';
import { fuzzController } from '../../src/testing/nvme/fuzz-controller.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { runs, seeds } from '../support/runs.ts';

const BUCKET = 0x1_0000_f000;

/** A controller with its defaults. */
const plain: PciFunctionFactory = ({ executor, memory, interrupts }) =>
  new NvmePciFunction(
    executor,
    memory,
    new MemoryCommandPort(executor, { maxInFlight: 6 }),
    interrupts,
  );

/** A controller that has everything, and little of it. */
const full: PciFunctionFactory = ({ executor, memory, interrupts }) => {
  const port = new MemoryCommandPort(executor, { maxInFlight: 3 });
  Object.assign(port, {
    limits: { ...port.limits, sgls: 0xd_0001, fuses: 1, oacs: 0x100 },
    submitFused: (first: never, second: never) => {
      port.submit(first);
      port.submit(second);
    },
  });
  return new NvmePciFunction(executor, memory, port, interrupts, {
    bitBucketGpa: BUCKET,
    weightedRoundRobin: true,
    subsystemReset: true,
    readyDelayNs: 1_000,
    eventIndexPolicy: 'idle',
    commandSets: 0xc1,
    asyncEventLimit: 2,
    vectorCount: 2,
  });
};

/** A controller in front of a target. */
const onTarget: PciFunctionFactory = ({ executor, memory, interrupts }) => {
  const subsystem = new NvmeSubsystem({ seed: 7, maxNamespaces: 4 });
  const backend = new RdMcpBackend(executor, new PageStore(1 << 20));
  subsystem.addNamespace(1, new TargetDevice(executor, backend));
  const port = new NvmeTargetController(executor, subsystem, { maxInFlight: 8 });
  return new NvmePciFunction(executor, memory, port, interrupts, { ioQueues: 4 });
};

describe('any entries, registers, doorbells, lists and resets (P1, P2, P8, P17, P18)', () => {
  it.each([
    ['a controller with its defaults', plain, 40, []],
    ['a controller that has everything', full, 40, [[BUCKET, 4096]]],
    ['a controller in front of a target', onTarget, 20, []],
  ] as const)(
    'leave %s that touched only what was named, and that a reset makes good',
    (_name, factory, percent, own) => {
      const total = (runs(2_500, 100_000, 1_000_000) * percent) / 100;
      for (const seed of seeds()) {
        const report = fuzzController(factory, { runs: total / seeds().length, seed, own });
        expect(report.fetched).toBeGreaterThan(report.runs / 4);
        expect(report.posted).toBeGreaterThan(report.fetched * 0.9);
      }
    },
  );
});
