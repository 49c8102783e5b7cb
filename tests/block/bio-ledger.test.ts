import { expect, it } from 'vitest';
import { BioLedger } from '../../src/block/bio-ledger.ts';
import { BlkStatus } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeBio, makeMemory } from './rig.ts';

const memory = makeMemory();

function rig() {
  const executor = new SimExecutor();
  return { executor, ledger: new BioLedger(executor, 'test') };
}

it('ends a bio with its last part, and with the first error of any', () => {
  const { ledger } = rig();
  const bio = makeBio(memory);
  const walk = ledger.begin(bio, 0);
  walk.partsInFlight = 3;
  ledger.partEnded(walk, BlkStatus.ok);
  ledger.partEnded(walk, BlkStatus.medium);
  walk.isTaken = true;
  expect([bio.ends, ledger.inFlight]).toEqual([0, 1]);
  ledger.partEnded(walk, BlkStatus.ioError);
  expect([bio.ends, bio.status, ledger.inFlight]).toEqual([1, BlkStatus.medium, 0]);
});

it('does not end a bio of which more parts are to come', () => {
  const { ledger } = rig();
  const bio = makeBio(memory);
  const walk = ledger.begin(bio, 0);
  walk.partsInFlight = 1;
  ledger.partEnded(walk, BlkStatus.ok);
  expect(bio.ends).toBe(0);
});

it('ends what is given up on a later turn, after the parts that are in flight', () => {
  const { executor, ledger } = rig();
  const [alone, torn] = [makeBio(memory), makeBio(memory)];
  ledger.giveUp(ledger.begin(alone, 0), BlkStatus.again);
  const walk = ledger.begin(torn, 0);
  walk.partsInFlight = 1;
  ledger.giveUp(walk, BlkStatus.again);
  expect([alone.ends, torn.ends]).toEqual([0, 0]);
  executor.runUntilIdle();
  expect([alone.ends, torn.ends]).toEqual([1, 0]);
  ledger.partEnded(walk, BlkStatus.ok);
  expect([torn.ends, torn.status]).toEqual([1, BlkStatus.again]);
});

it('tells each end to who waits for the last', () => {
  const { executor, ledger } = rig();
  let told = 0;
  ledger.onEnd = () => {
    told += 1;
  };
  ledger.giveUp(ledger.begin(makeBio(memory), 0), BlkStatus.ok);
  executor.runUntilIdle();
  expect(told).toBe(1);
});
