import { describe, expect, it } from 'vitest';
import { SqeWord } from '../../../../src/wire/nvme-entries.ts';
import { IoOpcode } from '../../../../src/wire/nvme-opcodes.ts';
import { allocatedPerOp } from '../../../support/heap.ts';
import { BLOCK, ZoneRig } from './zone-rig.ts';

const ZONE_BLOCKS = 1 << 30;

describe('a command on a zoned namespace', () => {
  it.each([
    ['write', IoOpcode.write],
    ['append', IoOpcode.zoneAppend],
    ['read of blocks that nobody wrote', IoOpcode.read],
  ])('allocates nothing for a %s', (_, opc) => {
    const rig = new ZoneRig({ zoneBlocks: ZONE_BLOCKS }, 2);
    const command = rig.command({ opc, cdw12: 7, bytes: 8 * BLOCK });
    let wp = 0;
    let left = 0;
    command.end = () => {
      if (command.status !== 0) throw new Error(`status ${command.status}`);
      left -= 1;
      if (opc === IoOpcode.write) {
        wp += 8;
        command.sqe[SqeWord.cdw10] = wp;
      }
      if (left > 0) rig.controller.submit(command);
    };
    const bytes = allocatedPerOp((count) => {
      left = count;
      rig.controller.submit(command);
      rig.executor.runUntilIdle();
    });
    expect(bytes).toBeLessThan(1);
  });
});
