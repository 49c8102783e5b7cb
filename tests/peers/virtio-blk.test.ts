import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePrng } from '../../src/sim/index.ts';
import type { VirtqueueFeature } from '../../src/virtqueue/index.ts';
import { describePeer } from './peer.ts';
import { QtestMachine } from './qtest/qtest-machine.ts';
import { VirtioBlkDisk } from './virtio-blk-disk.ts';
import { VirtioBlkFunction } from './virtio-blk-function.ts';

const SLOT = 4;
const SECTORS = 2_048;
const WRAP_REQUESTS = 70_000;

const sizes = { split: [256, 64, 4], packed: [256, 64, 48, 21, 4] };
const configs = (['split', 'packed'] as const).flatMap((format) =>
  [true, false].flatMap((eventIdx) =>
    [true, false].flatMap((indirect) =>
      sizes[format].map((size) => ({ format, eventIdx, indirect, size })),
    ),
  ),
);
type Config = (typeof configs)[number];

function featuresOf({ format, eventIdx, indirect }: Omit<Config, 'size'>): VirtqueueFeature[] {
  return [
    'VIRTIO_F_VERSION_1',
    'VIRTIO_F_RING_RESET',
    ...(format === 'packed' ? (['VIRTIO_F_RING_PACKED'] as const) : []),
    ...(eventIdx ? (['VIRTIO_F_EVENT_IDX'] as const) : []),
    ...(indirect ? (['VIRTIO_F_INDIRECT_DESC'] as const) : []),
  ];
}

const peer = { program: 'qemu-system-x86_64', from: 'qemu-system-x86' };

describePeer(peer, "QEMU's virtio-blk and our driver side", () => {
  let directory: string;
  let image: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-blk-'));
    image = join(directory, 'disk.img');
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  async function withDisk(config: Config, use: (disk: VirtioBlkDisk) => void): Promise<void> {
    writeFileSync(image, '');
    truncateSync(image, SECTORS * 512);
    const machine = new QtestMachine([
      ...['-drive', `file=${image},format=raw,if=none,id=d,discard=unmap`],
      ...['-device', `virtio-blk-pci,drive=d,disable-legacy=on,addr=${SLOT},packed=on`],
    ]);
    try {
      const virtio = new VirtioBlkFunction(machine, SLOT);
      use(new VirtioBlkDisk(machine, virtio, featuresOf(config), config.size));
    } finally {
      await machine.close();
    }
  }

  /** Compares the image with what must be in it, by another program. */
  function expectImage(expected: Uint8Array): void {
    const wanted = join(directory, 'wanted.img');
    writeFileSync(wanted, expected);
    const { status, stdout } = spawnSync('cmp', [wanted, image], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  }

  const name = '$format, eventIdx $eventIdx, indirect $indirect, size $size: sectors come back';
  it.each(configs)(name, async (config) => {
    const model = new Uint8Array(SECTORS * 512);
    const chance = makePrng(config.size);
    await withDisk(config, (disk) => {
      expect(disk.features).toEqual(featuresOf(config));
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 30; i++) {
          const count = 1 + chance.below(8);
          // A place of its own for each request of a round: their order is the device's.
          const sector = i * 64 + chance.below(56);
          const data = model.subarray(sector * 512, (sector + count) * 512);
          if (chance.oneIn(2)) {
            for (let at = 0; at < data.length; at++) data[at] = chance.below(256);
            disk.write(sector, data);
          } else {
            const wanted = data.slice();
            disk.read(sector, data.length, (found) => expect(found).toEqual(wanted));
          }
        }
        disk.drain();
        expect(disk.isInterrupted()).toBe(true);
      }
      disk.flush();
    });
    expectImage(model);
  });

  const resizes = configs.filter(({ size, indirect }) => size === 64 && indirect);
  const wraps = resizes.filter(({ eventIdx }) => eventIdx);
  it.each(wraps)(
    '$format, eventIdx $eventIdx: 70,000 requests, past the 16-bit index',
    async (config) => {
      const model = new Uint8Array(SECTORS * 512);
      await withDisk(config, (disk) => {
        const data = new Uint8Array(512);
        for (let i = 0; i < WRAP_REQUESTS; i++) {
          const sector = i % SECTORS;
          if (i % 16 === 0) {
            data.fill(i / 16);
            model.set(data, sector * 512);
            disk.write(sector, data);
          } else {
            disk.read(sector, 512, () => {});
          }
          if (i % 32 === 31) disk.drain();
        }
        disk.drain();
        disk.flush();
        expect(disk.kicks).toBeGreaterThan(2_000);
      });
      expectImage(model);
    },
  );

  it.each(resizes)(
    '$format, eventIdx $eventIdx: the queue is reset and resized alone',
    async (config) => {
      const model = new Uint8Array(SECTORS * 512);
      await withDisk(config, (disk) => {
        [64, 16, 32, 4].forEach((size, round) => {
          if (round > 0) disk.resize(size);
          for (let sector = 0; sector < 40; sector++) {
            const data = new Uint8Array(512).fill(sector + round);
            model.set(data, sector * 512);
            disk.write(sector, data);
          }
          disk.drain();
          disk.flush();
        });
      });
      expectImage(model);
    },
  );
});
