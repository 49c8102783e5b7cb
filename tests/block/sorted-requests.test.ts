import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BlkRequest } from '../../src/block/blk-request.ts';
import { SortedRequests } from '../../src/block/sorted-requests.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { makeMemory } from './rig.ts';

const memory = makeMemory();
const nothing = (): void => {};

function make(sector: number, sectorCount: number): BlkRequest {
  const request = new BlkRequest(0, 0, memory, nothing, nothing);
  request.sector = sector;
  request.sectorCount = sectorCount;
  return request;
}

it('finds neighbours as a sorted list does, for any insertions and removals', () => {
  const step = fc.record({
    sector: fc.nat(40),
    sectorCount: fc.integer({ min: 1, max: 6 }),
    removes: fc.option(fc.nat(30), { nil: undefined }),
  });
  checkProperty(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(45), (steps, at) => {
      const sorted = new SortedRequests();
      const model: BlkRequest[] = [];
      for (const { sector, sectorCount, removes } of steps) {
        const request = make(sector, sectorCount);
        sorted.insert(request);
        const behind = model.findIndex((each) => each.sector > sector);
        model.splice(behind < 0 ? model.length : behind, 0, request);
        if (removes !== undefined && removes < model.length) {
          sorted.remove(model.splice(removes, 1)[0]!);
        }
      }
      expect(Array.from({ length: sorted.count }, (_, i) => sorted.at(i))).toEqual(model);
      expect(sorted.from(at)).toBe(model.find((each) => each.sector >= at));
      expect(sorted.startingAt(at)?.sector ?? at).toBe(at);
      const ending = sorted.endingAt(at);
      if (ending !== undefined) expect(ending.sector + ending.sectorCount).toBe(at);
      for (const [i, request] of model.entries()) {
        expect([sorted.previous(request), sorted.next(request)]).toEqual([
          model[i - 1],
          model[i + 1],
        ]);
      }
    }),
    runs(200, 2_000),
  );
});

it('finds the request that ends at a sector', () => {
  const sorted = new SortedRequests();
  const requests = [make(0, 8), make(8, 8), make(10, 2)];
  for (const request of requests) sorted.insert(request);
  expect([8, 16, 12, 9].map((sector) => sorted.endingAt(sector))).toEqual([
    requests[0],
    requests[1],
    requests[2],
    undefined,
  ]);
});
