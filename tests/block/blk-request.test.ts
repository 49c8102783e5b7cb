import { describe, expect, it } from 'vitest';
import { BlkRequest, dropFront, RequestList } from '../../src/block/blk-request.ts';
import { makeMemory } from './rig.ts';

function makeRequests(count: number): BlkRequest[] {
  const memory = makeMemory();
  const nothing = (): void => {};
  return Array.from(
    { length: count },
    (_, slot) => new BlkRequest(0, slot, memory, nothing, nothing),
  );
}

function drain(list: RequestList): number[] {
  const tags: number[] = [];
  for (let request = list.shift(); request !== undefined; request = list.shift()) {
    tags.push(request.tag);
  }
  return tags;
}

describe('RequestList', () => {
  it('gives back in order, with those put in front first', () => {
    const [a, b, c] = makeRequests(3);
    const list = new RequestList();
    list.push(b!);
    list.push(c!);
    list.unshift(a!);
    expect([list.count, list.head, list.tail]).toEqual([3, a, c]);
    expect(drain(list)).toEqual([0, 1, 2]);
    expect([list.count, list.tail]).toEqual([0, undefined]);
  });

  it('gives back the newest first when asked for it', () => {
    const list = new RequestList();
    for (const request of makeRequests(3)) list.push(request);
    expect([list.pop()?.tag, list.pop()?.tag, list.pop()?.tag, list.pop()]).toEqual([
      2,
      1,
      0,
      undefined,
    ]);
    expect([list.count, list.head, list.tail]).toEqual([0, undefined, undefined]);
  });

  it.each([
    [0, [1, 2]],
    [1, [0, 2]],
    [2, [0, 1]],
  ])('lets request %i go from its place', (index, left) => {
    const requests = makeRequests(3);
    const list = new RequestList();
    for (const request of requests) list.push(request);
    list.remove(requests[index]!);
    expect([list.head?.tag, list.tail?.tag]).toEqual([left[0], left[1]]);
    list.insertBefore(list.tail!, requests[index]!);
    expect(drain(list)).toEqual([left[0], index, left[1]]);
  });
});

it('a request that ends, or is given back, says which one it is', () => {
  const told: unknown[] = [];
  const request = new BlkRequest(
    0,
    3,
    makeMemory(),
    (each) => told.push(each),
    (each, done) => told.push(each, done),
  );
  request.end(request);
  request.requeue(request, 5);
  expect(told).toEqual([request, request, 5]);
});

it('the front of a request goes with its memory', () => {
  const [request] = makeRequests(1);
  request!.sector = 100;
  request!.sectorCount = 6;
  for (const address of [0, 8192, 0x1_0000_0000]) request!.data.pushAddress(address, 1024);
  dropFront(request!, 3);
  expect([request!.sector, request!.sectorCount, request!.data.byteLength]).toEqual([103, 3, 1536]);
  expect([request!.data.gpa(0), request!.data.gpa(1)]).toEqual([8704, 0x1_0000_0000]);
});
