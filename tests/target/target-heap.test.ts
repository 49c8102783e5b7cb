import { describe, expect, it } from 'vitest';
import { FileioBackend } from '../../src/backends/fileio.ts';
import { IblockBackend } from '../../src/backends/iblock.ts';
import { MediumBackend } from '../../src/backends/medium-backend.ts';
import { MemoryFile } from '../../src/backends/memory-file.ts';
import { NullioBackend } from '../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../src/backends/rd-mcp.ts';
import { RequestQueue } from '../../src/block/index.ts';
import { NullBlkDriver } from '../../src/block-drivers/index.ts';
import { SparseMedium } from '../../src/devices/index.ts';
import type { Backend } from '../../src/interfaces/backend.ts';
import { PageStore } from '../../src/memory/page-store.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { allocatedPerOp, type Batch } from '../support/heap.ts';
import { NvmeRig } from './nvme/nvme-rig.ts';

const MIB = 1 << 20;

/** Commands of one opcode, 8 in flight, that submit themselves again inside their end. */
function batchOf(make: (executor: SimExecutor) => Backend, opc: number): Batch {
  const rig = new NvmeRig({}, (executor) => [make(executor)]);
  let left = 0;
  const commands = [...Array(8).keys()].map((cid) => {
    const command = rig.command({ opc, cid, cdw10: cid * 8, cdw12: 7, bytes: 4096 });
    command.end = () => {
      if (command.status !== 0) throw new Error(`status ${command.status}`);
      left -= 1;
      if (left >= 8) rig.controller.submit(command);
    };
    return command;
  });
  return (count) => {
    left = Math.max(count, 8);
    for (const command of commands) rig.controller.submit(command);
    rig.executor.runUntilIdle();
  };
}

const backends: readonly [string, (executor: SimExecutor) => Backend][] = [
  ['nullio', (executor) => new NullioBackend(executor, MIB)],
  ['RD_MCP', (executor) => new RdMcpBackend(executor, new PageStore(MIB))],
  [
    'FILEIO',
    (executor) => new FileioBackend(executor, new MemoryFile(executor, MIB), { bufferedIo: true }),
  ],
  [
    'a medium',
    (executor) => {
      const medium = new SparseMedium({ sectorCount: MIB / 512, writeCache: false });
      return new MediumBackend(executor, medium);
    },
  ],
  [
    'IBLOCK',
    (executor) => {
      const medium = new SparseMedium({ sectorCount: MIB / 512, writeCache: false });
      return new IblockBackend(
        executor,
        new RequestQueue(executor, new NullBlkDriver(executor, { medium })),
      );
    },
  ],
];

describe('an NVMe command through the target core', () => {
  const cases = backends.flatMap(([name, make]) =>
    Object.entries({ flush: 0, write: 1, read: 2 }).map(
      ([op, opc]) => [op, name, make, opc] as const,
    ),
  );

  it.each(cases)('allocates nothing for a %s on %s', (_op, _name, make, opc) => {
    expect(allocatedPerOp(batchOf(make, opc))).toBeLessThan(1);
  });
});
