import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SgList } from '../../src/base/sg-list.ts';
import type { TargetCommand } from '../../src/interfaces/target.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SeCmd, SeCmdState } from '../../src/target/se-cmd.ts';

const command: TargetCommand = {
  ioId: 7,
  op: 1,
  lba: 2 ** 40,
  blockCount: 8,
  flags: 1,
  memory: new RegionMemory([{ base: 0, size: 4096 }]),
  data: new SgList(),
  status: 3,
  end: () => undefined,
};

/** The transitions that are allowed; all others are defects. */
const allowed = [
  'noState newCmd',
  'newCmd writePending',
  'newCmd processing',
  'writePending processing',
  'processing complete',
  'complete noState',
  'complete processing',
];

describe('SeCmd', () => {
  const states = Object.values(SeCmdState);
  const pairs = states.flatMap((from) => states.map((to) => [from, to] as const));

  it.each(pairs)('from state %d to %d is allowed or an InvariantError', (from, to) => {
    const slot = new SeCmd(command, () => undefined);
    slot.state = from;
    const names = Object.keys(SeCmdState);
    const name = `${names[from]} ${names[to]}`;
    if (allowed.includes(name)) {
      slot.enter(to);
      expect(slot.state).toBe(to);
    } else {
      expect(() => slot.enter(to)).toThrow(InvariantError);
      expect(() => slot.enter(to)).toThrow(name.split(' ')[0]);
      expect(slot.state).toBe(from);
    }
  });

  it('takes over all that the frontend asks for, and not the status', () => {
    const slot = new SeCmd(command, () => undefined);
    slot.take(command);
    const { ioId, op, lba, blockCount, flags, memory, data } = command;
    expect(slot).toMatchObject({ outer: command, ioId, op, lba, blockCount, flags });
    expect([slot.memory, slot.data, slot.status]).toEqual([memory, data, 0]);
  });
});
