import { describe, expect, it } from 'vitest';
import { MediumBackend } from '../../../src/backends/medium-backend.ts';
import { SparseMedium } from '../../../src/devices/sparse-medium.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
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
