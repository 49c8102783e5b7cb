import { describe, expect, it } from 'vitest';
import { BlockLaw } from '../../../src/testing/block/block-laws.ts';
import {
  type BlockDeviceFactory,
  checkBlockDevice,
} from '../../../src/testing/block/check-block-device.ts';
import { makeDriver, makeMedium } from '../../block-drivers/worlds.ts';
import { runs } from '../../support/runs.ts';
import { type Defect, ToyBlockLayer } from './toy-block-layer.ts';

function factory(defect?: Defect, fua = false): BlockDeviceFactory {
  return (executor, memory, watch) => {
    const medium = makeMedium();
    const options = { fua, limits: { maxSectors: 24, maxSegments: 16 } };
    const ops = watch(makeDriver('null_blk', executor, medium, memory, options));
    const device = new ToyBlockLayer(executor, ops, defect);
    return {
      device,
      tagsInUse: () => device.tagsInUse,
      powerCut: (chance, next) => {
        medium.powerCut(chance);
        return new ToyBlockLayer(next, makeDriver('null_blk', next, medium, memory, options));
      },
    };
  };
}

describe("somebody else's block layer", () => {
  it.each([true, false])('passes with FUA %s when it is right', (fua) => {
    checkBlockDevice(factory(undefined, fua), { rounds: runs(8, 100) });
  });

  it.each([
    ['post-flush beside the data', BlockLaw.durability],
    ['no pre-flush', BlockLaw.durability],
    ['merge across a limit', BlockLaw.limits],
    ['leaked tag', BlockLaw.tags],
    ['lost requeue', BlockLaw.endsOnce],
    ['requeue from the start', BlockLaw.everyByteOnce],
    ['lost tail', BlockLaw.readsSeeWrites],
    ['end with the first part', BlockLaw.readsSeeWrites],
  ] as const)('is found out by its %s', (defect, law) => {
    expect(() => checkBlockDevice(factory(defect), { rounds: 100 })).toThrow(law);
  });
});
