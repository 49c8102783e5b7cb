import { expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { AtaSlot, AtaWork } from '../../src/devices/ata-command.ts';
import { AtaWorker } from '../../src/devices/ata-work.ts';
import { AtaRig } from './ata-rig.ts';

it('tells which sector failed, and how', () => {
  const { medium, memory } = new AtaRig();
  const worker = new AtaWorker(medium);
  const slot = new AtaSlot(0, 'test', () => {});
  slot.memory = memory;
  slot.data = new SgList();
  slot.data.pushAddress(0, 2048);
  slot.lba = 4;
  slot.count = 4;
  slot.work = AtaWork.write;
  expect([worker.perform(slot), worker.badSector, medium.volatileSectors]).toEqual([0x50, -1, 4]);
  slot.work = AtaWork.flush;
  expect([worker.perform(slot), medium.volatileSectors]).toEqual([0x50, 0]);
  medium.failReads(6, 1);
  slot.work = AtaWork.read;
  expect([worker.perform(slot), slot.error, worker.badSector]).toEqual([0x51, 0x40, 6]);
  medium.failWrites(7, 1);
  slot.work = AtaWork.write;
  expect([worker.perform(slot), worker.badSector]).toEqual([0x70, 7]);
});
