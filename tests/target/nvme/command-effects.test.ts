import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { writeEffectsLog } from '../../../src/target/nvme/command-effects.ts';
import { AdminOpcode, CommandSet, IoOpcode, LogPage } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { NvmeRig } from './nvme-rig.ts';

const io = (opcode: number) => 1024 + 4 * opcode;

describe('commands supported and effects', () => {
  it.each([
    [true, true],
    [false, true],
    [true, false],
  ])(
    'names optional commands only where they are (unmap %s, write zeroes %s)',
    (unmap, writeZeroes) => {
      const bytes = new Uint8Array(4096).fill(0xee);
      writeEffectsLog(bytes, DEFAULT_CAPABILITIES, { unmap, writeZeroes, hasZones: false }, 0, 2);
      expect(bytes[io(IoOpcode.zoneAppend)]).toBe(0);
      expect(bytes[io(IoOpcode.datasetManagement)]).toBe(unmap ? 3 : 0);
      expect(bytes[io(IoOpcode.writeZeroes)]).toBe(writeZeroes ? 3 : 0);
      expect([bytes[io(IoOpcode.read)], bytes[io(IoOpcode.write)]]).toEqual([1, 3]);
      expect(bytes[4 * AdminOpcode.doorbellBufferConfig]).toBe(0);
      const units = { unmap, writeZeroes, hasZones: true };
      writeEffectsLog(bytes, DEFAULT_CAPABILITIES, units, 0x100, CommandSet.nvm);
      expect(bytes[io(IoOpcode.zoneAppend)]).toBe(0);
      expect(bytes[4 * AdminOpcode.doorbellBufferConfig]).toBe(1);
    },
  );

  it('names the zone commands as those of their own command set', () => {
    const bytes = new Uint8Array(4096);
    const units = { unmap: true, writeZeroes: true, hasZones: true };
    writeEffectsLog(bytes, DEFAULT_CAPABILITIES, units, 0, CommandSet.zoned);
    expect(bytes[io(IoOpcode.zoneAppend)]).toBe(3);
    expect(bytes[io(IoOpcode.zoneManagementSend)]).toBe(3);
    expect(bytes[io(IoOpcode.zoneManagementReceive)]).toBe(1);
    expect(bytes[io(IoOpcode.write)]).toBe(3);
  });

  it('agrees with what the controller does, for every opcode', () => {
    const rig = new NvmeRig();
    const cdw10 = LogPage.commandEffects | (1023 << 16);
    expect(rig.admin({ opc: AdminOpcode.getLogPage, nsid: 0, cdw10, bytes: 4096 }).code).toBe(0);
    const log = rig.bytes(4096);
    for (let opc = 0; opc < 256; opc++) {
      const isRefused = rig.do({ opc, bytes: 4096 }).code === NvmeStatus.invalidOpcode;
      expect([opc, isRefused]).toEqual([opc, (log[io(opc)]! & 1) === 0]);
    }
    const ofTheQueues: number[] = [0, 1, 4, 5, 8, 0xc];
    for (let opc = 0; opc < 256; opc++) {
      if (ofTheQueues.includes(opc)) continue;
      const isRefused = rig.admin({ opc, bytes: 4096 }).code === NvmeStatus.invalidOpcode;
      expect([opc, isRefused]).toEqual([opc, (log[4 * opc]! & 1) === 0]);
    }
  });
});
