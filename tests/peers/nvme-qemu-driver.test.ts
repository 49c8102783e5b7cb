/** What the driver does beside plain commands, on QEMU's controller: shadows, SGLs, polled queues, events, aborts, resets. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import { makePrng } from '../../src/sim/prng.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { DATA, IMAGE_BYTES, MIB, makeRequest, NvmeMachine, type Peer } from './nvme-peer.ts';
import { describePeer } from './peer.ts';

const BLOCKS = IMAGE_BYTES / 512;

describePeer(
  { program: 'qemu-system-x86_64', from: 'qemu-system-x86' },
  'the driver on the NVMe controller of QEMU',
  () => {
    let world: NvmeMachine;
    const expected = new Uint8Array(IMAGE_BYTES);

    beforeAll(() => {
      world = new NvmeMachine();
    });

    afterAll(async () => {
      await world?.close();
    });

    function startedPeer(...options: Parameters<NvmeMachine['peer']>): Peer {
      const peer = world.peer(...options);
      expect(peer.start()).toBeUndefined();
      return peer;
    }

    /** Writes of 4 KiB with bytes of their own, all over the image. */
    function writes(seed: number, count: number): NvmeHostRequest[] {
      const chance = makePrng(seed);
      const slots = Array.from({ length: BLOCKS / 8 }, (_, i) => i);
      return Array.from({ length: count }, (_, i) => {
        const [slot] = slots.splice(chance.below(slots.length), 1);
        const bytes = Uint8Array.from({ length: 4096 }, () => chance.below(256));
        world.machine.memory.store(DATA + i * 4096, bytes, 0, 4096);
        expected.set(bytes, slot! * 4096);
        return makeRequest({ opcode: IoOpcode.write, slba: slot! * 8 }, [DATA + i * 4096, 4096]);
      });
    }

    function flushed(peer: Peer): void {
      expect(peer.run(1, [makeRequest({ opcode: IoOpcode.flush })])).toEqual([0]);
      peer.shutdown();
      expect(Buffer.compare(world.image(), expected)).toBe(0);
    }

    it.each([false, true])(
      'loses no command on queues of 2 to 64 entries, with doorbells in memory: %s (M14)',
      (shadowDoorbells) => {
        let spared = 0;
        for (const queueEntries of [2, 3, 8, 64]) {
          const peer = startedPeer({ ioQueues: 2, queueEntries, shadowDoorbells });
          for (const queueId of [1, 2]) {
            const statuses = peer.run(queueId, writes(queueEntries + queueId, 150));
            expect(new Set(statuses)).toEqual(new Set([0]));
          }
          const { resets, shadowDoorbells: shadows } = peer.driver.counters();
          expect(resets).toBe(0);
          spared += shadows;
          flushed(peer);
        }
        // How many registers are spared depends on how fast the controller looks.
        expect(spared > 0).toBe(shadowDoorbells);
      },
    );

    it('moves data by SGLs, gaps and odd addresses included', () => {
      const peer = startedPeer({ maxTransferBytes: 4 * MIB, sglThresholdBytes: 16_384 });
      const shapes: [number, number][][] = [
        [[DATA + 1, 512]],
        [[DATA + 3, 131_072]],
        [[DATA, 2 * MIB]],
        [
          [DATA + 5, 100],
          [DATA + MIB + 7, 412],
        ],
        Array.from({ length: 100 }, (_, i): [number, number] => [DATA + i * 9001, 512]),
        [
          [DATA, 65_536],
          [DATA + MIB, 512],
          [DATA + 2 * MIB + 512, 65_536],
        ],
      ];
      shapes.forEach((shape, i) => {
        const length = shape.reduce((sum, [, bytes]) => sum + bytes, 0);
        const bytes = Uint8Array.from({ length }, (_, at) => at * 13 + i + (at >> 8));
        let done = 0;
        for (const [gpa, size] of shape) {
          world.machine.memory.store(gpa, bytes, done, size);
          done += size;
        }
        const slba = 77 * i;
        expect(peer.run(1, [makeRequest({ opcode: IoOpcode.write, slba }, ...shape)])).toEqual([0]);
        expected.set(bytes, slba * 512);
        const far = shape.map(([gpa, size]): [number, number] => [gpa + 16 * MIB, size]);
        expect(peer.run(1, [makeRequest({ slba }, ...far)])).toEqual([0]);
        const got = new Uint8Array(length);
        done = 0;
        for (const [gpa, size] of far) {
          world.machine.memory.load(gpa, got, done, size);
          done += size;
        }
        expect(Buffer.compare(got, bytes), `shape ${i}`).toBe(0);
      });
      flushed(peer);
    });

    it('gets fewer queues than it asks for, the last of them polled', () => {
      const peer = startedPeer({ ioQueues: 20, polledQueues: 2 });
      expect(peer.driver.ioQueueCount).toBe(8);
      peer.useMessages(6);
      for (const queueId of [1, 6, 7, 8]) {
        expect(new Set(peer.run(queueId, writes(queueId, 40)))).toEqual(new Set([0]));
      }
      flushed(peer);
    });

    it('is reset again and again under load, and every command ends as it should', () => {
      const peer = startedPeer({ ioQueues: 2, queueEntries: 32 });
      for (let life = 0; life < 4; life++) {
        // One half is being served when the reset comes: by a slow namespace, which has nothing to tell apart.
        const slow = Array.from({ length: 10 }, (_, i) =>
          makeRequest({ nsid: 2, slba: i * 8 }, [DATA + 16 * MIB + i * 4096, 4096]),
        );
        const requests = [...slow, ...writes(life, 50)];
        const statuses = peer.run(1 + (life % 2), requests, () => peer.driver.resetController());
        expect(new Set(statuses)).toEqual(new Set([0]));
      }
      expect(peer.driver.counters().resets).toBe(4);
      expect(peer.driver.counters().retries).toBeGreaterThanOrEqual(10);
      flushed(peer);
    });

    it('sends an Abort for what takes too long, which ends all the same', () => {
      const peer = startedPeer();
      const slow = [4096, 512].map((length) =>
        makeRequest({ nsid: 2, hasTimer: true }, [DATA, length]),
      );
      const late = () => {
        for (const request of slow) peer.driver.timeout(request);
      };
      expect(peer.run(1, slow, late)).toEqual([0, 0]);
      expect(peer.driver.counters()).toMatchObject({ aborts: 2, resets: 0 });
      peer.shutdown();
    });

    it('comes back from a fatal status', () => {
      const peer = startedPeer({ timeoutNs: 200_000_000 });
      // Without the bus the next doorbell ends in CSTS.CFS.
      world.pci.configWrite(0x04, 2, 0x0402);
      const statuses = peer.run(1, writes(99, 10));
      expect(new Set(statuses)).toEqual(new Set([0]));
      expect(peer.driver.counters().resets).toBe(1);
      flushed(peer);
    });

    it('hears that a namespace was detached and attached, and scans again', () => {
      const scans: number[][] = [];
      const peer = startedPeer({
        namespacesChanged: (list) => void scans.push(list.map(({ nsid }) => nsid)),
      });
      const page = DATA + 24 * MIB;
      world.machine.memory.fill(page, 0, 4096);
      // A controller list of one: controller 0.
      world.machine.memory.write16(page, 1);
      for (const [select, left] of [
        [1, [1]],
        [0, [1, 2]],
      ] as const) {
        const raw = Int32Array.of(select, 0, 0, 0, 0, 0);
        const attach = { opcode: AdminOpcode.namespaceAttachment, nsid: 2, raw };
        const before = scans.length;
        expect(peer.run(0, [makeRequest(attach, [page, 4096])])).toEqual([0]);
        peer.turn(() => scans.length > before);
        expect(scans.at(-1)).toEqual(left);
        expect(peer.driver.namespaces.map(({ nsid }) => nsid)).toEqual(left);
      }
      peer.shutdown();
    });

    it('gets the statuses of the errors that it makes', () => {
      const peer = startedPeer();
      const far: [number, number] = [DATA, 512];
      expect(
        peer.run(1, [
          makeRequest({ opcode: IoOpcode.write, slba: BLOCKS - 7 }, [DATA, 4096]),
          makeRequest({ nsid: 2, slba: 2 ** 33 - 8, opcode: IoOpcode.write }, [DATA, 4096]),
          makeRequest({ nsid: 77 }, far),
          makeRequest({ opcode: IoOpcode.compare, slba: 0 }, [DATA + 9 * MIB, 512]),
        ]),
      ).toEqual([NvmeStatus.lbaOutOfRange, 0, NvmeStatus.invalidField, NvmeStatus.compareFailure]);
      peer.shutdown();
    });

    it('is started and shut down again and again, normally and abruptly', () => {
      for (let life = 0; life < 6; life++) {
        const peer = startedPeer({ ioQueues: 1 + life });
        expect(new Set(peer.run(1 + life, writes(200 + life, 20)))).toEqual(new Set([0]));
        peer.shutdown(life % 2 === 0 ? 'normal' : 'abrupt');
        expect(Buffer.compare(world.image(), expected)).toBe(0);
      }
    });
  },
);
