import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import { costsOf, parseConfig, type StackOptions } from '../../src/stack/config.ts';
import { checkProperty, runs } from '../support/runs.ts';

const parse = (options: unknown) => parseConfig(options as StackOptions);

describe('parseConfig', () => {
  it('fills in every default', () => {
    expect(parse({})).toEqual({
      road: 'vhost-nvme',
      backend: { type: 'rd_mcp', size: 64 * 2 ** 20 },
      seed: 0,
      order: 'fifo',
      costs: 'none',
      blockBytes: 512,
      guest: { memory: 64 * 2 ** 20, queues: 1, queueDepth: 256 },
      virtqueue: { size: 256, eventIdx: true, indirect: true },
    });
  });

  it('reads sizes as people write them', () => {
    expect(parse({ backend: { type: 'iblock', disk: 'sata', size: '1GiB' } }).backend).toEqual({
      type: 'iblock',
      disk: 'sata',
      size: 2 ** 30,
      writeCache: true,
      scheduler: 'none',
      iosched: {},
    });
  });

  it.each([
    [{ rod: 1 }, 'rod: 1 is not accepted; expected no such key; keys here are road, backend'],
    [{ road: 'vhost' }, "road: 'vhost' is not accepted; expected one of 'direct', 'vhost-nvme'"],
    [{ seed: -1 }, 'seed: -1 is not accepted; expected a whole number from 0 to'],
    [{ seed: 1.5 }, 'seed: 1.5 is not accepted; expected a whole number from 0 to'],
    [{ seed: 'x' }, "seed: 'x' is not accepted; expected a whole number from 0 to"],
    [{ blockBytes: 520 }, 'blockBytes: 520 is not accepted; expected 512 or 4096'],
    [{ backend: { type: 'floppy' } }, "expected a backend whose type is one of 'rd_mcp'"],
    [{ backend: 5 }, 'backend: 5 is not accepted'],
    [{ backend: { type: 'rd_mcp' } }, 'backend.size: undefined is not accepted; expected a whole'],
    [
      { backend: { type: 'rd_mcp', size: '12 parsecs' } },
      "backend.size: '12 parsecs' is not accepted; expected a whole number of bytes, or text",
    ],
    [
      { backend: { type: 'rd_mcp', size: 4097 } },
      'backend.size: 4097 is not accepted; expected a whole number of bytes, or text such as',
    ],
    [
      { backend: { type: 'rd_mcp', size: '1M', disk: 'sata' } },
      "backend.disk: 'sata' is not accepted; expected no such key; keys here are type, size",
    ],
    [
      { backend: { type: 'iblock', disk: 'ide', size: '1M' } },
      "backend.disk: 'ide' is not accepted; expected one of 'sata', 'scsi', 'nvme', 'null_blk'",
    ],
    [
      { backend: { type: 'iblock', disk: 'sata', size: '1M', scheduler: 'cfq' } },
      "backend.scheduler: 'cfq' is not accepted; expected one of 'none', 'mq-deadline', 'kyber', 'bfq'",
    ],
    [
      { backend: { type: 'iblock', disk: 'sata', size: '1M', iosched: { read_expire: -1 } } },
      'backend.iosched.read_expire: -1 is not accepted; expected a whole number from 0',
    ],
    [
      { guest: { queueDepth: 1 } },
      'guest.queueDepth: 1 is not accepted; expected a whole number from 2 to 1024',
    ],
    [{ virtqueue: { size: 100 } }, 'virtqueue.size: 100 is not accepted; expected a power of two'],
    [
      { virtqueue: { eventIdx: 1 } },
      'virtqueue.eventIdx: 1 is not accepted; expected true or false',
    ],
    [
      { costs: 'cheap' },
      "costs: 'cheap' is not accepted; expected one of none, server, or a table",
    ],
    [
      { costs: { lunch: 1 } },
      'costs.lunch: 1 is not accepted; expected no such key; keys here are guestSubmitNs',
    ],
    [
      { costs: { vmExitNs: -1 } },
      'costs.vmExitNs: -1 is not accepted; expected a whole number from 0 to 1000000000000',
    ],
    [null, 'options: null is not accepted'],
  ])('refuses %j by key, value and expectation', (options, message) => {
    expect(() => parse(options)).toThrow(ConfigError);
    expect(() => parse(options)).toThrow(message);
  });

  it('throws nothing but ConfigError, and never the bare words of the library below, for any value', () => {
    const key = fc.constantFrom('road', 'backend', 'seed', 'costs', 'guest', 'virtqueue', 'x');
    checkProperty(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(key, fc.anything())), (options) => {
        try {
          parse(options);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as Error).message).toMatch(/.+: .* is not accepted; expected .+/s);
          expect((error as Error).message).not.toMatch(/Invalid input/);
        }
      }),
      runs(300, 5_000),
    );
  });
});

describe('costsOf', () => {
  it('takes a preset by name and fills up a table', () => {
    expect(costsOf(parse({}))).toEqual(NO_COSTS);
    expect(costsOf(parse({ costs: 'server' })).vmExitNs).toBeGreaterThan(0);
    expect(costsOf(parse({ costs: { vmExitNs: 7 } }))).toEqual({ ...NO_COSTS, vmExitNs: 7 });
  });
});
