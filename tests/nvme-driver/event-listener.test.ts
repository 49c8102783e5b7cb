import { describe, expect, it } from 'vitest';
import type { NvmeAsyncEvent } from '../../src/nvme-driver/index.ts';
import { identifyController } from '../../src/wire/nvme-identify.ts';
import {
  AdminOpcode,
  AsyncEventType,
  FeatureId,
  IdentifyCns,
  LogPage,
} from '../../src/wire/nvme-opcodes.ts';
import { type DriverWorld, started, type WorldOptions } from './driver-world.ts';

const { notice, error, smart } = AsyncEventType;

/** A world that hears events, with namespaces that can be hidden. */
function listening(options: WorldOptions = {}) {
  const events: NvmeAsyncEvent[] = [];
  const scans: number[][] = [];
  const hidden = new Set<number>();
  const world = started({
    port: {
      namespaces: [1, 2, 3].map((i) => ({ blockBytes: 512, blockCount: 100 * i })),
    },
    ...options,
    driver: {
      asyncEvent: (event) => void events.push(event),
      namespacesChanged: (list) => void scans.push(list.map(({ nsid }) => nsid)),
      ...options.driver,
    },
    test: {
      identify: (cns, view, nsid) => {
        if (cns === IdentifyCns.controller) identifyController.oaes.set(view, 0, 0x300);
        if (cns !== IdentifyCns.activeNamespaceList) return;
        const ids = [1, 2, 3].filter((id) => id > nsid && !hidden.has(id));
        for (let i = 0; i < 4; i++) view.setUint32(4 * i, ids[i] ?? 0, true);
      },
    },
  });
  return { world, events, scans, hidden };
}

function raise(world: DriverWorld, type: number, info: number, logPage: number): void {
  world.port.raise(type, info, logPage);
  world.executor.runUntilIdle();
}

describe('the event listener', () => {
  it('asks for namespace and firmware notices where the controller has them, and for warnings', () => {
    const { world } = listening();
    const raw = Int32Array.of(FeatureId.asyncEventConfig, 0, 0, 0, 0, 0);
    const get = world.request({ opcode: AdminOpcode.getFeatures, nsid: 0, raw }, 0);
    world.do(get, 0);
    expect(get.dw0).toBe(0x31f);
  });

  it('hears one event after the other of one type, for it reads the log page that masks them', () => {
    const { world, events } = listening();
    for (let i = 0; i < 10; i++) raise(world, smart, 1, LogPage.smart);
    expect(events).toEqual(new Array(10).fill({ type: smart, info: 1, logPage: 2 }));
    expect(world.test.logsRead).toEqual(new Array(10).fill((127 << 16) | 2));
  });

  it('scans the namespaces again when they changed, and says so', () => {
    const { world, events, scans, hidden } = listening();
    expect(world.driver.namespaces.map(({ nsid }) => nsid)).toEqual([1, 2, 3]);
    hidden.add(2);
    raise(world, notice, 0, LogPage.changedNamespaces);
    expect(scans).toEqual([[1, 3]]);
    expect(world.driver.namespaces).toEqual([
      { nsid: 1, blockBytes: 512, blockCount: 100 },
      { nsid: 3, blockBytes: 512, blockCount: 300 },
    ]);
    hidden.clear();
    raise(world, notice, 0, LogPage.changedNamespaces);
    expect(scans).toEqual([
      [1, 3],
      [1, 2, 3],
    ]);
    expect(events.length).toBe(2);
    expect(world.test.logsRead).toEqual(new Array(2).fill(((1023 << 16) | 4) >>> 0));
  });

  it('takes several events at once, each type with its own log page', () => {
    const { world, events } = listening();
    world.port.raise(smart, 1, LogPage.smart);
    world.port.raise(error, 3, LogPage.errorInformation);
    world.port.raise(notice, 1, LogPage.firmwareSlot);
    world.executor.runUntilIdle();
    expect(events.map(({ type }) => type).sort()).toEqual([0, 1, 2]);
    expect(world.test.logsRead.map((cdw10) => cdw10 & 0xff).sort()).toEqual([1, 2, 3]);
  });

  it('hears again after a reset, and nothing after a shutdown', () => {
    const { world, events } = listening();
    world.driver.resetController();
    world.executor.runUntilIdle();
    raise(world, smart, 1, LogPage.smart);
    expect(events.length).toBe(1);
    world.driver.shutdown(() => undefined);
    world.executor.runUntilIdle();
    raise(world, smart, 1, LogPage.smart);
    expect(events.length).toBe(1);
  });

  it('gives a scan up that a reset cuts off, and scans in the reset', () => {
    const { world, scans, hidden } = listening();
    hidden.add(1);
    world.test.judge = ({ queueId }) => (queueId === 0 ? 'hang' : undefined);
    raise(world, notice, 0, LogPage.changedNamespaces);
    expect(world.test.hung.length).toBe(1);
    world.test.judge = () => undefined;
    world.driver.resetController();
    world.executor.runUntilIdle();
    expect([scans, world.driver.state]).toEqual([[], 'live']);
    expect(world.driver.namespaces.map(({ nsid }) => nsid)).toEqual([2, 3]);
  });

  it('waits for room in the admin queue', () => {
    const { world, events } = listening({ driver: { adminQueueEntries: 4 } });
    world.test.judge = ({ sqe }) =>
      (sqe[0]! & 0xff) === AdminOpcode.identify ? 'hang' : undefined;
    const raw = Int32Array.of(IdentifyCns.controller, 0, 0, 0, 0, 0);
    const identify = () => world.request({ opcode: AdminOpcode.identify, nsid: 0, raw }, 4096);
    const requests = [identify(), identify()];
    for (const request of requests) expect(world.driver.queueRq(0, request)).toBe(true);
    expect(world.driver.queueRq(0, identify())).toBe(false);
    world.driver.commitRqs(0);
    expect(events).toEqual([]);
    raise(world, smart, 1, LogPage.smart);
    expect([events.length, world.test.logsRead.length]).toEqual([1, 0]);
    world.test.judge = () => undefined;
    world.test.release();
    world.executor.runUntilIdle();
    expect([events.length, world.test.logsRead.length]).toEqual([1, 1]);
    expect(requests.map(({ ends }) => ends)).toEqual([1, 1]);
    raise(world, smart, 1, LogPage.smart);
    expect(events.length).toBe(2);
  });

  it('does not run in a circle with a controller that answers at once, again and again', () => {
    const { world, events } = listening();
    // Reading the log page raises the next event.
    world.test.judge = ({ sqe }) => {
      if ((sqe[0]! & 0xff) === AdminOpcode.getLogPage) world.port.raise(smart, 1, LogPage.smart);
      return undefined;
    };
    raise(world, smart, 1, LogPage.smart);
    expect(events.length).toBeLessThanOrEqual(80);
    world.pass(3_000_000);
    expect(events.length).toBeGreaterThan(80);
    expect(events.length).toBeLessThanOrEqual(5 * 64);
    expect(world.do(world.request())).toBe(0);
  });
});
