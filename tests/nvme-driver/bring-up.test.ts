import { describe, expect, it } from 'vitest';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import type { NvmePciFunction } from '../../src/nvme-device/index.ts';
import { AdminOpcode, FeatureId } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { PciRegister } from '../../src/wire/pci.ts';
import { DriverWorld } from './driver-world.ts';

/** A function whose reads of BAR0 or configuration space answer something else. */
function answering(
  space: 'configRead' | 'mmioRead',
  answer: (at: number, value: number) => number,
): (pci: NvmePciFunction) => PciFunction {
  return (pci) =>
    new Proxy(pci, {
      get(target, key) {
        const member = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        if (key !== space) return member.bind(target);
        return (at: number, size: 1 | 2 | 4) => answer(at, target[space](at, size));
      },
    });
}

describe('a start', () => {
  it('finds the namespaces, the cache and the limits, and creates the queues that it wants', () => {
    const world = new DriverWorld({
      port: {
        namespaces: [
          { blockBytes: 512, blockCount: 100 },
          { blockBytes: 4096, blockCount: 50 },
        ],
        maxTransferBytes: 131_072,
      },
      driver: { ioQueues: 3 },
    });
    expect(world.start()).toBeUndefined();
    const { driver } = world;
    expect(driver.ioQueueCount).toBe(3);
    expect(driver.maxTransferBytes).toBe(131_072);
    expect(driver.volatileWriteCache).toBe(true);
    expect(driver.namespaces).toEqual([
      { nsid: 1, blockBytes: 512, blockCount: 100 },
      { nsid: 2, blockBytes: 4096, blockCount: 50 },
    ]);
  });

  it('takes what the controller grants: fewer queues, fewer entries', () => {
    const world = new DriverWorld({
      device: { ioQueues: 2, maxQueueEntries: 4 },
      driver: { ioQueues: 8, queueEntries: 256 },
    });
    expect(world.start()).toBeUndefined();
    expect(world.driver.ioQueueCount).toBe(2);
    for (const expected of [true, true, true, false]) {
      expect(world.driver.queueRq(2, world.request())).toBe(expected);
    }
  });

  it('finds more namespaces than one list names', () => {
    const namespaces = Array.from({ length: 1030 }, () => ({ blockBytes: 512, blockCount: 8 }));
    const world = new DriverWorld({ port: { namespaces } });
    expect(world.start()).toBeUndefined();
    expect(world.driver.namespaces.length).toBe(1030);
  });

  it('works with pages of 64 KiB and doorbells far apart', () => {
    const world = new DriverWorld({
      device: { doorbellStride: 4 },
      driver: { pageBytes: 65_536 },
    });
    expect(world.start()).toBeUndefined();
    expect(world.do(world.request({}, 300_032))).toBe(0);
  });

  it('waits as long as the controller may take', () => {
    const world = new DriverWorld({
      device: { readyTimeoutUnits: 1, readyDelayNs: 499_000_000 },
    });
    expect(world.start()).toBeUndefined();
    expect(world.executor.now).toBeGreaterThanOrEqual(499_000_000);
  });

  it.each<[string, string, ConstructorParameters<typeof DriverWorld>[0]]>([
    [
      'no NVMe controller',
      'class code 010601 is no NVMe controller',
      {
        wrap: answering('configRead', (at, value) =>
          at === PciRegister.revisionId ? 0x0106_0100 : value,
        ),
      },
    ],
    [
      'a controller that never becomes ready',
      'controller did not become ready within 7500 ms',
      { wrap: answering('mmioRead', (at, value) => (at === NvmeRegister.csts ? 0 : value)) },
    ],
    [
      'a controller that stays ready after it was disabled',
      'controller did not become disabled within 7500 ms',
      { wrap: answering('mmioRead', (at, value) => (at === NvmeRegister.csts ? 1 : value)) },
    ],
    [
      'a controller that fails to start',
      'controller reports a fatal status after it was enabled',
      {
        wrap: answering('mmioRead', (at, value) => (at === NvmeRegister.csts ? value | 2 : value)),
      },
    ],
    [
      'pages that are too large',
      'controller takes pages of 4096 to 4096 bytes, not 8192',
      { device: { maxPageShift: 0 }, driver: { pageBytes: 8192 } },
    ],
    ['no pages', 'no pages for the admin queue', { pages: 2 }],
    ['too few pages', 'no pages for I/O queue 1', { pages: 48, driver: { queueEntries: 1024 } }],
  ])('says what is wrong with %s, and gives everything back', (_name, error, options) => {
    const world = new DriverWorld(options);
    const before = world.pages.freePages;
    expect(world.start()).toBe(error);
    expect(world.pages.freePages).toBe(before);
    expect(world.driver.ioQueueCount).toBe(0);
  });

  it.each([
    ['Identify (controller)', AdminOpcode.identify, 1],
    ['Identify (active namespaces)', AdminOpcode.identify, 2],
    ['Identify (namespace 1)', AdminOpcode.identify, 0],
  ])('names the command that failed: %s', (name, opcode, cns) => {
    const world = new DriverWorld();
    const submit = world.port.submit.bind(world.port);
    world.port.submit = (command) => {
      const isIt = (command.sqe[0]! & 0xff) === opcode && command.sqe[10] === cns;
      if (isIt) command.sqe[10] = 0xee;
      submit(command);
    };
    expect(world.start()).toBe(`${name} ended with invalidField (0/02h)`);
  });

  it('gives up on a controller that answers no admin command, and on one that dies', () => {
    const silent = new DriverWorld({ port: { held: true } });
    expect(silent.start()).toBe('controller does not answer an admin command');
    const dying = new DriverWorld({ port: { held: true } });
    let result: string | undefined = 'never';
    dying.driver.start((error) => {
      result = error;
    });
    dying.executor.runUntil(100_000);
    dying.pci.controller.setBusMaster(false);
    dying.pci.mmioWrite(0x1000, 4, 5);
    dying.executor.runUntilIdle();
    expect(result).toBe('controller reports a fatal status during its start');
  });

  it('asks for queues before it creates them', () => {
    const world = new DriverWorld({ driver: { ioQueues: 2 } });
    world.start();
    const raw = Int32Array.of(FeatureId.numberOfQueues, 0, 0, 0, 0, 0);
    const request = world.request({ opcode: AdminOpcode.getFeatures, nsid: 0, raw }, 0);
    world.do(request, 0);
    expect(request.dw0).toBe(1 | (1 << 16));
  });
});
