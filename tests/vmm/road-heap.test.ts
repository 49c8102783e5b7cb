import { expect, test } from 'vitest';
import { IndexFifo } from '../../src/base/index.ts';
import type { NvmeCommand } from '../../src/interfaces/index.ts';
import { makeTask } from '../../src/sim/index.ts';
import { allocatedPerOp, retainedPerOp } from '../support/heap.ts';
import { bringUp, makeIo, makeRoad } from '../support/nvme-road.ts';

const DEPTH = 32;

/** A road whose target ends each command on the next turn, and a batch of commands that are sent again as they end. */
function makeBatch(indirect: boolean): (count: number) => void {
  const road = makeRoad({ rings: 'split', indirect, requestQueues: 1, livelockLimit: 1e9 });
  bringUp(road);
  const { executor, port, target, memory } = road;
  const taken: NvmeCommand[] = new Array<NvmeCommand>(DEPTH);
  const order = new IndexFifo(DEPTH);
  const task = makeTask('target', () => {
    for (let at = order.shift(); at >= 0; at = order.shift()) taken[at]!.end(taken[at]!);
  });
  target.submit = (command) => {
    const at = command.sqe[0]! >>> 16;
    command.status = 0;
    taken[at] = command;
    order.push(at);
    executor.post(task);
  };
  let left = 0;
  const commands = Array.from({ length: DEPTH }, (_, cid) => {
    const command = makeIo(memory, 1, cid, (cid & 1) === 0, 0, 1, 0x1000 * (cid + 1));
    command.end = () => {
      if (left <= 0) return;
      left -= 1;
      port.submit(command);
    };
    return command;
  });
  return (count) => {
    left = count;
    for (const command of commands) {
      if (left <= 0) break;
      left -= 1;
      port.submit(command);
    }
    executor.runUntilIdle();
  };
}

test.each([true, false])(
  'a command down and up the road allocates nothing (indirect: %s)',
  (indirect) => {
    const batch = makeBatch(indirect);
    // The compiler has its last word on these paths later than on a single loop.
    batch(100_000);
    expect(allocatedPerOp(batch, 5_000)).toBeLessThan(1);
    expect(retainedPerOp(batch, 5_000)).toBeLessThan(0.5);
  },
);
