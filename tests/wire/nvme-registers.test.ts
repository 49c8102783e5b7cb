import { expect, it } from 'vitest';
import { Cc, Csts, NvmeRegister, nvmeRegisters } from '../../src/wire/nvme-registers.ts';

it('agrees with the register values recorded from a real controller', () => {
  // CAP, VS, CC and AQA of QEMU 7.2 with 4-KiB pages, 2048-entry queues and 32-entry admin queues.
  const hex =
    'ff07010f20184000000401000000000000000000010046000000000001000000000000001f001f00001000010000000000300001';
  const bytes = new Uint8Array(0x40);
  for (let i = 0; i < hex.length / 2; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  const view = new DataView(bytes.buffer);
  expect(nvmeRegisters.mqes0.get(view, 0)).toBe(2047);
  expect(nvmeRegisters.cqr.get(view, 0)).toBe(true);
  expect(nvmeRegisters.to.get(view, 0)).toBe(15);
  expect(nvmeRegisters.css.get(view, 0)).toBe(0xc1);
  expect(nvmeRegisters.mpsmax.get(view, 0)).toBe(4);
  expect(nvmeRegisters.vs.get(view, 0)).toBe(0x0001_0400);
  expect(nvmeRegisters.asqs0.get(view, 0)).toBe(31);
  expect(nvmeRegisters.acqs0.get(view, 0)).toBe(31);
  expect(nvmeRegisters.asq.get(view, 0)).toBe(0x0100_1000);
  expect(nvmeRegisters.acq.get(view, 0)).toBe(0x0100_3000);
  expect(nvmeRegisters.rdy.get(view, 0)).toBe(true);
});

it('names the same bits by shift as by layout', () => {
  const view = new DataView(new ArrayBuffer(0x40));
  nvmeRegisters.en.set(view, 0, true);
  nvmeRegisters.mps.set(view, 0, 4);
  nvmeRegisters.shn.set(view, 0, 2);
  nvmeRegisters.iosqes.set(view, 0, 6);
  nvmeRegisters.iocqes.set(view, 0, 4);
  const cc =
    Cc.en | (4 << Cc.mpsShift) | (2 << Cc.shnShift) | (6 << Cc.iosqesShift) | (4 << Cc.iocqesShift);
  expect(view.getUint32(NvmeRegister.cc, true)).toBe(cc);
  nvmeRegisters.shst.set(view, 0, 2);
  nvmeRegisters.cfs.set(view, 0, true);
  expect(view.getUint32(NvmeRegister.csts, true)).toBe((2 << Csts.shstShift) | Csts.cfs);
});
