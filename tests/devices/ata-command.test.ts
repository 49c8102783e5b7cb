import { expect, it } from 'vitest';
import { SgList } from '../../src/base/sg-list.ts';
import { AtaCommandParser, AtaSlot, AtaWork } from '../../src/devices/ata-command.ts';
import type { Medium } from '../../src/interfaces/medium.ts';
import { AtaCommand, buildCommandFis, FIS_BYTES } from '../../src/wire/ata.ts';

function parse(command: AtaCommand, lba: number, count: number, features: number, device: number) {
  const medium = { sectorBytes: 512, sectorCount: 2 ** 33, writeCache: true } as Medium;
  const parser = new AtaCommandParser(medium, 32, true, 'queued');
  const slot = new AtaSlot(4, 'test', () => {});
  slot.data = new SgList();
  slot.data.pushAddress(0, 2 ** 26);
  const fis = new Uint8Array(FIS_BYTES);
  buildCommandFis(fis, command, lba, count, features, device);
  const isQueued = command === AtaCommand.writeFpdmaQueued;
  if (isQueued) parser.parseQueued(slot, fis, command);
  else parser.parseOther(slot, fis, command);
  return slot;
}

it('reads 48-bit ranges, and a queued count from the features', () => {
  const plain = parse(AtaCommand.readDmaExt, 0x1_2345_6789, 0x1234, 0, 0x40);
  expect(plain).toMatchObject({ work: AtaWork.read, lba: 0x1_2345_6789, count: 0x1234 });
  const queued = parse(AtaCommand.writeFpdmaQueued, 7, 4 << 3, 0x0203, 0xc0);
  expect(queued).toMatchObject({ work: AtaWork.write, lba: 7, count: 0x0203, fua: true });
  expect(parse(AtaCommand.writeFpdmaQueued, 7, 4 << 3, 0, 0x40).count).toBe(65_536);
});

it('reads 28-bit ranges with their top bits in the device field', () => {
  const slot = parse(AtaCommand.writeDma, 0x34_5678, 3, 0, 0x42);
  expect(slot).toMatchObject({ work: AtaWork.write, lba: 0x0234_5678, count: 3 });
});
