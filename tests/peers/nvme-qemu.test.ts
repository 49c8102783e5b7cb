/** Our driver on QEMU's controller: another implementation of the same specification. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/prng.ts';
import { AdminOpcode, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { DATA, IMAGE_BYTES, MIB, makeRequest, NvmeMachine } from './nvme-peer.ts';
import { describePeer } from './peer.ts';
import type { QtestMachine } from './qtest/qtest-machine.ts';

describePeer(
  { program: 'qemu-system-x86_64', from: 'qemu-system-x86' },
  'the NVMe controller of QEMU',
  () => {
    let world: NvmeMachine;
    let machine: QtestMachine;
    const expected = new Uint8Array(IMAGE_BYTES);

    beforeAll(() => {
      world = new NvmeMachine();
      machine = world.machine;
    });

    afterAll(async () => {
      await world?.close();
    });

    it('starts, and shows its namespaces', () => {
      const peer = world.peer({ maxTransferBytes: 4 * MIB });
      expect(peer.start()).toBeUndefined();
      expect(peer.driver.maxTransferBytes).toBe(4 * MIB);
      expect(peer.driver.namespaces).toEqual([
        { nsid: 1, blockBytes: 512, blockCount: IMAGE_BYTES / 512 },
        { nsid: 2, blockBytes: 512, blockCount: 2 ** 42 / 512 },
      ]);
      peer.shutdown();
    });

    it('moves data of every shape of PRPs', () => {
      const peer = world.peer({ maxTransferBytes: 4 * MIB, sglThresholdBytes: 0 });
      expect(peer.start()).toBeUndefined();
      const page = (index: number) => DATA + index * 8192;
      const shapes: [number, number][][] = [
        [[DATA, 512]],
        [[DATA + 0xe00, 512]],
        [[DATA, 4096]],
        [[DATA + 0x200, 4096]],
        [[DATA + 4, 4096]],
        [[DATA, 8192]],
        [[DATA + 0xc00, 8192]],
        [[DATA + 0xffc, 8192]],
        [[DATA, 12_288]],
        [
          [page(3), 4096],
          [page(1), 4096],
        ],
        [
          [page(3) + 0x800, 2048],
          [page(1), 4096],
          [page(2), 2048],
        ],
        [
          [page(5), 4096],
          [page(4), 4096],
          [page(3), 4096],
          [page(0), 4096],
        ],
        [[DATA, 131_072]],
        [[DATA + 0x600, 131_072]],
        [[DATA, 2 * MIB]],
        [[DATA, 2 * MIB + 4096]],
        [[DATA + 0xe00, 2 * MIB + 8192]],
        [[DATA, 4 * MIB]],
        [
          [DATA, MIB],
          [DATA + 3 * MIB, 2 * MIB],
        ],
      ];
      const chance = makePrng(7);
      shapes.forEach((shape, i) => {
        const length = shape.reduce((sum, [, bytes]) => sum + bytes, 0);
        const slba = chance.below((IMAGE_BYTES - length) / 512);
        const bytes = Uint8Array.from({ length }, (_, at) => at * 7 + i + (at >> 9));
        let done = 0;
        for (const [gpa, size] of shape) {
          machine.memory.store(gpa, bytes, done, size);
          done += size;
        }
        const write = makeRequest({ opcode: IoOpcode.write, slba }, ...shape);
        expect(peer.run(1, [write]), `write of shape ${i}`).toEqual([0]);
        expected.set(bytes, slba * 512);
        const far = shape.map(([gpa, size]): [number, number] => [gpa + 16 * MIB, size]);
        expect(peer.run(1, [makeRequest({ slba }, ...far)]), `read of shape ${i}`).toEqual([0]);
        const got = new Uint8Array(length);
        done = 0;
        for (const [gpa, size] of far) {
          machine.memory.load(gpa, got, done, size);
          done += size;
        }
        expect(Buffer.compare(got, bytes), `bytes of shape ${i}`).toBe(0);
      });
      expect(peer.run(1, [makeRequest({ opcode: IoOpcode.flush })])).toEqual([0]);
      peer.shutdown();
      expect(Buffer.compare(world.image(), expected)).toBe(0);
    });

    it.each([
      ['by polling', false],
      ['by messages', true],
    ])(
      'completes many commands on several queues, a small one among them, %s',
      (_name, messages) => {
        for (const queueEntries of [2, 32]) {
          const peer = world.peer({ ioQueues: 3, queueEntries });
          expect(peer.start()).toBeUndefined();
          if (messages) peer.useMessages();
          for (let queueId = 1; queueId <= 3; queueId++) {
            const reads = Array.from({ length: 100 }, (_, i) =>
              makeRequest({ slba: (i * 331) % 30_000 }, [DATA + i * 4096, 4096]),
            );
            expect(new Set(peer.run(queueId, reads))).toEqual(new Set([0]));
            for (const { data, slba } of reads) {
              const got = new Uint8Array(4096);
              machine.memory.load(data.gpa(0), got, 0, 4096);
              const from = slba * 512;
              expect(Buffer.compare(got, expected.subarray(from, from + 4096))).toBe(0);
            }
          }
          peer.shutdown();
        }
      },
    );

    it('answers with the errors that the specification names', () => {
      const peer = world.peer();
      expect(peer.start()).toBeUndefined();
      const one: [number, number] = [DATA, 512];
      const blocks = IMAGE_BYTES / 512;
      const statuses = peer.run(1, [
        makeRequest({ slba: blocks }, one),
        makeRequest({ opcode: 0x7f }, one),
        makeRequest({ nsid: 0 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 33 - 1 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 33 }, one),
        makeRequest({ nsid: 2, slba: 2 ** 32 + 5 }, one),
      ]);
      expect(statuses).toEqual([
        NvmeStatus.lbaOutOfRange,
        NvmeStatus.invalidOpcode,
        NvmeStatus.invalidNamespace,
        0,
        NvmeStatus.lbaOutOfRange,
        0,
      ]);
      const raw = Int32Array.of(99, 0, 0, 0, 0, 0);
      const admin = makeRequest({ opcode: AdminOpcode.identify, nsid: 0, raw }, [DATA, 4096]);
      expect(peer.run(0, [admin])).toEqual([NvmeStatus.invalidField]);
      peer.shutdown();
    });
  },
);
