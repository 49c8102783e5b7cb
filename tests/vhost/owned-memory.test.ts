import { expect, it } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { VhostErrno } from '../../src/interfaces/vhost.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { OwnedMemory } from '../../src/vhost/owned-memory.ts';

const shared = new RegionMemory([{ base: 0, size: 8192 }]);

it('has one owner, and memory once a table names some', () => {
  const owned = new OwnedMemory(shared);
  expect(owned.isOwned).toBe(false);
  expect(owned.setOwner()).toBe(VhostErrno.ok);
  expect(owned.setOwner()).toBe(VhostErrno.busy);
  expect(owned.isSet).toBe(false);
  expect(() => owned.memory).toThrow(InvariantError);
  expect(owned.setMemTable([{ guestAddress: 0x10_0000, size: 4096, userAddress: 4096 }])).toBe(0);
  owned.memory.write8(0x10_0001, 7);
  expect(shared.read8(4097)).toBe(7);
});

it('keeps its table when another is refused, and forgets it for an empty one', () => {
  const owned = new OwnedMemory(shared);
  owned.setMemTable([{ guestAddress: 0, size: 4096, userAddress: 0 }]);
  const before = owned.memory;
  const outside = [{ guestAddress: 0, size: 4096, userAddress: 8192 }];
  expect(owned.setMemTable(outside)).toBe(VhostErrno.fault);
  expect(owned.memory).toBe(before);
  expect(owned.setMemTable([])).toBe(VhostErrno.ok);
  expect(owned.isSet).toBe(false);
});
