import { beforeEach, describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { NvmeTargetController } from '../../../src/target/nvme/nvme-target-controller.ts';
import { TargetDevice } from '../../../src/target/target-device.ts';
import { identifyNamespace } from '../../../src/wire/nvme-identify.ts';
import {
  AdminOpcode,
  IdentifyCns,
  IoOpcode,
  LogPage,
  NSID_ALL,
} from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

const MIB = 1 << 20;
let rig: NvmeRig;

beforeEach(() => {
  rig = new NvmeRig({ capabilities: ALL_CAPABILITIES }, undefined, {
    pool: {
      capacityBytes: 3 * MIB,
      formats: [{ blockBytes: 512 }, { blockBytes: 4096 }],
      makeUnit: (bytes) =>
        new TargetDevice(rig.executor, new RdMcpBackend(rig.executor, new PageStore(bytes))),
    },
  });
});

function list(ids: readonly number[], count = ids.length): void {
  const words = Uint16Array.of(count, ...ids);
  rig.memory.fill(BUFFER, 0, 4096);
  rig.memory.store(BUFFER, new Uint8Array(words.buffer), 0, words.byteLength);
}

function attach(nsid: number, ids: readonly number[], select = 0, count = ids.length) {
  list(ids, count);
  const opc = AdminOpcode.namespaceAttachment;
  return rig.admin({ opc, nsid, cdw10: select, bytes: 4096 }).code;
}

function create(blocks: number, flbas = 0, capacity = blocks, dps = 0, nmic = 0) {
  const view = new DataView(new ArrayBuffer(4096));
  identifyNamespace.nsze.set(view, 0, blocks);
  identifyNamespace.ncap.set(view, 0, capacity);
  identifyNamespace.flbas.set(view, 0, flbas);
  identifyNamespace.dps.set(view, 0, dps);
  identifyNamespace.nmic.set(view, 0, nmic);
  rig.memory.store(BUFFER, new Uint8Array(view.buffer), 0, 4096);
  return rig.admin({ opc: AdminOpcode.namespaceManagement, nsid: 0, bytes: 4096 });
}

const remove = (nsid: number) =>
  rig.admin({ opc: AdminOpcode.namespaceManagement, nsid, cdw10: 1 }).code;
const read = (nsid: number) => rig.do({ opc: IoOpcode.read, nsid, bytes: 512 }).code;

function changedList(): number[] {
  const cdw10 = LogPage.changedNamespaces | (1023 << 16);
  rig.admin({ opc: AdminOpcode.getLogPage, nsid: NSID_ALL, cdw10, bytes: 4096 });
  return [...new Uint32Array(rig.bytes(16).buffer)];
}

describe('Namespace Attachment', () => {
  it('detaches and attaches, tells the host, and lists what changed', () => {
    expect(read(1)).toBe(0);
    expect(attach(1, [1], 1)).toBe(0);
    expect(read(1)).toBe(NvmeStatus.invalidField);
    expect(rig.events).toEqual([[], [2, 0, LogPage.changedNamespaces]]);
    expect(changedList()).toEqual([1, 0, 0, 0]);
    expect(changedList()).toEqual([0, 0, 0, 0]);
    expect(attach(1, [1])).toBe(0);
    expect(read(1)).toBe(0);
  });

  it.each([
    ['a namespace that is attached', 1, [1], 0, NvmeStatus.namespaceAlreadyAttached],
    ['no controller', 1, [], 1, NvmeStatus.invalidControllerList],
    ['a controller that is not there', 1, [2], 1, NvmeStatus.invalidControllerList],
    ['a controller before the first', 1, [0], 1, NvmeStatus.invalidControllerList],
    ['a select that is reserved', 1, [1], 2, NvmeStatus.invalidField],
    ['a namespace that does not exist', 5, [1], 0, NvmeStatus.invalidField],
    ['an id that cannot be', 9, [1], 0, NvmeStatus.invalidNamespace],
    ['all namespaces', NSID_ALL, [1], 0, NvmeStatus.invalidNamespace],
  ])('refuses %s', (_, nsid, ids, select, status) => {
    expect(attach(nsid, ids, select)).toBe(status);
    expect(read(1)).toBe(0);
  });

  it('refuses a list that is too long, and one that is not mapped', () => {
    expect(attach(1, [1], 1, 2048)).toBe(NvmeStatus.invalidControllerList);
    const opc = AdminOpcode.namespaceAttachment;
    expect(rig.admin({ opc, nsid: 1, cdw10: 1, bytes: 4096, gpa: 0x80_0000 }).code).toBe(
      NvmeStatus.dataTransferError,
    );
    expect(attach(1, [1], 1)).toBe(0);
    expect(attach(1, [1], 1)).toBe(NvmeStatus.namespaceNotAttached);
  });

  it('lets one controller at a time have a private namespace', () => {
    const options = { isPrivate: true };
    const unit = new TargetDevice(rig.executor, new NullioBackend(rig.executor, MIB));
    rig.subsystem.addNamespace(4, unit, options);
    new NvmeTargetController(rig.executor, rig.subsystem);
    expect(attach(4, [2])).toBe(NvmeStatus.namespacePrivate);
    expect(attach(4, [1], 1)).toBe(0);
    expect(attach(4, [2])).toBe(0);
    expect(read(4)).toBe(NvmeStatus.invalidField);
  });
});

describe('Namespace Management', () => {
  it('creates a namespace that can be attached and used, and deletes it', () => {
    expect(create(256, 1)).toMatchObject({ code: 0, dw0: 3 });
    expect(read(3)).toBe(NvmeStatus.invalidField);
    expect(attach(3, [1])).toBe(0);
    const cdw12 = 0;
    expect(rig.do({ opc: IoOpcode.read, nsid: 3, cdw10: 255, cdw12, bytes: 4096 }).code).toBe(0);
    expect(rig.do({ opc: IoOpcode.read, nsid: 3, cdw10: 256, cdw12, bytes: 4096 }).code).toBe(
      NvmeStatus.lbaOutOfRange,
    );
    expect(rig.subsystem.unallocatedBytes).toBe(2 * MIB);
    expect(remove(3)).toBe(0);
    expect(rig.subsystem.unallocatedBytes).toBe(3 * MIB);
    expect(read(3)).toBe(NvmeStatus.invalidField);
    expect(changedList()).toEqual([3, 0, 0, 0]);
  });

  it('creates until there is no room, and no further', () => {
    for (let i = 0; i < 3; i++) expect(create(2048).code).toBe(0);
    expect(create(1).code).toBe(NvmeStatus.insufficientCapacity);
    expect(remove(4)).toBe(0);
    expect(create(2048)).toMatchObject({ code: 0, dw0: 4 });
  });

  it('creates until there is no id, and no further', () => {
    for (let i = 0; i < 6; i++) expect(create(8).code).toBe(0);
    expect(create(8).code).toBe(NvmeStatus.namespaceIdUnavailable);
  });

  it('deletes all namespaces at once', () => {
    expect(remove(NSID_ALL)).toBe(0);
    expect([read(1), read(2)]).toEqual([NvmeStatus.invalidField, NvmeStatus.invalidField]);
    expect([remove(1), remove(9)]).toEqual([NvmeStatus.invalidField, NvmeStatus.invalidNamespace]);
  });

  it.each([
    ['thin provisioning', () => create(8, 0, 7), NvmeStatus.thinProvisioningUnsupported],
    ['a namespace of nothing', () => create(0), NvmeStatus.invalidField],
    ['a format that is not there', () => create(8, 2), NvmeStatus.invalidFormat],
    ['protection without metadata', () => create(8, 0, 8, 1), NvmeStatus.invalidFormat],
  ])('refuses %s', (_, act, status) => {
    expect(act().code).toBe(status);
  });

  it('refuses a reserved select, a namespace id at create, another command set, and unmapped data', () => {
    const opc = AdminOpcode.namespaceManagement;
    expect(rig.admin({ opc, nsid: 0, cdw10: 2 }).code).toBe(NvmeStatus.invalidField);
    expect(rig.admin({ opc, nsid: 1, bytes: 4096 }).code).toBe(NvmeStatus.invalidField);
    expect(rig.admin({ opc, nsid: 0, cdw11: 0x0200_0000, bytes: 4096 }).code).toBe(
      NvmeStatus.invalidField,
    );
    expect(rig.admin({ opc, nsid: 0, bytes: 4096, gpa: 0x80_0000 }).code).toBe(
      NvmeStatus.dataTransferError,
    );
  });

  it('has no capacity without a pool', () => {
    rig = new NvmeRig({ capabilities: ALL_CAPABILITIES });
    expect(create(8).code).toBe(NvmeStatus.insufficientCapacity);
  });

  it('answers Identify for all namespaces with what they have in common', () => {
    const cdw10 = IdentifyCns.namespace;
    expect(rig.admin({ opc: AdminOpcode.identify, nsid: NSID_ALL, cdw10, bytes: 4096 }).code).toBe(
      0,
    );
    expect([...new Uint32Array(rig.bytes(4).buffer)]).toEqual([0]);
    expect(rig.bytes(4, 128)[2]).toBe(9);
  });
});
