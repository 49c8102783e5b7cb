import { afterAll, beforeAll, expect, it } from 'vitest';
import { UNMAPPED } from '../../../src/interfaces/index.ts';
import { describePeer } from '../peer.ts';
import { QtestFunction } from './qtest-function.ts';
import { QtestMachine } from './qtest-machine.ts';

const SLOT = 4;
const NVME = [
  ...['-drive', 'driver=null-co,size=1M,read-zeroes=on,if=none,id=d1'],
  ...['-device', `nvme,serial=deadbeef,drive=d1,addr=${SLOT}`],
];

describePeer({ program: 'qemu-system-x86_64', from: 'qemu-system-x86' }, 'a QEMU machine', () => {
  let machine: QtestMachine;

  beforeAll(() => {
    machine = new QtestMachine(NVME);
  });

  afterAll(async () => {
    await machine?.close();
  });

  it('shows its NVMe controller on PCI', () => {
    const nvme = new QtestFunction(machine, SLOT);
    expect(nvme.configRead(0x08, 4) >>> 8).toBe(0x01_08_02);
    expect(nvme.configRead(0x00, 2)).toBe(0x1b36);
    expect(nvme.configRead(0x00, 1)).toBe(0x36);
    expect(nvme.configRead(0x04, 2) & 0x6).toBe(0x6);
    expect(nvme.configRead(0x100, 2)).toBe(0xffff);
    expect(nvme.barBytes).toBeGreaterThanOrEqual(0x2000);
  });

  it('answers CAP and VS from BAR0 in every width', () => {
    const nvme = new QtestFunction(machine, SLOT);
    const cap = { lo: 0, hi: 0 };
    nvme.mmioRead64(0x00, cap);
    // CAP: 2,048 entries, contiguous queues required, time-out 7.5 s; the NVM command set.
    expect(cap.lo).toBe(0x0f01_07ff);
    expect((cap.hi >>> 5) & 1).toBe(1);
    expect([nvme.mmioRead(0x00, 4), nvme.mmioRead(0x04, 4)]).toEqual([cap.lo, cap.hi]);
    expect(nvme.mmioRead(0x08, 4)).toBe(0x0001_0400);
    expect(nvme.mmioRead(nvme.barBytes, 4)).toBe(0);
  });

  it('keeps what is written to a register in one access of eight bytes', () => {
    const nvme = new QtestFunction(machine, SLOT);
    const asq = { lo: 0, hi: 0 };
    nvme.mmioWrite64(0x28, 0x0123_4000, 0x89ab_cdef);
    nvme.mmioRead64(0x28, asq);
    expect(asq).toEqual({ lo: 0x0123_4000, hi: 0x89ab_cdef });
    nvme.mmioWrite(0x28, 4, 0x0567_8000);
    expect(nvme.mmioRead(0x28, 4)).toBe(0x0567_8000);
  });

  it('sees in its memory what is stored in the file behind it, and the reverse', () => {
    const gpa = 0x100_0000;
    expect(machine.memory.store(gpa, Uint8Array.of(1, 2, 3, 4), 0, 4)).toBe(true);
    expect(machine.read(gpa, 4)).toBe(0x0403_0201);
    machine.write(gpa + 4, 2, 0xbeef);
    expect(machine.memory.read16(gpa + 4)).toBe(0xbeef);
    expect(machine.memory.write32(gpa, 0xdead_beef)).toBe(true);
    expect(machine.memory.read32(gpa)).toBe(0xdead_beef);
    const words = new Int32Array(3);
    expect(machine.memory.loadWords(gpa, words, 1, 2)).toBe(true);
    expect([...words]).toEqual([0, 0xdead_beef | 0, 0xbeef]);
    expect(machine.memory.read8(0xa_0000)).toBe(UNMAPPED);
    expect(machine.memory.read32(256 * 1_024 * 1_024 - 2)).toBe(UNMAPPED);
  });

  it('says why it did not start', () => {
    expect(() => new QtestMachine(['-device', 'no-such-device'])).toThrow(/no-such-device/);
  });

  it('says why it ended', async () => {
    const doomed = new QtestMachine([]);
    expect(() => doomed.command('readl nonsense')).toThrow(/QEMU ended/);
    await doomed.close();
  });
});
