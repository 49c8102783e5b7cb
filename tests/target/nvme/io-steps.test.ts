import { describe, expect, it } from 'vitest';
import { MediumBackend } from '../../../src/backends/medium-backend.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { SparseMedium } from '../../../src/devices/sparse-medium.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { IoOpcode, LogPage } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const BLOCKS = 24;
const BYTES = BLOCKS * 512;
const compare = { opc: IoOpcode.compare, cdw10: 5, cdw12: BLOCKS - 1, bytes: BYTES };

function written(): NvmeRig {
  const rig = new NvmeRig();
  for (let i = 0; i < BYTES; i += 4) rig.memory.write32(BUFFER + i, i);
  expect(rig.do({ ...compare, opc: IoOpcode.write }).code).toBe(0);
  return rig;
}

describe('Compare', () => {
  it('succeeds on equal blocks and leaves the memory of the host alone', () => {
    const rig = written();
    const before = rig.bytes(BYTES + 512);
    expect(rig.do(compare).code).toBe(NvmeStatus.success);
    expect(rig.bytes(BYTES + 512)).toEqual(before);
  });

  it.each([0, 511, 4095, 4096, BYTES - 1])('finds one byte that differs, at %s', (at) => {
    const rig = written();
    rig.memory.write8(BUFFER + at, rig.memory.read8(BUFFER + at) ^ 0x80);
    expect(rig.do(compare).code).toBe(NvmeStatus.compareFailure);
    expect(rig.do({ ...compare, opc: IoOpcode.read }).code).toBe(0);
    expect(rig.do(compare).code).toBe(NvmeStatus.success);
  });

  it('refuses ranges, sizes, namespaces and memory as a read does', () => {
    const rig = written();
    expect(rig.do({ ...compare, cdw10: 2047 }).code).toBe(NvmeStatus.lbaOutOfRange);
    expect(rig.do({ ...compare, nsid: 8 }).code).toBe(NvmeStatus.invalidField);
    expect(rig.do({ ...compare, nsid: 9 }).code).toBe(NvmeStatus.invalidNamespace);
    expect(rig.do({ ...compare, bytes: BYTES - 1 }).code).toBe(NvmeStatus.invalidField);
    expect(rig.do({ ...compare, gpa: 2 ** 40 }).code).toBe(NvmeStatus.dataTransferError);
    expect(rig.do({ ...compare, opc: IoOpcode.compare | 0x100 }).code).toBe(
      NvmeStatus.invalidField,
    );
    expect(rig.do(compare).code).toBe(NvmeStatus.success);
  });

  it('counts as a read', () => {
    const rig = written();
    rig.do(compare);
    rig.admin({ opc: 2, nsid: 0, cdw10: LogPage.smart | (127 << 16), bytes: 512 });
    expect([rig.view().getUint32(64, true), rig.view().getUint32(80, true)]).toEqual([1, 1]);
  });

  it('ends once when it is aborted or the controller is reset', () => {
    const rig = written();
    const [first, second] = [rig.command(compare), rig.command(compare)];
    for (const command of [first, second]) rig.controller.submit(command);
    const ended = rig.ended;
    const didStop = rig.controller.abort(first) === AbortResult.aborted;
    let isReset = false;
    rig.controller.reset(() => {
      isReset = true;
    });
    rig.executor.runUntilIdle();
    expect([rig.ended, isReset]).toEqual([ended + 2, true]);
    expect(first.status).toBe(didStop ? NvmeStatus.abortRequested : NvmeStatus.success);
  });
});

describe('Verify', () => {
  const verify = { opc: IoOpcode.verify, cdw10: 5, cdw12: BLOCKS - 1 };

  it('reads the blocks, moves nothing to the host and is no read of the health log', () => {
    const rig = written();
    const before = rig.bytes(BYTES + 512);
    expect(rig.do(verify).code).toBe(NvmeStatus.success);
    expect(rig.bytes(BYTES + 512)).toEqual(before);
    rig.admin({ opc: 2, nsid: 0, cdw10: LogPage.smart | (127 << 16), bytes: 512 });
    expect([rig.view().getUint32(64, true), rig.view().getUint32(80, true)]).toEqual([0, 1]);
  });

  it('finds the block that cannot be read', () => {
    const rig = new NvmeRig({}, (executor) => {
      const medium = new SparseMedium({ sectorCount: 64, sectorBytes: 512 });
      medium.failReads(9, 1);
      return [new MediumBackend(executor, medium)];
    });
    expect(rig.do({ ...verify, cdw12: 3 }).code).toBe(NvmeStatus.success);
    expect(rig.do({ ...verify, cdw12: 4 }).code).toBe(NvmeStatus.unrecoveredReadError);
  });

  it('refuses ranges and namespaces as a read does, and more blocks than the controller moves', () => {
    const rig = new NvmeRig({ maxTransferBytes: 8192 });
    expect(rig.do({ ...verify, cdw12: 15 }).code).toBe(NvmeStatus.success);
    expect(rig.do({ ...verify, cdw12: 16 }).code).toBe(NvmeStatus.invalidField);
    expect(rig.do({ ...verify, cdw10: 2047, cdw12: 1 }).code).toBe(NvmeStatus.lbaOutOfRange);
    expect(rig.do({ ...verify, cdw12: 0, nsid: 8 }).code).toBe(NvmeStatus.invalidField);
  });
});

describe('Write Uncorrectable', () => {
  it('spoils blocks until they are written', () => {
    const rig = new NvmeRig({ capabilities: ALL_CAPABILITIES });
    const code = (opc: number, cdw10: number, blocks = 1) =>
      rig.do({ opc, cdw10, cdw12: blocks - 1, bytes: 512 * blocks }).code;
    expect(code(IoOpcode.writeUncorrectable, 8, 2)).toBe(0);
    const bad = NvmeStatus.unrecoveredReadError;
    expect(code(IoOpcode.read, 7, 2)).toBe(bad);
    expect(code(IoOpcode.compare, 9)).toBe(bad);
    expect(code(IoOpcode.verify, 9)).toBe(bad);
    expect(code(IoOpcode.read, 7)).toBe(0);
    expect(code(IoOpcode.write, 8)).toBe(0);
    expect([code(IoOpcode.read, 8), code(IoOpcode.read, 9)]).toEqual([0, bad]);
    expect(code(IoOpcode.writeUncorrectable, 2047, 2)).toBe(NvmeStatus.lbaOutOfRange);
    expect(code(IoOpcode.writeZeroes, 9)).toBe(0);
    expect(code(IoOpcode.read, 9)).toBe(0);
  });
});

describe('metadata', () => {
  const formats = [{ blockBytes: 512, metadataBytes: 8 }];
  const oneUnit = (executor: NvmeRig['executor']) => [
    new RdMcpBackend(executor, new PageStore(1 << 20)),
  ];
  const PRACT = 0x2000_0000;
  const CHECKS = 0x1c00_0000;

  it.each([1, 2])(
    'is made by Write Zeroes with PRACT, type %d, in any number of blocks',
    (protection) => {
      const format = { index: 0, protection };
      const rig = new NvmeRig(
        {},
        undefined,
        {},
        { formats: [{ blockBytes: 4096, metadataBytes: 8 }], format },
      );
      const io = (opc: number, cdw12: number) =>
        rig.do({ opc, cdw10: 3, cdw12, cdw14: 3, cdw15: -1 << 16, bytes: 4096 }).code;
      expect(io(IoOpcode.writeZeroes, PRACT | 199)).toBe(0);
      expect(io(IoOpcode.verify, CHECKS | 199)).toBe(0);
      // Without PRACT the tuples are zeroes, whose guard is that of zeroes and whose reference is wrong.
      expect(io(IoOpcode.writeZeroes, 0)).toBe(0);
      expect(io(IoOpcode.verify, CHECKS)).toBe(NvmeStatus.referenceTagCheckError);
    },
  );

  it('is compared with that of the host', () => {
    const rig = new NvmeRig({}, oneUnit, {}, { formats, format: { index: 0, extended: true } });
    const io = (opc: number) => rig.do({ opc, cdw12: 0, bytes: 520 }).code;
    rig.fill(3, 520);
    expect([io(IoOpcode.write), io(IoOpcode.compare)]).toEqual([0, 0]);
    rig.memory.write8(BUFFER + 519, 4);
    expect(io(IoOpcode.compare)).toBe(NvmeStatus.compareFailure);
    expect(io(IoOpcode.read)).toBe(0);
    expect(rig.bytes(520)).toEqual(new Uint8Array(520).fill(3));
  });

  it('whose protection is wrong in the memory of the host fails a Compare', () => {
    const format = { index: 0, extended: true, protection: 1 };
    const rig = new NvmeRig({}, oneUnit, {}, { formats, format });
    const io = (opc: number, cdw12: number) => rig.do({ opc, cdw12, bytes: 520 }).code;
    rig.fill(3, 512);
    expect(io(IoOpcode.write, PRACT)).toBe(0);
    expect(io(IoOpcode.read, 0)).toBe(0);
    expect(io(IoOpcode.compare, CHECKS)).toBe(0);
    rig.memory.write8(BUFFER + 512, 4);
    expect(io(IoOpcode.compare, CHECKS)).toBe(NvmeStatus.guardCheckError);
    expect(io(IoOpcode.compare, 0)).toBe(0);
  });
});
