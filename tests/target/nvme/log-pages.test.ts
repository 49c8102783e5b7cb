import { describe, expect, it } from 'vitest';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { AdminOpcode, LogPage } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { NvmeRig } from './nvme-rig.ts';

const flags = Object.keys(ALL_CAPABILITIES).filter((flag) => flag !== 'copyFormats');

describe('log pages', () => {
  it.each([[], ...flags.map((flag) => [flag])])(
    'are those that the supported log pages log names, with %s switched off',
    (flag) => {
      const capabilities = {
        ...ALL_CAPABILITIES,
        ...(flag === undefined ? {} : { [flag]: false }),
      };
      const rig = new NvmeRig({ capabilities });
      const read = (page: number, dwords: number) =>
        rig.admin({
          opc: AdminOpcode.getLogPage,
          nsid: 0,
          cdw10: page | ((dwords - 1) << 16),
          bytes: dwords * 4,
        }).code;
      const hasList = read(LogPage.supported, 256) === 0;
      expect(hasList).toBe(flag !== 'supportedLogs');
      if (!hasList) return;
      const list = rig.view(1024);
      for (let page = 0; page < 256; page++) {
        const isThere = read(page, 1) !== NvmeStatus.invalidLogPage;
        expect([page, list.getUint32(4 * page, true)]).toEqual([page, isThere ? 1 : 0]);
      }
    },
  );
});
