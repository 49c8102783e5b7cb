import { beforeEach, describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { MAX_COPY_BLOCKS, MAX_COPY_RANGES } from '../../../src/target/nvme/copy-command.ts';
import { GuardType } from '../../../src/target/nvme/lba-format.ts';
import { copyRange, copyRange64 } from '../../../src/wire/nvme-copy.ts';
import { AdminOpcode, FeatureId, IoOpcode } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const RANGES = BUFFER + 0x10_0000;
const PRACT_BOTH = (8 << 12) | (8 << 26);

interface Range {
  slba: number;
  blocks: number;
  snsid?: number;
  reference?: number;
}

let rig: NvmeRig;

function make(index = 0, protection = 0): void {
  const twoUnits = (executor: NvmeRig['executor']) =>
    [0, 1].map(() => new RdMcpBackend(executor, new PageStore(1 << 20)));
  const formats = [
    { blockBytes: 512 },
    { blockBytes: 512, metadataBytes: 8 },
    { blockBytes: 512, metadataBytes: 16, guard: GuardType.crc64 },
  ];
  const options = { formats, format: { index, protection }, tracksBlocks: true };
  rig = new NvmeRig({ capabilities: ALL_CAPABILITIES }, twoUnits, {}, options);
}

beforeEach(() => make());

function copy(ranges: readonly Range[], slba: number, kind = 0, cdw12 = 0, count = ranges.length) {
  const isLong = (kind & 1) === 1;
  const stride = isLong ? 40 : 32;
  const view = new DataView(new ArrayBuffer(256 * 40));
  for (const [i, { slba: from, blocks, snsid = 0, reference = 0 }] of ranges.entries()) {
    const at = i * stride;
    copyRange.snsid.set(view, at, snsid);
    copyRange.slba.set(view, at, from);
    copyRange.nlb0.set(view, at, blocks - 1);
    if (isLong) copyRange64.eilbrtLo.set(view, at, reference);
    else copyRange.eilbrt.set(view, at, reference);
  }
  rig.memory.store(RANGES, new Uint8Array(view.buffer), 0, 256 * 40);
  const fields = { opc: IoOpcode.copy, cdw10: slba, cdw12: (count - 1) | (kind << 8) | cdw12 };
  return rig.do({ ...fields, cdw14: slba, bytes: count * stride, gpa: RANGES });
}

function write(slba: number, blocks: number, fill: number, nsid = 1): void {
  rig.fill(fill, blocks * 512);
  const fields = { opc: IoOpcode.write, nsid, cdw10: slba, cdw12: (blocks - 1) | 0x2000_0000 };
  expect(rig.do({ ...fields, cdw14: slba, bytes: blocks * 512 }).code).toBe(0);
}

function read(slba: number, blocks: number): number[] {
  const fields = {
    opc: IoOpcode.read,
    cdw10: slba,
    cdw12: (blocks - 1) | 0x3000_0000,
    cdw14: slba,
  };
  expect(rig.do({ ...fields, bytes: blocks * 512 }).code).toBe(0);
  return Array.from({ length: blocks }, (_, i) => rig.bytes(1, 512 * i)[0]!);
}

function enableFormats(formats: number): number {
  rig.memory.fill(BUFFER, 0, 512);
  rig.memory.write8(BUFFER + 4, formats);
  const cdw10 = FeatureId.hostBehavior;
  return rig.admin({ opc: AdminOpcode.setFeatures, nsid: 0, cdw10, bytes: 512 }).code;
}

describe('Copy', () => {
  it('puts its source ranges one behind the other', () => {
    write(10, 2, 1);
    write(40, 1, 2);
    expect(
      copy(
        [
          { slba: 40, blocks: 1 },
          { slba: 10, blocks: 2 },
        ],
        100,
      ),
    ).toMatchObject({
      code: 0,
      dw0: 0,
    });
    expect(read(99, 5)).toEqual([0, 2, 1, 1, 0]);
  });

  it('names the first range that was not copied', () => {
    write(1, 1, 7);
    const { code, dw0 } = copy(
      [
        { slba: 1, blocks: 1 },
        { slba: 2048, blocks: 1 },
      ],
      100,
    );
    expect([code, dw0]).toEqual([NvmeStatus.lbaOutOfRange, 1]);
    expect(read(100, 1)).toEqual([7]);
    expect(copy([{ slba: 2048, blocks: 1 }], 100)).toMatchObject({
      code: NvmeStatus.lbaOutOfRange,
      dw0: 0,
    });
  });

  it('goes up to its limits and no further', () => {
    const ones = (count: number) => new Array(count).fill({ slba: 3, blocks: 1 });
    expect(copy([{ slba: 0, blocks: MAX_COPY_BLOCKS }], 500).code).toBe(0);
    expect(copy(ones(MAX_COPY_RANGES), 500).code).toBe(0);
    const exceeded = NvmeStatus.commandSizeLimitExceeded;
    expect(copy([{ slba: 0, blocks: MAX_COPY_BLOCKS + 1 }], 500).code).toBe(exceeded);
    expect(copy(ones(MAX_COPY_RANGES + 1), 500).code).toBe(exceeded);
    const half = { slba: 0, blocks: MAX_COPY_BLOCKS / 2 };
    expect(copy([half, half, { slba: 0, blocks: 1 }], 500).code).toBe(exceeded);
    expect(copy([{ slba: 0, blocks: 2 }], 2047).code).toBe(NvmeStatus.lbaOutOfRange);
  });

  it('has the formats of the guard, and those between namespaces once they are enabled', () => {
    write(5, 1, 6, 2);
    const range = { slba: 5, blocks: 1, snsid: 2 };
    expect(copy([range], 9, 2).code).toBe(NvmeStatus.invalidField);
    expect(copy([range], 9, 4).code).toBe(NvmeStatus.invalidField);
    expect(copy([range], 9, 1).code).toBe(NvmeStatus.invalidFormat);
    expect(enableFormats(0b1_0000)).toBe(NvmeStatus.invalidField);
    expect(enableFormats(0b1100)).toBe(0);
    expect(copy([range], 9, 2).code).toBe(0);
    expect(read(9, 1)).toEqual([6]);
    expect(copy([{ ...range, snsid: 4 }], 9, 2).code).toBe(NvmeStatus.invalidNamespace);
  });

  it('does not read what cannot be read', () => {
    const spoiled = { opc: IoOpcode.writeUncorrectable, cdw10: 6, cdw12: 0 };
    expect(rig.do(spoiled).code).toBe(0);
    expect(
      copy(
        [
          { slba: 5, blocks: 1 },
          { slba: 6, blocks: 1 },
        ],
        50,
      ),
    ).toMatchObject({
      code: NvmeStatus.unrecoveredReadError,
      dw0: 1,
    });
  });

  it('finds that its ranges are not mapped', () => {
    const fields = { opc: IoOpcode.copy, bytes: 32, gpa: 2 ** 40 };
    expect(rig.do(fields).code).toBe(NvmeStatus.dataTransferError);
  });
});

describe.each([
  [1, 0],
  [2, 1],
])('Copy with protection in format %d', (index, kind) => {
  beforeEach(() => make(index, 1));

  it('checks what it reads, and makes what it writes anew', () => {
    write(10, 3, 4);
    const range = { slba: 10, blocks: 3, reference: 10 };
    const checks = PRACT_BOTH | (5 << 12);
    expect(copy([range], 20, kind, checks).code).toBe(0);
    expect(read(20, 3)).toEqual([4, 4, 4]);
    const ranges = [range, { ...range, slba: 20 }];
    expect(copy(ranges, 30, kind, checks)).toMatchObject({
      code: NvmeStatus.invalidProtectionInfo,
      dw0: 1,
    });
  });

  it('does not write tags that are wrong where they lie', () => {
    write(10, 1, 4);
    const range = { slba: 10, blocks: 1, reference: 10 };
    const { code } = copy([range], 20, kind, 1 << 26);
    expect(code).toBe(NvmeStatus.referenceTagCheckError);
    expect(copy([range], 20, kind, 8 << 12).code).toBe(NvmeStatus.invalidField);
  });
});
