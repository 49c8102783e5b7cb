import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/index.ts';
import { type Vhost, VhostErrno, type VhostNvmeEndpoint } from '../../src/interfaces/index.ts';
import { SimExecutor } from '../../src/sim/index.ts';
import { VhostTransport } from '../../src/vmm/index.ts';
import { MockTarget } from '../support/mock-target.ts';
import { PlainRing } from '../support/plain-ring.ts';

/** A vhost device that writes down its ioctls and refuses the one it is told to. */
function makeWorld(refused = '') {
  const executor = new SimExecutor();
  const log: string[] = [];
  const call = (name: string): VhostErrno => {
    log.push(name);
    return name === refused ? VhostErrno.invalid : VhostErrno.ok;
  };
  const vhost: Vhost = {
    featuresLo: 0x3000_0000,
    featuresHi: 1,
    setOwner: () => call('owner'),
    setFeatures: (lo, hi) => call(`features ${lo.toString(16)} ${hi}`),
    setMemTable: (regions) => call(`table ${regions.length}`),
    setVringNum: (ring, num) => call(`num ${ring} ${num}`),
    setVringBase: (ring, base) => call(`base ${ring} ${base}`),
    getVringBase: () => 0,
    setVringAddr: (ring, { desc }) => call(`addr ${ring} ${desc}`),
    setVringKick: (ring) => call(`kick ${ring}`),
    setVringCall: (ring) => call(`call ${ring}`),
    setVringErr: (ring) => call(`err ${ring}`),
  };
  let cleared: (() => void) | undefined;
  const endpoint: VhostNvmeEndpoint = {
    setEndpoint: () => call('endpoint'),
    clearEndpoint: (done) => {
      cleared = done;
      return call('clear');
    },
  };
  const transport = new VhostTransport(
    executor,
    vhost,
    endpoint,
    new MockTarget(executor),
    (queue, kick) => {
      const { driver } = new PlainRing(4, false, () => kick.signal());
      return { driver, num: 4, desc: queue * 64, avail: 0, used: 0 };
    },
    {
      queueCount: 2,
      featuresLo: 0x1000_0001,
      regions: [{ guestAddress: 0, size: 4096, userAddress: 0 }],
    },
  );
  return { executor, log, transport, clear: () => cleared?.() };
}

const rings = [0, 1].flatMap((ring) => [
  `num ${ring} 4`,
  `base ${ring} 0`,
  `addr ${ring} ${ring * 64}`,
  `kick ${ring}`,
  `call ${ring}`,
  `err ${ring}`,
]);

test('the ioctls come in their order, the owner once, and only features that both know', () => {
  const { transport, log, clear } = makeWorld();
  expect(transport.start()).toBe(VhostErrno.ok);
  expect(log).toEqual(['owner', 'features 10000000 1', 'table 1', ...rings, 'endpoint']);
  transport.stop(() => {});
  clear();
  log.length = 0;
  transport.start();
  expect(log[0]).toBe('features 10000000 1');
});

test.each(['owner', 'table 1', 'addr 1 64', 'endpoint'])(
  'a refusal of %s ends the start there',
  (refused) => {
    const { transport, log } = makeWorld(refused);
    expect(transport.start()).toBe(VhostErrno.invalid);
    expect(log.at(-1)).toBe(refused);
  },
);

test('calls reach their queue until the stop, and a new life begins with none', () => {
  const { transport, executor, clear } = makeWorld();
  const seen: number[] = [];
  transport.onCall = (queue) => seen.push(queue);
  transport.start();
  transport.calls[1]!.signal();
  executor.runUntilIdle();
  expect(seen).toEqual([1]);
  let isStopped = false;
  transport.stop(() => {
    isStopped = true;
  });
  transport.calls[0]!.signal();
  executor.runUntilIdle();
  expect([seen, isStopped]).toEqual([[1], false]);
  clear();
  expect(isStopped).toBe(true);
  expect(() => transport.driver(0)).toThrow(InvariantError);
  transport.start();
  executor.runUntilIdle();
  expect(seen).toEqual([1]);
});

test('a stop of what does not run calls back later', () => {
  const { transport, executor } = makeWorld('clear');
  let isStopped = false;
  transport.stop(() => {
    isStopped = true;
  });
  expect(isStopped).toBe(false);
  executor.runUntilIdle();
  expect(isStopped).toBe(true);
});
