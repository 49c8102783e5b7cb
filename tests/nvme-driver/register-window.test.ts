import { describe, expect, it } from 'vitest';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { ALL_ONES, RegisterWindow } from '../../src/nvme-driver/register-window.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { Csts, NvmeRegister } from '../../src/wire/nvme-registers.ts';

const MS = 1_000_000;

function makeRig(csts: () => number = () => 0) {
  const executor = new SimExecutor();
  const writes: [number, number][] = [];
  const pci = {
    mmioRead: (at: number) => (at === NvmeRegister.csts ? csts() : 0x1234),
    mmioWrite: (at: number, _size: number, value: number) => void writes.push([at, value]),
  } as unknown as PciFunction;
  const answers: [boolean, number][] = [];
  const registers = new RegisterWindow(executor, pci, 'test');
  return {
    executor,
    registers,
    writes,
    answers,
    note: (ok: boolean) => void answers.push([ok, executor.now]),
  };
}

describe('RegisterWindow', () => {
  it('writes the halves of an address, the low one first', () => {
    const { registers, writes } = makeRig();
    registers.write64(NvmeRegister.asq, 2 ** 40 + 0xffff_f000);
    expect(writes).toEqual([
      [0x28, 0xffff_f000],
      [0x2c, 0x100],
    ]);
    expect(registers.read(0)).toBe(0x1234);
  });

  it('sees at once what is there, and never inside the call', () => {
    const { registers, executor, answers, note } = makeRig(() => Csts.rdy);
    registers.wait(Csts.rdy, Csts.rdy, 5 * MS, note);
    expect(answers).toEqual([]);
    executor.runUntilIdle();
    expect(answers).toEqual([[true, 0]]);
  });

  it('waits until it is there', () => {
    let csts = 0;
    const { registers, executor, answers, note } = makeRig(() => csts);
    registers.wait(Csts.rdy, Csts.rdy, 500 * MS, note);
    executor.runUntil(100 * MS);
    expect(answers).toEqual([]);
    csts = Csts.rdy;
    executor.runUntilIdle();
    expect(answers.length).toBe(1);
    expect(answers[0]![1]).toBeLessThan(102 * MS);
  });

  it('gives up exactly when the time is over', () => {
    const { registers, executor, answers, note } = makeRig();
    registers.wait(Csts.rdy, Csts.rdy, 5 * MS + 7, note);
    executor.runUntilIdle();
    expect(answers).toEqual([[false, 5 * MS + 7]]);
  });

  it.each([
    ['a fatal status', Csts.cfs, Csts.rdy, false],
    ['a fatal status, when it waits for bits to clear', Csts.cfs, 0, true],
    ['a function that is gone', ALL_ONES, Csts.rdy, false],
    ['a function that is gone, for any bits', ALL_ONES, 0, false],
  ])('does not wait on with %s', (_name, csts, value, ok) => {
    const { registers, executor, answers, note } = makeRig(() => csts);
    registers.wait(Csts.rdy, value, 5 * MS, note);
    executor.runUntilIdle();
    expect(answers).toEqual([[ok, 0]]);
  });

  it('has one wait at a time, which can be ended', () => {
    const { registers, executor, answers, note } = makeRig();
    registers.wait(Csts.rdy, Csts.rdy, MS, () => note(false));
    registers.wait(Csts.rdy, Csts.rdy, 2 * MS, note);
    executor.runUntil(1.5 * MS);
    expect(answers).toEqual([]);
    registers.cancel();
    executor.runUntilIdle();
    expect(answers).toEqual([]);
  });
});
