import { expect, it } from 'vitest';
import { type Bio, BioFlag, BioOp, DEFAULT_LIMITS } from '../../../src/interfaces/bio.ts';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';
import type { RecordedCase, RecordedOp } from '../../../src/testing/block/recorded-case.ts';
import { ReplayPace } from '../../../src/testing/block/replay-pace.ts';
import { type ReplayedBlockLayer, Submitters } from '../../../src/testing/block/replay-world.ts';

/** A device that writes down what a submitter does, and ends each bio a moment later. */
function listen(ops: readonly RecordedOp[], queue = {}) {
  const log: string[] = [];
  const bios: Bio[] = [];
  const executor = new SimExecutor();
  const task = makeTask('device', () => {
    for (const bio of bios.splice(0)) bio.end(bio);
  });
  const device: ReplayedBlockLayer = {
    limits: DEFAULT_LIMITS,
    capacitySectors: 2 ** 30,
    isCongested: false,
    plug: () => log.push('plug'),
    unplug: () => log.push('unplug'),
    sleep: () => log.push('sleep'),
    submitBio: (bio) => {
      log.push(`${bio.op} ${bio.sector}+${bio.sectorCount} ${bio.flags & 0xff}`);
      bios.push(bio);
      executor.schedule(task, executor.now + 1_000);
    },
  };
  const each: RecordedCase = {
    name: 'split/x',
    session: null,
    device: 'x',
    ops,
    events: [],
    stable: null,
    queue,
  };
  const memory = new RegionMemory([{ base: 0, size: 4096 }]);
  new Submitters(each, device, memory, new ReplayPace([]), () => {}).run(executor);
  return log;
}

const run = (op: string, ret = 4096): RecordedOp => ({ op, phys: [[0x1000, ret]], ret });
const { sync, fua } = BioFlag;

it('a synchronous read is not plugged, a write is, and both sleep', () => {
  expect(listen([run('r 4096 h:0:4096'), run('w 0 h:0:4096 dsync')])).toEqual([
    `0 8+8 ${sync}`,
    'sleep',
    'plug',
    `1 0+8 ${sync | fua}`,
    'sleep',
    'unplug',
    `1 0+0 ${sync | BioFlag.preflush}`,
    'sleep',
  ]);
});

it('one io_submit is plugged when it has more than two calls', () => {
  const reads = [0, 4096, 8192].map((offset) => run(`r ${offset} h:0:4096`));
  const [go, batch] = [{ op: 'go' }, { op: 'batch aio' }];
  expect(listen([batch, ...reads.slice(0, 2), go])).toEqual(['0 0+8 0', '0 8+8 0']);
  expect(listen([batch, ...reads, go])).toEqual([
    'plug',
    '0 0+8 0',
    '0 8+8 0',
    '0 16+8 0',
    'unplug',
  ]);
});

it('what was refused before any bio was made is left out', () => {
  expect(listen([{ op: 'r 100 h:0:4096', ret: -1, errno: 22 }])).toEqual([]);
});

it('a discard is cut at its grain first', () => {
  const ops = [{ op: 'discard 1024 16384', ret: 0 }];
  const log = listen(ops, { discard_granularity: 4096, discard_max_bytes: 2 ** 20 });
  expect(log).toEqual(['plug', `3 2+6 0`, `3 8+26 ${sync}`, 'sleep', 'unplug']);
});

it('zeroes are written as pages of zeroes where the device has no command for it', () => {
  expect(listen([{ op: 'zeroout 0 4096', ret: 0 }])).toContain(`${BioOp.write} 0+8 ${sync}`);
});
