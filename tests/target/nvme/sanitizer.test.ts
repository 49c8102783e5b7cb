import { beforeEach, describe, expect, it } from 'vitest';
import { DelayBackend } from '../../../src/backends/delay-backend.ts';
import { MediumBackend } from '../../../src/backends/medium-backend.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { SparseMedium } from '../../../src/devices/sparse-medium.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { AdminOpcode, IoOpcode, LogPage } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { NvmeRig } from './nvme-rig.ts';

const BLOCK_ERASE = 2;
const OVERWRITE = 3;
const CRYPTOGRAPHIC = 4;
const NO_DEALLOCATE = 1 << 9;
const INVERT = 1 << 8;
let rig: NvmeRig;

beforeEach(() => {
  rig = new NvmeRig(
    { capabilities: ALL_CAPABILITIES },
    (executor) =>
      [0, 1].map(() => {
        const inner = new RdMcpBackend(executor, new PageStore(1 << 18));
        return new DelayBackend(inner, executor, 1000);
      }),
    {},
    { tracksBlocks: true },
  );
});

/** Submits and lets a little time go by, in which the operation has hardly begun. */
function submit(fields: Parameters<NvmeRig['command']>[0], ns = 1): number {
  const command = rig.command(fields);
  rig.controller.submit(command);
  rig.executor.runUntil(rig.executor.now + ns);
  return command.status & 0x7ff;
}

const sanitize = (cdw10: number, cdw11 = 0) =>
  submit({ opc: AdminOpcode.sanitize, queueId: 0, nsid: 0, cdw10, cdw11 });

function log(): { progress: number; status: number; passes: number } {
  const cdw10 = LogPage.sanitizeStatus | (127 << 16);
  expect(submit({ opc: AdminOpcode.getLogPage, queueId: 0, nsid: 0, cdw10, bytes: 512 })).toBe(0);
  const view = rig.view(512);
  const state = view.getUint16(2, true);
  return { progress: view.getUint16(0, true), status: state & 7, passes: (state >>> 3) & 31 };
}

function write(cdw10: number, nsid = 1): void {
  rig.fill(9, 512);
  expect(rig.do({ opc: IoOpcode.write, nsid, cdw10, bytes: 512 }).code).toBe(0);
}

function read(cdw10: number, nsid = 1): number {
  expect(rig.do({ opc: IoOpcode.read, nsid, cdw10, bytes: 512 }).code).toBe(0);
  return rig.bytes(1)[0]!;
}

describe('Sanitize', () => {
  it.each([BLOCK_ERASE, CRYPTOGRAPHIC])('action %d leaves nothing on any namespace', (action) => {
    for (const nsid of [1, 2]) for (const lba of [0, 200, 511]) write(lba, nsid);
    expect(log()).toEqual({ progress: 0xffff, status: 0, passes: 0 });
    expect(sanitize(action)).toBe(0);
    expect(log()).toMatchObject({ status: 2 });
    rig.executor.runUntilIdle();
    expect(log()).toEqual({ progress: 0xffff, status: 1, passes: 0 });
    expect(rig.events).toContainEqual([6, 1, LogPage.sanitizeStatus]);
    for (const nsid of [1, 2]) for (const lba of [0, 200, 511]) expect(read(lba, nsid)).toBe(0);
    expect(rig.subsystem.namespace(1)!.usedBlocks).toBe(0);
  });

  it('goes forward from 0 to its end, and lets in what does not touch the data', () => {
    expect(sanitize(BLOCK_ERASE)).toBe(0);
    let before = -1;
    for (;;) {
      const { progress, status } = log();
      if (status !== 2) break;
      expect(progress).toBeGreaterThanOrEqual(before);
      before = progress;
      rig.executor.runUntil(rig.executor.now + 900);
    }
    expect(before).toBeGreaterThan(60_000);
  });

  it('keeps everything else out while it is at work', () => {
    const late = rig.command({ opc: IoOpcode.write, cdw10: 3, bytes: 512 });
    rig.fill(9, 512);
    rig.controller.submit(late);
    expect(sanitize(BLOCK_ERASE)).toBe(0);
    const refused = NvmeStatus.sanitizeInProgress;
    expect(submit({ opc: IoOpcode.read, bytes: 512 })).toBe(refused);
    expect(submit({ opc: IoOpcode.write, bytes: 512 })).toBe(refused);
    expect(submit({ opc: AdminOpcode.formatNvm, queueId: 0 })).toBe(refused);
    expect(submit({ opc: AdminOpcode.identify, queueId: 0, cdw10: 1, bytes: 4096 })).toBe(0);
    expect(sanitize(BLOCK_ERASE)).toBe(refused);
    rig.executor.runUntilIdle();
    // The write was there first, and did not outlive the operation.
    expect([late.status, read(3)]).toEqual([0, 0]);
  });

  it.each([
    [1, 0x11],
    [2 | (INVERT >>> 4), 0x11],
    [3 | (INVERT >>> 4), 0x11],
  ])(
    'overwrites in passes of OWPASS %d, and leaves the pattern where it may not deallocate',
    (passes, byte) => {
      write(5);
      expect(sanitize(OVERWRITE | (passes << 4) | NO_DEALLOCATE, 0x1111_1111)).toBe(0);
      rig.executor.runUntilIdle();
      expect(log().status).toBe(1);
      expect([read(5), read(400)]).toEqual([byte, byte]);
      expect(sanitize(OVERWRITE | (1 << 4), 0x1111_1111)).toBe(0);
      rig.executor.runUntilIdle();
      expect([read(5), read(400)]).toEqual([0, 0]);
    },
  );

  it('refuses actions that there are not, and has no failure to leave', () => {
    for (const action of [0, 5, 6, 7]) expect(sanitize(action)).toBe(NvmeStatus.invalidField);
    expect(sanitize(1)).toBe(0);
  });

  it('waits for no format, and is refused meanwhile', () => {
    const format = rig.command({ opc: AdminOpcode.formatNvm, queueId: 0 });
    rig.controller.submit(format);
    expect(sanitize(BLOCK_ERASE)).toBe(NvmeStatus.formatInProgress);
    rig.executor.runUntilIdle();
    expect([format.status, sanitize(BLOCK_ERASE)]).toEqual([0, 0]);
  });

  it('that fails keeps the data closed until the host leaves the failure mode, where it may', () => {
    const make = () => {
      rig = new NvmeRig({ capabilities: ALL_CAPABILITIES }, (executor) => {
        const medium = new SparseMedium({ sectorCount: 64, sectorBytes: 512 });
        medium.failWrites(40, 1);
        return [new MediumBackend(executor, medium)];
      });
      rig.executor.runUntilIdle();
    };
    make();
    expect(sanitize(BLOCK_ERASE | 8)).toBe(0);
    rig.executor.runUntilIdle();
    expect(log().status).toBe(3);
    const io = () => submit({ opc: IoOpcode.read, bytes: 512 }, 1000);
    expect(io()).toBe(NvmeStatus.sanitizeFailed);
    expect([sanitize(1), io()]).toEqual([0, 0]);
    make();
    expect(sanitize(BLOCK_ERASE)).toBe(0);
    rig.executor.runUntilIdle();
    expect([sanitize(1), io()]).toEqual([NvmeStatus.sanitizeFailed, NvmeStatus.sanitizeFailed]);
  });
});
