import { describe, expect, it } from 'vitest';
import { BlkRequest, RequestList } from '../../src/block/blk-request.ts';
import { makeMemory } from './rig.ts';

function makeRequests(count: number): BlkRequest[] {
  const memory = makeMemory();
  return Array.from({ length: count }, (_, tag) => new BlkRequest(0, tag, memory, () => {}));
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

  it.each([0, 1, 2, 5])('turns %s requests round', (count) => {
    const requests = makeRequests(count);
    const list = new RequestList();
    for (const request of requests) list.push(request);
    list.reverse();
    expect([list.head, list.tail]).toEqual([requests.at(-1), requests[0]]);
    expect(drain(list)).toEqual(requests.map((request) => request.tag).reverse());
    list.push(makeRequests(1)[0]!);
    expect(drain(list)).toEqual([0]);
  });
});

it('a request that ends says which one it is', () => {
  const ended: BlkRequest[] = [];
  const request = new BlkRequest(0, 3, makeMemory(), (each) => ended.push(each));
  request.end(request);
  expect(ended).toEqual([request]);
});
