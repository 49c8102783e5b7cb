import { describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { makePrng } from '../../../src/sim/prng.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { UnitLaw } from '../../../src/testing/target/unit-laws.ts';
import { UnitModel } from '../../../src/testing/target/unit-model.ts';
import { UnitProbe } from '../../../src/testing/target/unit-probe.ts';

function rig(seed: number) {
  const executor = new SimExecutor();
  const store = new PageStore(1 << 18);
  const probe = new UnitProbe(executor, new RdMcpBackend(executor, store));
  return { store, model: new UnitModel(probe, makePrng(seed)) };
}

describe('UnitModel', () => {
  it('agrees with a unit that keeps its blocks, before and after a cut of no effect', () => {
    const { model } = rig(1);
    for (let i = 0; i < 30; i++) model.round();
    model.verify();
    model.startAndStop(100);
    model.verifyAfterCut();
  });

  it('sees one byte of one block that is not what was written', () => {
    const { model, store } = rig(2);
    for (let i = 0; i < 10; i++) model.round();
    store.store(512 * 7 + 300, Uint8Array.of(0xd5), 0, 1);
    expect(() => model.verify()).toThrow(UnitLaw.readsSeeWrites);
    expect(() => model.verifyAfterCut()).toThrow(UnitLaw.durability);
    expect(() => model.verify()).toThrow('block 7');
  });
});
