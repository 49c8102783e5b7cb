import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { SgList } from '../../../src/base/sg-list.ts';
import { type Geometry, TargetFlag, TargetOp } from '../../../src/interfaces/target.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { DEFAULT_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { parseIo, takeNextRange, targetOpOf } from '../../../src/target/nvme/io-command.ts';
import type { IoRules } from '../../../src/target/nvme/io-rules.ts';
import { IoSlot, SlotKind } from '../../../src/target/nvme/io-slot.ts';
import { NvmeSubsystem } from '../../../src/target/nvme/nvme-subsystem.ts';
import { IoOpcode, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { type Fields, NvmeRig } from './nvme-rig.ts';

const FUA = 0x4000_0000;
const LR = -0x8000_0000;
const DEAC = 0x0200_0000;

function rulesOf(
  subsystem: NvmeSubsystem,
  maxTransferBytes: number,
  alwaysDurable = false,
): IoRules {
  const features = {
    writeCache: !alwaysDurable,
    copyFormats: 0,
    reportsDeallocated: () => false,
  };
  return {
    subsystem,
    index: -1,
    can: DEFAULT_CAPABILITIES,
    maxTransferBytes,
    maxAppendBytes: maxTransferBytes,
    allSetsSelected: true,
    features,
  };
}

function parse(fields: Fields, alwaysDurable = false, traits: Partial<Geometry> = {}) {
  const rig = new NvmeRig();
  const subsystem = new NvmeSubsystem();
  const backend = new NullioBackend(new SimExecutor(), 2 ** 50);
  const port = { ...rig.devices[0]!, geometry: { ...backend.geometry, ...traits } };
  subsystem.addNamespace(1, port as never);
  const slot = new IoSlot(rig.memory, new SgList(), () => undefined);
  const command = rig.command(fields);
  const status = parseIo(command, rulesOf(subsystem, 1 << 20, alwaysDurable), slot);
  return { status, slot, command, port };
}

describe('parseIo', () => {
  it('turns each opcode into a target operation', () => {
    const known = [...Array(256).keys()].filter((opcode) => targetOpOf(opcode) !== undefined);
    expect(known.map((opcode) => [opcode, targetOpOf(opcode)])).toEqual([
      [IoOpcode.flush, TargetOp.flush],
      [IoOpcode.write, TargetOp.write],
      [IoOpcode.read, TargetOp.read],
      [IoOpcode.writeUncorrectable, TargetOp.write],
      [IoOpcode.compare, TargetOp.read],
      [IoOpcode.writeZeroes, TargetOp.writeZeroes],
      [IoOpcode.datasetManagement, TargetOp.unmap],
      [IoOpcode.verify, TargetOp.read],
      [IoOpcode.copy, TargetOp.read],
      [IoOpcode.zoneManagementSend, TargetOp.flush],
      [IoOpcode.zoneManagementReceive, TargetOp.flush],
      [IoOpcode.zoneAppend, TargetOp.write],
    ]);
  });

  it('reads LBA, blocks and FUA of a write, and leaves PRINFO and LR aside', () => {
    const { status, slot, command, port } = parse({
      opc: IoOpcode.write,
      cdw10: -2,
      cdw11: 7,
      cdw12: 15 | FUA | LR | 0x3c00_0000,
      bytes: 8192,
    });
    expect(status).toBe(NvmeStatus.success);
    expect(slot).toMatchObject({
      op: TargetOp.write,
      lba: 7 * 2 ** 32 + 2 ** 32 - 2,
      blockCount: 16,
      flags: TargetFlag.fua,
      kind: SlotKind.single,
      ioId: command.ioId,
    });
    expect([slot.port, slot.data, slot.memory]).toEqual([port, command.data, command.memory]);
  });

  it.each([
    ['a write', IoOpcode.write, 0, false, 0],
    ['a write with FUA', IoOpcode.write, FUA, false, TargetFlag.fua],
    ['a write without a cache', IoOpcode.write, 0, true, TargetFlag.fua],
    ['a read with FUA', IoOpcode.read, FUA, true, 0],
    ['zeroes', IoOpcode.writeZeroes, 0, false, 0],
    ['zeroes with FUA', IoOpcode.writeZeroes, FUA, false, TargetFlag.fua],
    ['zeroes with DEAC', IoOpcode.writeZeroes, DEAC, false, TargetFlag.mayUnmap],
    ['both', IoOpcode.writeZeroes, FUA | DEAC, false, TargetFlag.fua | TargetFlag.mayUnmap],
  ])('gives %s its flags', (_name, opc, cdw12, alwaysDurable, flags) => {
    const { status, slot } = parse({ opc, cdw12, bytes: 512 }, alwaysDurable);
    expect([status, slot.flags]).toEqual([NvmeStatus.success, flags]);
  });

  it('lets the errors win in this order: opcode, fused, namespace, size, range', () => {
    const fused = 0x100;
    const bad = { cdw11: -1, cdw12: 0xffff };
    const { read } = IoOpcode;
    expect(parse({ opc: 0x7f | fused, nsid: 99, ...bad }).status).toBe(NvmeStatus.invalidOpcode);
    expect(parse({ opc: read | fused, nsid: 99, ...bad }).status).toBe(NvmeStatus.invalidField);
    expect(parse({ opc: read, nsid: 99, ...bad }).status).toBe(NvmeStatus.invalidNamespace);
    expect(parse({ opc: read, ...bad }).status).toBe(NvmeStatus.invalidField);
    expect(parse({ opc: read, cdw11: -1 }).status).toBe(NvmeStatus.lbaOutOfRange);
  });

  it('refuses what the subsystem does not advertise', () => {
    const none = { unmap: false, writeZeroes: false };
    for (const opc of [IoOpcode.writeZeroes, IoOpcode.datasetManagement]) {
      expect(parse({ opc }, false, none).status).toBe(NvmeStatus.invalidOpcode);
    }
    expect(parse({ opc: IoOpcode.writeZeroes }, false, { unmap: false }).status).toBe(0);
    expect(parse({ opc: IoOpcode.datasetManagement }, false, { writeZeroes: false }).status).toBe(
      0,
    );
  });

  it('makes a broadcast flush a flush of all', () => {
    const { status, slot } = parse({ opc: IoOpcode.flush, nsid: NSID_ALL });
    expect([status, slot.kind]).toEqual([NvmeStatus.success, SlotKind.flushAll]);
    expect(parse({ opc: IoOpcode.flush }).slot).toMatchObject({
      kind: SlotKind.single,
      blockCount: 0,
      lba: 0,
    });
  });

  it('takes the ranges of Dataset Management one by one, without the empty ones', () => {
    const rig = new NvmeRig();
    const ranges = new DataView(new ArrayBuffer(64));
    for (const [i, [blocks, lba]] of [
      [3, 100],
      [0, 7],
      [1, 5],
      [0, 0],
    ].entries()) {
      ranges.setUint32(16 * i + 4, blocks!, true);
      ranges.setUint32(16 * i + 8, lba!, true);
    }
    rig.memory.store(0x10_0000, new Uint8Array(ranges.buffer), 0, 64);
    const slot = new IoSlot(rig.memory, new SgList(), () => undefined);
    const fields = { opc: IoOpcode.datasetManagement, cdw10: 3, cdw11: 4, bytes: 64 };
    expect(parseIo(rig.command(fields), rulesOf(rig.subsystem, 4096), slot)).toBe(0);
    const taken: number[][] = [];
    while (takeNextRange(slot)) taken.push([slot.lba, slot.blockCount]);
    expect(taken).toEqual([
      [100, 3],
      [5, 1],
    ]);
    expect(takeNextRange(slot)).toBe(false);
  });
});
