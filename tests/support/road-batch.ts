/** Random I/O below the promise handle of a whole stack in steady state, for benches and heap measurements. */
import { SgList } from '../../src/base/sg-list.ts';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { makeTask } from '../../src/sim/task.ts';
import type { Road } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import type { Batch } from './heap.ts';

/** The disk, and what a bare copy walks over. */
const DISK_BYTES = 64 << 20;
const FILL_BYTES = 128 << 10;
const BLOCK_BYTES = 512;

/** One job on a road. */
export interface RoadJob {
  /** Bytes of one I/O. */
  readonly bytes: number;
  /** I/Os in flight, each with a buffer of its own. */
  readonly depth: number;
  readonly isRead: boolean;
}

/** A cheap sequence of random numbers below 2^23, without garbage. */
class Random {
  #state = 1;

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
    return (this.#state >>> 9) % bound;
  }
}

/** A booted stack whose disk has been written from end to end. */
export function roadStack(road: Road, backend: 'rd_mcp' | 'nullio'): Stack {
  const stack = createStack({
    road,
    backend: { type: backend, size: DISK_BYTES },
    guest: { memory: '16MiB' },
  });
  stack.guest.boot();
  const filler = requestOf(stack, FILL_BYTES, false);
  for (let at = 0; at < DISK_BYTES; at += FILL_BYTES) {
    filler.slba = at / BLOCK_BYTES;
    submitAll(stack, [filler]);
    stack.executor.runUntilIdle();
    if (filler.status !== 0) throw new Error(`the fill ended with ${filler.status}`);
  }
  return stack;
}

/** Random I/Os of a job: `depth` in flight until `count` have ended. The doorbell is rung once for what is queued at one instant. */
export function roadBatch(stack: Stack, { bytes, depth, isRead }: RoadJob): Batch {
  const { executor } = stack;
  const { host } = stack.guest;
  const random = new Random();
  const places = DISK_BYTES / bytes;
  const blocks = bytes / BLOCK_BYTES;
  const commit = makeTask('job', () => host.commitRqs(1));
  let left = 0;
  const end = (request: NvmeHostRequest): void => {
    if (request.status !== 0) throw new Error(`a request ended with ${request.status}`);
    if (left === 0) return;
    left -= 1;
    request.slba = random.below(places) * blocks;
    host.queueRq(1, request);
    executor.post(commit);
  };
  const requests = Array.from({ length: depth }, () => requestOf(stack, bytes, isRead, end));
  return (count) => {
    const first = Math.min(count, depth);
    left = count - first;
    for (let i = 0; i < first; i++) {
      requests[i]!.slba = random.below(places) * blocks;
      host.queueRq(1, requests[i]!);
    }
    host.commitRqs(1);
    executor.runUntilIdle();
    if (left !== 0) throw new Error('the road stands still');
  };
}

/** The copy alone: what a job with these buffers moves, and nothing around it. */
export function copyBatch({ bytes, depth, isRead }: RoadJob): Batch {
  const disk = new Uint8Array(DISK_BYTES).fill(1);
  const buffers = new Uint8Array(depth * 4096).fill(1);
  const random = new Random();
  const places = DISK_BYTES / bytes;
  let turn = 0;
  return (count) => {
    for (let i = 0; i < count; i++) {
      const at = random.below(places) * bytes;
      const to = turn * 4096;
      turn = turn + 1 === depth ? 0 : turn + 1;
      if (isRead) buffers.set(disk.subarray(at, at + bytes), to);
      else disk.set(buffers.subarray(to, to + bytes), at);
    }
  };
}

function requestOf(
  stack: Stack,
  bytes: number,
  isRead: boolean,
  end: (request: NvmeHostRequest) => void = () => {},
): NvmeHostRequest {
  const gpa = stack.guest.buffers.take(Math.ceil(bytes / 4096));
  if (gpa < 0) throw new Error('no pages left for buffers');
  const data = new SgList(1);
  data.pushAddress(gpa, bytes);
  return {
    ioId: 0,
    opcode: isRead ? IoOpcode.read : IoOpcode.write,
    nsid: 1,
    slba: 0,
    nlb0: bytes / BLOCK_BYTES - 1,
    control: 0,
    raw: undefined,
    data,
    status: 0,
    dw0: 0,
    end,
  };
}

function submitAll(stack: Stack, requests: readonly NvmeHostRequest[]): void {
  for (const request of requests) stack.guest.host.queueRq(1, request);
  stack.guest.host.commitRqs(1);
}
