import { beforeEach, describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { GuardType } from '../../../src/target/nvme/lba-format.ts';
import { AdminOpcode, FeatureId, IoOpcode, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const formats = [
  { blockBytes: 512 },
  { blockBytes: 4096 },
  { blockBytes: 512, metadataBytes: 8 },
  { blockBytes: 512, metadataBytes: 16, guard: GuardType.crc64 },
];
let rig: NvmeRig;

beforeEach(() => {
  const units = (executor: NvmeRig['executor']) =>
    [0, 1].map(() => new RdMcpBackend(executor, new PageStore(1 << 20)));
  rig = new NvmeRig({ capabilities: ALL_CAPABILITIES }, units, {}, { formats, tracksBlocks: true });
});

const format = (cdw10: number, nsid = 1) =>
  rig.admin({ opc: AdminOpcode.formatNvm, nsid, cdw10 }).code;
const read = (slba: number, bytes = 512, nsid = 1) =>
  rig.do({ opc: IoOpcode.read, nsid, cdw10: slba, bytes }).code;
const write = (slba: number) => {
  rig.fill(7, 512);
  expect(rig.do({ opc: IoOpcode.write, cdw10: slba, bytes: 512 }).code).toBe(0);
};

describe('Format NVM', () => {
  it('changes the blocks, forgets the data, and tells the controllers', () => {
    write(9);
    expect(format(1)).toBe(0);
    expect(rig.subsystem.namespace(1)!.blockCount).toBe(256);
    expect(rig.events).toContainEqual([]);
    expect([read(255, 4096), read(256, 4096)]).toEqual([0, NvmeStatus.lbaOutOfRange]);
    expect(format(0)).toBe(0);
    expect(read(9)).toBe(0);
    expect(rig.bytes(512)).toEqual(new Uint8Array(512));
    expect(rig.subsystem.namespace(1)!.usedBlocks).toBe(0);
  });

  it('formats all namespaces, or none when one cannot', () => {
    expect(format(1, NSID_ALL)).toBe(0);
    expect([1, 2].map((nsid) => rig.subsystem.namespace(nsid)!.format.index)).toEqual([1, 1]);
    expect(format(9, NSID_ALL)).toBe(NvmeStatus.invalidFormat);
  });

  it.each([
    ['a format that is not there', 4, 1, NvmeStatus.invalidFormat],
    ['the 17th format', 0x1000, 1, NvmeStatus.invalidFormat],
    ['protection without metadata', 0x20, 1, NvmeStatus.invalidFormat],
    ['protection of type 4', 0x82, 1, NvmeStatus.invalidFormat],
    ['a reserved erase', 0x600, 1, NvmeStatus.invalidField],
    ['an inactive namespace', 0, 5, NvmeStatus.invalidField],
    ['no namespace', 0, 0, NvmeStatus.invalidNamespace],
    ['a 64-bit guard that the host has not enabled', 3, 1, NvmeStatus.invalidFormat],
  ])('refuses %s', (_, cdw10, nsid, status) => {
    write(3);
    expect(format(cdw10, nsid)).toBe(status);
    read(3);
    expect(rig.bytes(1)).toEqual(Uint8Array.of(7));
  });

  it('takes a 64-bit guard once the host has enabled extended formats', () => {
    rig.memory.fill(BUFFER, 0, 512);
    rig.memory.write8(BUFFER + 2, 1);
    const cdw10 = FeatureId.hostBehavior;
    rig.admin({ opc: AdminOpcode.setFeatures, nsid: 0, cdw10, bytes: 512 });
    expect(format(3 | 0x20)).toBe(0);
    expect(rig.subsystem.namespace(1)!.format).toMatchObject({ protectionBytes: 16 });
  });

  it('lets no command in while it is at work', () => {
    const command = rig.command({ opc: AdminOpcode.formatNvm, queueId: 0, cdw10: 1 });
    rig.controller.submit(command);
    const meanwhile = rig.command({ opc: IoOpcode.read, bytes: 512 });
    rig.controller.submit(meanwhile);
    const again = rig.command({ opc: AdminOpcode.formatNvm, queueId: 0 });
    rig.controller.submit(again);
    rig.executor.runUntilIdle();
    expect(meanwhile.status & 0x7ff).toBe(NvmeStatus.formatInProgress);
    expect(again.status & 0x7ff).toBe(NvmeStatus.formatInProgress);
    expect(command.status).toBe(0);
    expect(read(0, 4096)).toBe(0);
  });

  it('is over after a reset, whatever became of it', () => {
    const command = rig.command({ opc: AdminOpcode.formatNvm, queueId: 0, cdw10: 1 });
    rig.controller.submit(command);
    rig.controller.reset(() => {});
    rig.executor.runUntilIdle();
    expect(rig.ended).toBe(1);
    expect(rig.subsystem.namespace(1)!.isFormatting).toBe(false);
    const index = (command.status & 0x7ff) === 0 ? 1 : 0;
    expect(rig.subsystem.namespace(1)!.format.index).toBe(index);
  });
});
