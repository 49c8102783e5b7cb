import { describe, expect, it } from 'vitest';
import { checkZoneShape } from '../../../../src/target/nvme/zoned/zone-shape.ts';
import {
  writeZonedController,
  writeZonedNamespace,
} from '../../../../src/target/nvme/zoned/zoned-identify.ts';
import { AdminOpcode, IdentifyCns } from '../../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { BUFFER, ZoneRig } from './zone-rig.ts';

const page = () => new Uint8Array(4096).fill(0xee);
const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
const NO_LIMIT = 0xffff_ffff;

describe('Identify of the zoned command set', () => {
  it('tells size, limits and random write areas of the zones', () => {
    const zrwa = { blocks: 128, granularity: 16, count: 2 };
    const options = { zoneBlocks: 2048, maxOpen: 3, maxActive: 5, extensionBytes: 128, zrwa };
    const bytes = page();
    writeZonedNamespace(bytes, checkZoneShape(options, 4096));
    const at = view(bytes);
    expect([at.getUint16(0, true), at.getUint16(2, true)]).toEqual([0, 3]);
    expect([at.getUint32(4, true), at.getUint32(8, true)]).toEqual([4, 2]);
    expect(at.getUint32(44, true)).toBe(2);
    expect([at.getUint16(48, true), at.getUint16(50, true), at.getUint8(52)]).toEqual([16, 128, 1]);
    expect([at.getUint32(2816, true), at.getUint8(2824)]).toEqual([2048, 2]);
    expect(bytes.subarray(2825).every((byte) => byte === 0)).toBe(true);
  });

  it('tells that there is no limit, and nothing of what there is not', () => {
    const bytes = page();
    writeZonedNamespace(bytes, checkZoneShape({ zoneBlocks: 8, readAcross: false }, 16));
    const at = view(bytes);
    expect([at.getUint32(4, true), at.getUint32(8, true)]).toEqual([NO_LIMIT, NO_LIMIT]);
    expect([at.getUint16(2, true), at.getUint32(44, true), at.getUint8(52)]).toEqual([0, 0, 0]);
  });

  it('tells a limit of appends that is smaller than that of transfers', () => {
    const bytes = page();
    writeZonedController(bytes, { maxTransferBytes: 1 << 20, maxAppendBytes: 1 << 17 });
    expect(bytes[0]).toBe(5);
    writeZonedController(bytes, { maxTransferBytes: 1 << 20, maxAppendBytes: 1 << 20 });
    expect(bytes[0]).toBe(0);
  });

  it.each([4096, 12_288, 1 << 21])('refuses a limit of appends of %i bytes', (maxAppendBytes) => {
    const make = () => new ZoneRig({ zoneBlocks: 8 }, 2, { maxAppendBytes });
    expect(make).toThrow('controller.maxAppendBytes');
  });

  it.each([
    [IdentifyCns.namespaceOfSet, 1, 2, 0],
    [IdentifyCns.namespaceOfSet, 2, 2, NvmeStatus.invalidField],
    [IdentifyCns.namespaceOfSet, 3, 2, NvmeStatus.invalidField],
    [IdentifyCns.namespaceOfSet, 9, 2, NvmeStatus.invalidNamespace],
    [IdentifyCns.namespaceOfSet, 1, 0, 0],
    [IdentifyCns.allocatedNamespaceOfSet, 1, 2, 0],
    [IdentifyCns.controllerOfSet, 0, 2, 0],
    [IdentifyCns.controllerOfSet, 0, 1, NvmeStatus.invalidField],
    [IdentifyCns.activeListOfSet, 0, 2, 0],
  ])('answers CNS %i of namespace %i, command set %i, with status %i', (cns, nsid, set, code) => {
    const rig = new ZoneRig({ zoneBlocks: 8 }, 2);
    const fields = { opc: AdminOpcode.identify, nsid, cdw10: cns, cdw11: set << 24, bytes: 4096 };
    expect(rig.do({ ...fields, queueId: 0 }).code).toBe(code);
    if (cns !== IdentifyCns.activeListOfSet) return;
    const list = new Int32Array(4);
    rig.memory.loadWords(BUFFER, list, 0, 2);
    expect([...list]).toEqual([1, 0, 0, 0]);
  });
});
