import { describe, expect, it } from 'vitest';
import { BlockBuffer } from '../../../src/target/nvme/block-buffer.ts';
import { formatOf } from '../../../src/target/nvme/lba-format.ts';
import { IoOpcode } from '../../../src/wire/nvme-opcodes.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const formats = [{ blockBytes: 512, metadataBytes: 8 }];
const separate = formatOf(formats, { index: 0, protection: 1 })!;
const extended = formatOf(formats, { index: 0, extended: true })!;
const META = BUFFER + 0x1_0000;

function commandOf(rig: NvmeRig, bytes: number, metadataBytes: number) {
  const command = rig.command({ opc: IoOpcode.write, bytes });
  if (metadataBytes > 0) command.metadata.pushAddress(META, metadataBytes);
  return command;
}

describe('BlockBuffer', () => {
  it('takes interleaved blocks apart and puts them together again', () => {
    const rig = new NvmeRig();
    for (let i = 0; i < 1040; i++) rig.memory.write8(BUFFER + i, i % 251);
    const before = rig.bytes(1040);
    const buffer = new BlockBuffer();
    buffer.prepare(2, extended);
    const command = commandOf(rig, 1040, 0);
    expect(buffer.load(command, extended, true)).toBe(true);
    expect([buffer.bytes[511], buffer.bytes[512]]).toEqual([511 % 251, 520 % 251]);
    expect([buffer.metadata[0], buffer.metadata[8]]).toEqual([512 % 251, 1032 % 251]);
    rig.fill(0, 1040);
    expect(buffer.store(command, extended, true)).toBe(true);
    expect(rig.bytes(1040)).toEqual(before);
  });

  it('moves separate metadata by its own list, or not at all', () => {
    const rig = new NvmeRig();
    rig.fill(1, 1024);
    rig.memory.fill(META, 2, 16);
    const buffer = new BlockBuffer();
    buffer.prepare(2, separate);
    const command = commandOf(rig, 1024, 16);
    expect(buffer.load(command, separate, true)).toBe(true);
    expect([buffer.bytes[1023], buffer.metadata[15]]).toEqual([1, 2]);
    buffer.metadata.fill(9);
    expect(buffer.store(command, separate, false)).toBe(true);
    expect(rig.memory.read8(META)).toBe(2);
    expect(buffer.store(command, separate, true)).toBe(true);
    expect(rig.memory.read8(META)).toBe(9);
  });

  it.each([
    ['data', 1023, 16],
    ['metadata', 1024, 15],
  ])('says that a list of %s is too short', (_, bytes, metadataBytes) => {
    const rig = new NvmeRig();
    const buffer = new BlockBuffer();
    buffer.prepare(2, separate);
    const command = commandOf(rig, bytes, metadataBytes);
    expect([buffer.load(command, separate, true), buffer.store(command, separate, true)]).toEqual([
      false,
      false,
    ]);
    const short = commandOf(rig, 1039, 0);
    buffer.prepare(2, extended);
    expect([buffer.load(short, extended, true), buffer.store(short, extended, true)]).toEqual([
      false,
      false,
    ]);
  });

  it('compares data and metadata, and no protection information', () => {
    const [a, b] = [new BlockBuffer(), new BlockBuffer()];
    for (const each of [a, b]) each.prepare(2, extended);
    expect(a.equals(b, extended)).toBe(true);
    b.metadata[15] = 1;
    expect([a.equals(b, extended), a.equals(b, separate)]).toEqual([false, true]);
    a.bytes[1023] = 1;
    expect(a.equals(b, separate)).toBe(false);
  });

  it('is small up to 64 KiB, and keeps its room', () => {
    const buffer = new BlockBuffer();
    buffer.prepare(126, extended);
    const { bytes } = buffer;
    buffer.prepare(1, extended);
    expect([buffer.bytes === bytes, buffer.isSmall, buffer.data.byteLength]).toEqual([
      true,
      true,
      512,
    ]);
    buffer.prepare(128, extended);
    expect(buffer.isSmall).toBe(false);
  });
});
