import { describe, expect, it } from 'vitest';
import type { NvmeHostRequest } from '../../src/interfaces/nvme-host.ts';
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { PageAllocator } from '../../src/memory/page-allocator.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { AdminChannel } from '../../src/nvme-driver/admin-channel.ts';
import { RegisterWindow } from '../../src/nvme-driver/register-window.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { Csts } from '../../src/wire/nvme-registers.ts';

function makeRig() {
  const executor = new SimExecutor();
  const memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);
  const pages = new PageAllocator(0x1000, 0x8000);
  const state = { csts: Csts.rdy as number, room: true };
  const pci = { mmioRead: () => state.csts } as unknown as PciFunction;
  const sent: NvmeHostRequest[] = [];
  const looks: (() => void)[] = [];
  const channel = new AdminChannel(
    memory,
    pages,
    4096,
    new RegisterWindow(executor, pci, 'test'),
    (request) => {
      if (state.room) sent.push(request);
      return state.room;
    },
    () => void looks.shift()?.(),
  );
  const answers: [number, number][] = [];
  const send = (...data: number[]) =>
    channel.send(0x06, 7, 1, 2, data, (status, dw0) => void answers.push([status, dw0]));
  const answer = (status: number, dw0: number) => {
    const request = sent.pop()!;
    request.status = status;
    request.dw0 = dw0;
    request.end(request);
  };
  return { looks, executor, memory, pages, state, sent, channel, answers, send, answer };
}

describe('AdminChannel', () => {
  it('sends one command and hands on its answer once', () => {
    const { channel, send, sent, answer, answers } = makeRig();
    expect(send(0x3000, 0x5000)).toBe(true);
    const { opcode, nsid, raw, data } = sent[0]!;
    expect([opcode, nsid, raw![0], raw![1]]).toEqual([6, 7, 1, 2]);
    expect([data.gpa(0), data.gpa(1), data.byteLength]).toEqual([0x3000, 0x5000, 8192]);
    expect(channel.isBusy).toBe(true);
    answer(5, 9);
    expect(channel.isBusy).toBe(false);
    expect(answers).toEqual([[5, 9]]);
  });

  it('says that a full queue is full, and is free again', () => {
    const { channel, send, state, answers } = makeRig();
    state.room = false;
    expect(send()).toBe(false);
    expect([channel.isBusy, answers]).toEqual([false, []]);
  });

  it('has a page, which it copies from and to', () => {
    const { channel, memory, pages } = makeRig();
    const before = pages.freePages;
    expect(channel.open() && channel.open()).toBe(true);
    expect(pages.freePages).toBe(before - 1);
    memory.write32(channel.page, 0x1122_3344);
    channel.load();
    expect(channel.view.getUint32(0, true)).toBe(0x1122_3344);
    channel.bytes[1] = 0xff;
    channel.store();
    expect(memory.read32(channel.page)).toBe(0x1122_ff44);
    channel.close();
    channel.close();
    expect([channel.page, pages.freePages]).toEqual([-1, before]);
    pages.take(before);
    expect(channel.open()).toBe(false);
  });

  it('forgets who waited', () => {
    const { channel, send, answer, answers } = makeRig();
    send();
    channel.forget();
    answer(0, 0);
    expect(answers).toEqual([]);
  });

  it('looks for an answer whose interrupt was lost before it calls it silence', () => {
    const { channel, executor, looks, send, answer, answers } = makeRig();
    const silences: boolean[] = [];
    channel.guard(5_000_000, (isFatal) => void silences.push(isFatal));
    send();
    looks.push(() => answer(0, 3));
    executor.runUntilIdle();
    expect([silences, answers]).toEqual([[], [[0, 3]]]);
  });

  it('says what kept an answer away while it is guarded', () => {
    const { channel, executor, state, send, answer, answers } = makeRig();
    const silences: [boolean, number][] = [];
    channel.guard(5_000_000, (isFatal) => void silences.push([isFatal, executor.now]));
    send();
    answer(0, 0);
    executor.runUntilIdle();
    expect(silences).toEqual([]);
    send();
    executor.runUntilIdle();
    expect(silences).toEqual([[false, 5_000_000]]);
    send();
    state.csts = Csts.cfs;
    executor.runUntilIdle();
    expect(silences.length).toBe(2);
    expect(silences[1]![0]).toBe(true);
    channel.unguard();
    state.csts = Csts.rdy;
    send();
    executor.runUntilIdle();
    expect([silences.length, answers.length]).toEqual([2, 1]);
  });
});
