import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeFileHandle } from '../../src/node/node-file.ts';
import { ROADS } from '../../src/stack/config.ts';
import { createStack } from '../../src/stack/create-stack.ts';
import { describePeer } from './peer.ts';

const IMAGE_BYTES = 16 << 20;
/** Position of the magic number of an ext4 superblock, which lies at byte 1024. */
const MAGIC_AT = 1024 + 0x38;

describePeer({ program: 'mkfs.ext4', from: 'e2fsprogs' }, 'an ext4 image of the system', (mkfs) => {
  let directory = '';
  let image = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
    image = join(directory, 'ext4.img');
    writeFileSync(image, '');
    truncateSync(image, IMAGE_BYTES);
    execFileSync(mkfs, ['-q', '-F', image]);
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(ROADS)('is read through the guest byte for byte, on the road %s', async (road) => {
    const stack = createStack({
      road,
      backend: { type: 'fileio' },
      layers: { file: (executor) => new NodeFileHandle(executor, image, { readOnly: true }) },
    });
    const disk = await stack.guest.open(1);
    expect(disk.size).toBe(IMAGE_BYTES);
    const bytes = await disk.read(0, IMAGE_BYTES);
    await stack.close();
    expect(bytes[MAGIC_AT]! | (bytes[MAGIC_AT + 1]! << 8)).toBe(0xef53);
    expect(readFileSync(image).equals(bytes)).toBe(true);
  });
});
