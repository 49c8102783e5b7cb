import { expect, it } from 'vitest';
import { SataFisBuilder } from '../../src/block-drivers/sata-fis-builder.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { makeRequest, nameOfStatus, type RequestFields } from './statuses.ts';

function built(
  fields: RequestFields,
  queueDepth = 32,
  trims: 'none' | 'plain' | 'queued' = 'queued',
) {
  const builder = new SataFisBuilder();
  builder.queueDepth = queueDepth;
  builder.canTrim = trims !== 'none';
  builder.canQueueTrim = trims === 'queued';
  const slot = builder.slots[fields.tag ?? 0]!;
  const status = builder.build(slot, makeRequest(fields));
  return [nameOfStatus(status), slot.fis[2]!.toString(16), slot.isQueued, slot.fis[7]! & 0x80];
}

const write = { op: BioOp.write, tag: 3 };

it.each([
  ['a queued read', {}, 32, ['ok', '60', true, 0]],
  ['a queued write with FUA', { ...write, flags: BioFlag.fua }, 32, ['ok', '61', true, 0x80]],
  ['a read alone', {}, 0, ['ok', '25', false, 0]],
  ['a write alone', write, 0, ['ok', '35', false, 0]],
  ['a write alone with FUA', { ...write, flags: BioFlag.fua }, 0, ['ok', '3d', false, 0]],
  ['a flush', { op: BioOp.flush }, 32, ['ok', 'ea', false, 0]],
  ['a queued discard', { op: BioOp.discard }, 32, ['ok', '64', true, 0]],
] as const)('%s', (_, fields, depth, expected) => {
  expect(built(fields, depth)).toEqual(expected);
});

it('discards alone, or not at all, as the device can', () => {
  expect(built({ op: BioOp.discard }, 32, 'plain')).toEqual(['ok', '6', false, 0]);
  expect(built({ op: BioOp.discard }, 32, 'none')[0]).toBe('notSupported');
  expect(built({ op: BioOp.writeZeroes })[0]).toBe('notSupported');
});
