import { expect, it } from 'vitest';
import {
  asyncEvent,
  identifyController,
  identifyNamespace,
  LBA_FORMAT_BYTES,
  LBA_FORMATS_AT,
  lbaFormat,
} from '../../src/wire/nvme-identify.ts';

it('places the fields of Identify Controller where the specification has them', () => {
  const at = (name: keyof typeof identifyController.fields) => identifyController.fields[name]!.at;
  expect(['sn', 'mn', 'fr', 'mdts', 'ver', 'oacs', 'aerl0'].map(at)).toEqual([
    4, 24, 64, 77, 80, 256, 259,
  ]);
  expect(['sqes', 'nn', 'oncs', 'vwc', 'sgls', 'subnqn', 'psd0Mp'].map(at)).toEqual([
    512, 516, 520, 525, 536, 768, 2048,
  ]);
});

it('finds an LBA format by its index', () => {
  const view = new DataView(new ArrayBuffer(4096));
  identifyNamespace.lbaf0Lbads.set(view, 0, 9);
  identifyNamespace.lbaf0Ms.set(view, 0, 8);
  expect(lbaFormat.lbads.get(view, LBA_FORMATS_AT)).toBe(9);
  expect(lbaFormat.ms.get(view, LBA_FORMATS_AT)).toBe(8);
  lbaFormat.lbads.set(view, LBA_FORMATS_AT + 3 * LBA_FORMAT_BYTES, 12);
  expect(view.getUint8(128 + 3 * 4 + 2)).toBe(12);
});

it('builds the dword of an asynchronous event', () => {
  const view = new DataView(new ArrayBuffer(4));
  asyncEvent.type.set(view, 0, 2);
  asyncEvent.info.set(view, 0, 0);
  asyncEvent.logPage.set(view, 0, 4);
  expect(view.getUint32(0, true)).toBe(0x0004_0002);
});
