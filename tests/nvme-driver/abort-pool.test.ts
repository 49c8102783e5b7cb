import { expect, it } from 'vitest';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { AbortPool } from '../../src/nvme-driver/abort-pool.ts';
import type { QueuePair } from '../../src/nvme-driver/queue-pair.ts';

const PAIR = { id: 3 } as QueuePair;

function makePool() {
  const sent: NvmeHostRequest[] = [];
  let room = 100;
  const pool = new AbortPool((request) => {
    if (room === 0) return false;
    room -= 1;
    sent.push(request);
    return true;
  });
  return {
    pool,
    sent,
    setRoom: (count: number) => {
      room = count;
    },
  };
}

it('names queue and command', () => {
  const { pool, sent } = makePool();
  expect(pool.send(PAIR, 0x1234)).toBe(true);
  expect([sent[0]!.opcode, sent[0]!.raw![0]]).toEqual([8, 0x1234_0003]);
});

it('has no more in flight than the controller takes, and a few at most', () => {
  const { pool, sent } = makePool();
  for (const [limit, expected] of [
    [1, 1],
    [3, 3],
    [200, 4],
  ]) {
    pool.limit = limit!;
    let count = 0;
    while (pool.send(PAIR, count)) count += 1;
    expect(count).toBe(expected);
    for (const abort of sent.splice(0)) abort.end(abort);
  }
});

it('keeps an Abort that found no room for the next time', () => {
  const { pool, setRoom } = makePool();
  setRoom(0);
  for (let i = 0; i < 10; i++) expect(pool.send(PAIR, i)).toBe(false);
  setRoom(9);
  expect(pool.send(PAIR, 1)).toBe(true);
  expect(pool.sent).toBe(1);
});

it('counts only what the controller says it aborted (M27)', () => {
  const { pool, sent } = makePool();
  for (const [status, dw0] of [
    [0, 1],
    [0x4103, 0],
    [0, 0],
  ]) {
    pool.send(PAIR, 0);
    const abort = sent.pop()!;
    abort.status = status!;
    abort.dw0 = dw0!;
    abort.end(abort);
  }
  expect([pool.sent, pool.succeeded]).toEqual([3, 1]);
});
