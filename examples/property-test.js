// A property test of one layer: whatever order a device finishes in, every buffer of a virtqueue comes back exactly once.
// Run: npm run build && node examples/property-test.js
import fc from 'fast-check';
import { SgList } from 'lio-nvme';
import { PopResult } from 'lio-nvme/interfaces';
import { makePrng } from 'lio-nvme/sim';
import * as testing from 'lio-nvme/testing';

const into = new SgList();
into.pushAddress(testing.DATA_BASE, 64);

const arbitraries = /** @type {const} */ ([testing.queueConfigArbitrary(), fc.nat(), fc.nat(200)]);
const property = fc.property(...arbitraries, (config, seed, count) => {
  // Put your own driver or device side in the place of the library's.
  const { driver, device } = new testing.QueueWorld(testing.libraryVirtqueue, config);
  const prng = makePrng(seed);
  const chain = testing.makeChain();
  /** @type {{ id: number, descriptorCount: number }[]} */
  const held = [];
  const returned = new Set();
  for (let added = 0; returned.size < count; ) {
    if (added < count && driver.addSgs(new SgList(), into, added) === 0) added += 1;
    if (device.pop(chain) === PopResult.chain) held.push({ ...chain });
    const [any] = held.splice(prng.below(held.length + 1), 1);
    if (any !== undefined) device.addUsed(any.id, any.descriptorCount, 1);
    for (let token = driver.getBuf(); token >= 0; token = driver.getBuf()) {
      if (returned.has(token) || token >= added) return false;
      returned.add(token);
    }
  }
  return held.length === 0;
});

fc.assert(property, { numRuns: 300, seed: 1 });
console.log('every buffer came back once, in 300 runs');
