import { expect, test } from 'vitest';
import { EventRelay, MAX_WAITING_EVENTS } from '../../src/frontends/event-relay.ts';
import { RegionMemory } from '../../src/memory/index.ts';
import { EVENT_BYTES, EventKind } from '../../src/wire/index.ts';
import { makeChain } from '../support/chain.ts';

const memory = new RegionMemory([{ base: 0, size: 0x1000 }]);

test('events leave in order, one a buffer, also into a buffer of pieces', () => {
  const relay = new EventRelay();
  relay.push(EventKind.asyncEvent, 1, 2, 3);
  relay.push(EventKind.namespaceChanged, 9, 0, 0);
  const pieces = makeChain(
    0,
    [],
    [
      [1, 7],
      [0x20, 9],
    ],
  );
  expect(relay.writeTo(memory, pieces)).toBe(EVENT_BYTES);
  expect([memory.read32(1), memory.read16(0x20 + 1)]).toEqual([EventKind.asyncEvent, 2]);
  expect(relay.writeTo(memory, makeChain(1, [], [[0x40, 64]]))).toBe(EVENT_BYTES);
  expect([memory.read32(0x40), memory.read32(0x44)]).toEqual([EventKind.namespaceChanged, 9]);
  expect(relay.isEmpty).toBe(true);
});

test('an event that waits already is not kept twice', () => {
  const relay = new EventRelay();
  relay.push(EventKind.namespaceChanged, 1, 0, 0);
  relay.push(EventKind.namespaceChanged, 1, 0, 0);
  relay.writeTo(memory, makeChain(0, [], [[0, 16]]));
  expect(relay.isEmpty).toBe(true);
});

test('a buffer that cannot hold it leaves the event where it is', () => {
  const relay = new EventRelay();
  relay.push(EventKind.namespaceChanged, 1, 0, 0);
  for (const writable of [[], [[0, 15]], [[0x1000, 16]]] as const) {
    expect(relay.writeTo(memory, makeChain(0, [], writable))).toBe(0);
  }
  expect(relay.isEmpty).toBe(false);
  expect(new EventRelay().writeTo(memory, makeChain(0, [], [[0, 16]]))).toBe(0);
});

test('events at the limit are kept, one more is counted as missed', () => {
  const relay = new EventRelay();
  for (let i = 0; i <= MAX_WAITING_EVENTS; i++) relay.push(EventKind.asyncEvent, i, 0, 0);
  expect(relay.missed).toBe(1);
  relay.clear();
  expect(relay.isEmpty).toBe(true);
});
