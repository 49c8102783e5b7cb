import { beforeEach, describe, expect, it } from 'vitest';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { Firmware, MAX_FIRMWARE_BYTES } from '../../../src/target/nvme/firmware.ts';
import { AdminOpcode, IdentifyCns, LogPage } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { BUFFER, NvmeRig } from './nvme-rig.ts';

let firmware: Firmware;
beforeEach(() => {
  firmware = new Firmware('1.0');
});

function download(revision: string, offset = 0, length = 4096): number {
  const piece = new Uint8Array(length);
  for (let i = 0; i < revision.length; i++) piece[i] = revision.charCodeAt(i);
  return firmware.download(offset, piece, length);
}

const commit = (slot: number, action: number) => firmware.commit(slot | (action << 3));

function log(): { active: number; next: number; revisions: string[] } {
  const bytes = new Uint8Array(512).fill(0xee);
  firmware.writeTo(bytes);
  const text = (i: number) => String.fromCharCode(...bytes.subarray(8 + 8 * i, 16 + 8 * i));
  const revisions = [0, 1, 2, 3].map((i) => text(i).replace(/[ \0]+$/, ''));
  return { active: bytes[0]! & 7, next: (bytes[0]! >>> 4) & 7, revisions };
}

describe('Firmware', () => {
  it('runs what was committed to a slot from the next reset on', () => {
    expect(download('2.0     ')).toBe(0);
    expect(commit(2, 1)).toEqual({ status: 0, activated: false });
    expect(log()).toEqual({ active: 1, next: 2, revisions: ['1.0', '2.0', '', ''] });
    expect(firmware.revision).toBe('1.0');
    firmware.reset();
    expect(log()).toMatchObject({ active: 2, next: 0 });
    expect(firmware.revision).toBe('2.0');
    expect(commit(1, 2).status).toBe(0);
    firmware.reset();
    expect(firmware.revision).toBe('1.0');
  });

  it('activates at once where it is asked to, with an image or one that is there', () => {
    download('2.1     ');
    expect(commit(3, 3)).toEqual({ status: 0, activated: true });
    expect(firmware.revision).toBe('2.1');
    expect(commit(1, 3)).toEqual({ status: 0, activated: true });
    expect(firmware.revision).toBe('1.0');
  });

  it('chooses a slot that does not run', () => {
    for (const revision of ['a.......', 'b.......', 'c.......']) {
      download(revision);
      expect(commit(0, 0).status).toBe(0);
    }
    expect(log().revisions).toEqual(['1.0', 'a.......', 'c.......', '']);
    commit(3, 3);
    download('d.......');
    expect(commit(0, 0).status).toBe(0);
    expect(log().revisions).toEqual(['1.0', 'd.......', 'c.......', '']);
  });

  it('takes an image in pieces of any order, each once', () => {
    expect(download('', 4096)).toBe(0);
    expect(commit(2, 0).status).toBe(NvmeStatus.invalidFirmwareImage);
    expect(download('', 4096)).toBe(0);
    expect(download('3.0     ')).toBe(0);
    expect(download('', 4096)).toBe(NvmeStatus.overlappingRange);
    expect(commit(2, 0).status).toBe(0);
    expect(log().revisions[1]).toBe('3.0');
  });

  it.each([
    ['a piece that is too short', () => download('x', 0, 4092), NvmeStatus.invalidField],
    ['a piece off the granule', () => download('x', 512), NvmeStatus.invalidField],
    ['a piece past the end', () => download('x', MAX_FIRMWARE_BYTES), NvmeStatus.invalidField],
    ['a reserved action', () => commit(2, 4).status, NvmeStatus.invalidField],
    ['a slot that is not there', () => commit(4, 0).status, NvmeStatus.invalidFirmwareSlot],
    ['an empty slot', () => commit(2, 2).status, NvmeStatus.invalidFirmwareImage],
    ['no slot to activate', () => commit(0, 2).status, NvmeStatus.invalidFirmwareSlot],
    ['no image', () => commit(2, 1).status, NvmeStatus.invalidFirmwareImage],
  ])('refuses %s', (_, act, status) => {
    expect(act()).toBe(status);
    expect(log()).toEqual({ active: 1, next: 0, revisions: ['1.0', '', '', ''] });
  });

  it('refuses the first slot and images without a revision', () => {
    download('9.9     ');
    expect(commit(1, 0).status).toBe(NvmeStatus.invalidFirmwareSlot);
    firmware.reset();
    expect(commit(2, 0).status).toBe(NvmeStatus.invalidFirmwareImage);
    download('\x01.......');
    expect(commit(2, 0).status).toBe(NvmeStatus.invalidFirmwareImage);
  });

  it('shows in Identify and the slot log, and tells the host when it is activated', () => {
    const rig = new NvmeRig({ capabilities: ALL_CAPABILITIES });
    rig.memory.fill(BUFFER, 0x41, 4096);
    const opc = AdminOpcode.firmwareDownload;
    expect(rig.admin({ opc, cdw10: 1023, bytes: 4096 }).code).toBe(0);
    expect(rig.admin({ opc, cdw10: 1023, bytes: 4096, gpa: 2 ** 40 }).code).toBe(
      NvmeStatus.dataTransferError,
    );
    expect(rig.admin({ opc: AdminOpcode.firmwareCommit, cdw10: 2 | (3 << 3) }).code).toBe(0);
    expect(rig.events).toEqual([[2, 1, LogPage.firmwareSlot]]);
    rig.admin({ opc: AdminOpcode.identify, cdw10: IdentifyCns.controller, bytes: 4096 });
    expect(rig.bytes(8, 64)).toEqual(new Uint8Array(8).fill(0x41));
    const cdw10 = LogPage.firmwareSlot | (127 << 16);
    rig.admin({ opc: AdminOpcode.getLogPage, nsid: 0, cdw10, bytes: 512 });
    expect([rig.bytes(1)[0], rig.bytes(1, 16)[0]]).toEqual([2, 0x41]);
  });
});
