import { expect, test } from 'vitest';
import { RegionMemory } from '../../src/memory/index.ts';
import { CommandSlots, SlotState } from '../../src/vmm/command-slots.ts';
import { NvmeStatus } from '../../src/wire/index.ts';
import { makeCommand } from '../support/nvme-road.ts';

const memory = new RegionMemory([{ base: 0, size: 4096 }]);
const make = (cid: number) => makeCommand(memory, 1, cid, {});

test('as many commands as there are slots are taken', () => {
  const slots = new CommandSlots(2);
  const commands = [make(0), make(1), make(2)];
  const taken = commands.map((command) => slots.take(command));
  expect(taken[2]).toBe(-1);
  expect(new Set(taken.slice(0, 2)).size).toBe(2);
  expect(slots.find(commands[1]!)).toBe(taken[1]);
  expect(slots.find(commands[2]!)).toBe(-1);
  expect([slots.count, slots.hasOpen]).toEqual([2, true]);
});

test('inside its end a command may take the slot that it had', () => {
  const slots = new CommandSlots(1);
  const command = make(0);
  let again = -1;
  command.end = () => {
    again = slots.take(command);
  };
  slots.end(slots.take(command));
  expect([again, slots.count]).toEqual([0, 1]);
});

test('marked commands end in the order of marking, and those marked meanwhile later', () => {
  const slots = new CommandSlots(3);
  const order: number[] = [];
  const commands = [make(0), make(1), make(2)];
  const taken = commands.map((command) => slots.take(command));
  for (const command of commands) command.end = ({ ioId }) => order.push(ioId & 0xff);
  commands[1]!.end = () => {
    order.push(1);
    slots.markEnding(taken[2]!, NvmeStatus.internalError);
  };
  slots.markEnding(taken[1]!, NvmeStatus.internalError);
  slots.markEnding(taken[0]!, NvmeStatus.abortRequested);
  slots.endMarked();
  expect(order).toEqual([1, 0]);
  expect(slots.hasOpen).toBe(false);
  slots.endMarked();
  expect([order, slots.count]).toEqual([[1, 0, 2], 0]);
});

test('when all are marked, the promise of an abort is kept and a status that is set stays', () => {
  const slots = new CommandSlots(3);
  const commands = [make(0), make(1), make(2)];
  const taken = commands.map((command) => slots.take(command));
  slots.setState(taken[0]!, SlotState.aborting);
  slots.markEnding(taken[1]!, NvmeStatus.commandInterrupted);
  slots.markAll(NvmeStatus.internalError);
  slots.endMarked();
  expect(commands.map(({ ends, status }) => [ends, status])).toEqual([
    [1, NvmeStatus.abortRequested],
    [1, NvmeStatus.commandInterrupted],
    [1, NvmeStatus.internalError],
  ]);
});
