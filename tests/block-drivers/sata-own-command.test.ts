import { expect, it } from 'vitest';
import { SataOwnCommand } from '../../src/block-drivers/sata-own-command.ts';
import { AtaDisk } from '../../src/devices/ata-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { AtaCommand } from '../../src/wire/ata.ts';
import { parseIdentify } from '../../src/wire/ata-identify.ts';

it('asks a device, takes in its page, and resets it softly', () => {
  const executor = new SimExecutor();
  const disk = new AtaDisk(executor, { medium: new SparseMedium({ sectorCount: 99 }) });
  const types: number[] = [];
  disk.connect((fis) => types.push(fis[0]!));
  const own = new SataOwnCommand(disk);
  own.issue(AtaCommand.identifyDevice, 0, 1);
  executor.runUntilIdle();
  expect(parseIdentify(own.load())?.sectorCount).toBe(99);
  own.softReset();
  executor.runUntilIdle();
  expect(types).toEqual([0x5f, 0x34]);
});
