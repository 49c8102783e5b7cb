import { expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { makeScheduler, SCHEDULER_NAMES } from '../../src/block/make-scheduler.ts';
import { BioOp } from '../../src/interfaces/bio.ts';

it.each(SCHEDULER_NAMES)('%s is made by its name', (name) => {
  expect(makeScheduler(name).name).toBe(name);
});

it('parameters go by their sysfs names', () => {
  expect(makeScheduler('mq-deadline', { async_depth: 64 }).slotLimit(BioOp.write, 0, 256)).toBe(64);
  expect(makeScheduler('mq-deadline').slotLimit(BioOp.write, 0, 256)).toBe(256);
});

it.each([
  ['deadline', {}, /scheduler: 'deadline' is not accepted/],
  ['none', { read_expire: 1 }, /iosched.read_expire: 1 is not accepted; expected nothing/],
  ['mq-deadline', { readExpire: 1 }, /iosched.readExpire/],
  ['mq-deadline', { fifo_batch: -1 }, /iosched.fifo_batch: -1/],
  ['mq-deadline', { async_depth: 0 }, /iosched.async_depth: 0 .* 1 and more/],
  ['kyber', { read_lat_nsec: 0 }, /iosched.read_lat_nsec/],
  ['kyber', { write_lat_nsec: 0.5 }, /iosched.write_lat_nsec/],
])('%s with %j is refused', (name, parameters, message) => {
  const make = () => makeScheduler(name, parameters as Record<string, number>);
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(message);
});
