import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { AtaDisk, type AtaDiskOptions } from '../../src/devices/ata-disk.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { buildControlFis, FIS_BYTES, ncqErrorTag } from '../../src/wire/ata.ts';
import { parseIdentify } from '../../src/wire/ata-identify.ts';
import { buildQueuedTrimFis, canQueueTrim, putTrimList } from '../../src/wire/ata-trim.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { ATA_MEMORY_BYTES, AtaRig } from './ata-rig.ts';

const READ_EXT = 0x25;
const WRITE_EXT = 0x35;
const READ_LOG = 0x2f;
const FLUSH_EXT = 0xea;
const IDENTIFY = 0xec;
const READ_ERROR_LOG = { lba: 0x10, count: 1, bytes: 512, slot: 31 };

const slow = new FixedLatency({ readNs: 1_000, writeNs: 2_000, flushNs: 500 });

function page(rig: AtaRig): Uint8Array {
  const bytes = new Uint8Array(512);
  rig.memory.load(0, bytes, 0, 512);
  return bytes;
}

describe('IDENTIFY DEVICE', () => {
  it('tells what the disk is', () => {
    const rig = new AtaRig({ queueDepth: 8, physicalBytes: 4096, rotationRate: 7200 });
    expect(rig.run(IDENTIFY, { bytes: 512 })).toEqual(['pio']);
    expect(parseIdentify(page(rig))).toEqual({
      sectorCount: 2048,
      sectorBytes: 512,
      physicalBytes: 4096,
      queueDepth: 8,
      writeCache: true,
      fua: true,
      rotationRate: 7200,
      trim: true,
      sendFpdma: true,
    });
  });

  it('fails when there is no memory for the answer', () => {
    expect(new AtaRig().run(IDENTIFY, { bytes: 256 })).toEqual(['d2h 51 84']);
  });
});

describe('commands that are not queued', () => {
  it('write and read sectors', () => {
    const rig = new AtaRig();
    rig.memory.fill(0, 0x5a, 1024);
    expect(rig.run(WRITE_EXT, { lba: 5, count: 2, bytes: 1024 })).toEqual(['d2h 50']);
    expect([4, 5, 6, 7].map((sector) => rig.medium.peek(sector, 1)[0])).toEqual([0, 90, 90, 0]);
    rig.memory.fill(0, 0, 1024);
    expect(rig.run(0xc8, { lba: 5, count: 2, bytes: 1024 })).toEqual(['d2h 50']);
    expect(page(rig)[511]).toBe(0x5a);
    expect(rig.run(0xca, { lba: 0, count: 1, bytes: 512 })).toEqual(['d2h 50']);
    expect(rig.medium.peek(0, 1)[0]).toBe(0x5a);
  });

  it('take a count of 0 for the largest', () => {
    const rig = new AtaRig();
    expect(rig.run(0xc8, { count: 0, bytes: 256 * 512 })).toEqual(['d2h 50']);
    expect(rig.run(READ_EXT, { count: 0, bytes: 512 })).toEqual(['d2h 51 10']);
  });

  it('make durable by FUA, by flush and by turning the cache off', () => {
    const rig = new AtaRig();
    rig.run(0x3d, { count: 1, bytes: 512 });
    expect(rig.medium.volatileSectors).toBe(0);
    for (const [command, features] of [
      [FLUSH_EXT, 0],
      [0xe7, 0],
      [0xe0, 0],
      [0xef, 0x82],
    ] as const) {
      rig.run(0xef, { features: 0x02 });
      rig.run(WRITE_EXT, { count: 1, bytes: 512 });
      expect(rig.medium.volatileSectors).toBe(1);
      expect(rig.run(command, { features })).toEqual(['d2h 50']);
      expect(rig.medium.volatileSectors).toBe(0);
    }
    expect(rig.medium.writeCache).toBe(false);
  });

  it.each([
    ['past the end', READ_EXT, { lba: 2047, count: 2, bytes: 1024 }, 'd2h 51 10'],
    [
      'at the last LBA of 48 bits',
      READ_EXT,
      { lba: 2 ** 48 - 1, count: 1, bytes: 512 },
      'd2h 51 10',
    ],
    ['without enough memory', READ_EXT, { count: 2, bytes: 512 }, 'd2h 51 84'],
    ['that are not known', 0x99, {}, 'd2h 51 04'],
    ['of a feature that is not known', 0xef, { features: 0x55 }, 'd2h 51 04'],
    ['of a log that is not known', READ_LOG, { lba: 0x11, count: 1, bytes: 512 }, 'd2h 51 04'],
  ] as const)('%s fail', (_, command, fields, frame) => {
    expect(new AtaRig().run(command, fields)).toEqual([frame]);
  });

  it('without FUA support refuse WRITE DMA FUA EXT', () => {
    const rig = new AtaRig({ fua: false });
    expect(rig.run(0x3d, { count: 1, bytes: 512 })).toEqual(['d2h 51 04']);
  });

  it('of bad sectors tell which one', () => {
    const rig = new AtaRig();
    rig.medium.failReads(6, 1);
    let lba = -1;
    rig.disk.connect((fis) => {
      lba = fis[4]!;
    });
    rig.run(READ_EXT, { lba: 4, count: 8, bytes: 4096 });
    expect(lba).toBe(6);
    rig.disk.connect((fis) => rig.frames.push(`${fis[2]!.toString(16)} ${fis[3]}`));
    rig.medium.failWrites(4, 1);
    expect(rig.run(WRITE_EXT, { lba: 4, count: 1, bytes: 512 })).toEqual(['70 0']);
  });
});

describe('queued commands', () => {
  it('end by Set Device Bits, in the order of their times', () => {
    const rig = new AtaRig({ latency: slow });
    rig.queue(3, true, 5);
    rig.queue(0, false, 9);
    expect(rig.frames).toEqual([]);
    expect(rig.drain()).toEqual(['sdb 00000001', 'sdb 00000008']);
  });

  it('use all 32 tags', () => {
    const rig = new AtaRig();
    for (let tag = 0; tag < 32; tag++) rig.queue(tag, true, tag);
    const frames = rig.drain();
    expect(frames).toHaveLength(32);
    expect(frames.at(-1)).toBe('sdb 80000000');
  });

  it('honour FUA', () => {
    const rig = new AtaRig();
    rig.queue(0, true, 0, 0xc0);
    rig.drain();
    expect(rig.medium.volatileSectors).toBe(0);
    rig.queue(0, true, 0);
    rig.drain();
    expect(rig.medium.volatileSectors).toBe(1);
  });

  it('that fail stop the queue until the log is read', () => {
    const rig = new AtaRig({ latency: slow });
    rig.medium.failReads(9, 1);
    rig.queue(5, false, 9);
    rig.queue(6, true, 20);
    rig.queue(7, false, 21);
    expect(rig.drain()).toEqual(['sdb 51 40']);
    rig.queue(8, false, 1);
    expect(rig.drain()).toEqual(['d2h 51 04']);
    expect(rig.run(FLUSH_EXT)).toEqual(['d2h 51 04']);
    expect(rig.run(READ_LOG, READ_ERROR_LOG)).toEqual(['pio']);
    expect(ncqErrorTag(page(rig))).toBe(5);
    expect([...page(rig).subarray(2, 5)]).toEqual([0x51, 0x40, 9]);
    rig.queue(6, true, 20);
    expect(rig.drain()).toEqual(['sdb 00000040']);
    expect(rig.run(READ_LOG, READ_ERROR_LOG)).toEqual(['pio']);
    expect(ncqErrorTag(page(rig))).toBe(-1);
  });

  it.each([
    ['a tag that is not the slot', { count: 8, slot: 0 }],
    ['no LBA bit', { count: 0, slot: 0, device: 0 }],
    ['a tag beyond the depth', { count: 9 << 3, slot: 9 }],
  ])('with %s fail', (_, fields) => {
    const rig = new AtaRig({ queueDepth: 8 });
    expect(rig.run(0x60, { features: 1, bytes: 512, ...fields })).toEqual(['sdb 51 04']);
  });

  it('are not known to a disk without a queue', () => {
    const rig = new AtaRig({ queueDepth: 0 });
    expect(rig.run(0x60, { features: 1, bytes: 512 })).toEqual(['d2h 51 04']);
  });

  it('and others do not mix: a host that mixes them loses both', () => {
    const rig = new AtaRig({ latency: slow });
    rig.queue(1, false, 0);
    rig.issue(FLUSH_EXT);
    expect(rig.drain()).toEqual(['d2h 51 04']);
    rig.issue(READ_EXT, { count: 1, bytes: 512 });
    rig.queue(1, false, 0);
    expect(rig.drain()).toEqual(['d2h 51 04']);
    expect(rig.run(FLUSH_EXT)).toEqual(['d2h 50']);
  });
});

describe('a link reset', () => {
  it('drops what is in flight and sends the signature', () => {
    const rig = new AtaRig({ latency: slow });
    rig.queue(0, true, 0);
    rig.disk.comreset(0);
    expect(rig.frames).toEqual([]);
    expect(rig.drain()).toEqual(['d2h 50 01']);
    expect(rig.medium.volatileSectors).toBe(0);
  });

  it('starts a stopped queue again', () => {
    const rig = new AtaRig();
    rig.medium.failReads(9, 1);
    rig.queue(5, false, 9);
    rig.drain();
    rig.disk.comreset(0);
    rig.drain();
    rig.queue(5, false, 8);
    expect(rig.drain()).toEqual(['sdb 00000020']);
  });
});

describe('a soft reset', () => {
  const control = (srst: boolean) => {
    const fis = new Uint8Array(FIS_BYTES);
    buildControlFis(fis, srst);
    return fis;
  };

  it('drops what is in flight, holds while its bit is set, and then sends the signature', () => {
    const rig = new AtaRig({ latency: slow });
    rig.queue(0, true, 0);
    rig.issueRaw(control(true));
    rig.queue(1, true, 8);
    expect(rig.drain()).toEqual([]);
    rig.issueRaw(control(false));
    expect(rig.drain()).toEqual(['d2h 50 01']);
    expect(rig.medium.volatileSectors).toBe(0);
    rig.queue(1, true, 8);
    expect(rig.drain()).toEqual(['sdb 00000002']);
  });
});

it.each([
  [3, 0, 3],
  [3, 2, 2],
  [2, 3, 2],
  [3, 1, 1],
])(
  'a link of a generation %i disk with a limit of %i runs at %i',
  (linkGeneration, limit, speed) => {
    const rig = new AtaRig({ linkGeneration });
    expect(rig.disk.linkSpeed).toBe(linkGeneration);
    rig.disk.comreset(limit);
    expect(rig.disk.linkSpeed).toBe(speed);
  },
);

describe('TRIM', () => {
  const filled = (rig: AtaRig) =>
    Array.from({ length: 8 }, (_, i) => (rig.medium.peek(i, 1)[0] === 0 ? 0 : 1)).join('');

  function trimRig(options: Partial<AtaDiskOptions> = {}): AtaRig {
    const rig = new AtaRig(options);
    rig.memory.fill(0, 0x77, 4096);
    rig.run(WRITE_EXT, { count: 8, bytes: 4096 });
    const list = new Uint8Array(512);
    putTrimList(list, 2, 3);
    rig.memory.store(0, list, 0, 512);
    return rig;
  }

  it('zeroes sectors, alone and among queued commands', () => {
    const rig = trimRig();
    expect(rig.run(0x06, { features: 1, count: 1, bytes: 512 })).toEqual(['d2h 50']);
    expect(filled(rig)).toBe('11000111');
    const queued = trimRig();
    const fis = new Uint8Array(FIS_BYTES);
    buildQueuedTrimFis(fis, 7);
    queued.issueRaw(fis, 512, 7);
    expect(queued.drain()).toEqual(['sdb 00000080']);
    expect(filled(queued)).toBe('11000111');
  });

  it.each([
    ['without its bit', { features: 0, count: 1, bytes: 512 }, {}, ['d2h 51 04']],
    ['of two blocks', { features: 1, count: 2, bytes: 1024 }, {}, ['d2h 51 04']],
    ['without its list', { features: 1, count: 1, bytes: 511 }, {}, ['d2h 51 84']],
    ['where there is none', { features: 1, count: 1, bytes: 512 }, { trim: 'none' }, ['d2h 51 04']],
  ] as const)('%s is refused', (_, fields, options, frames) => {
    const rig = trimRig(options);
    expect(rig.run(0x06, fields)).toEqual(frames);
    expect(filled(rig)).toBe('11111111');
  });

  it('past the end touches nothing, and stops the queue when it was queued', () => {
    const rig = trimRig();
    const list = new Uint8Array(512);
    putTrimList(list, 0, 4);
    list.set([0xff, 7, 0, 0, 0, 0, 2, 0], 8);
    rig.memory.store(0, list, 0, 512);
    const fis = new Uint8Array(FIS_BYTES);
    buildQueuedTrimFis(fis, 3);
    rig.issueRaw(fis, 512, 3);
    expect(rig.drain()).toEqual(['sdb 51 10']);
    expect(filled(rig)).toBe('11111111');
  });

  it('is queued only where the log says so', () => {
    const log = { lba: 0x13, count: 1, bytes: 512 };
    const rig = trimRig();
    expect(rig.run(0x2f, log)).toEqual(['pio']);
    expect(canQueueTrim(page(rig))).toBe(true);
    for (const options of [{ trim: 'plain' }, { queueDepth: 0 }] as const) {
      expect(trimRig(options).run(0x2f, log)).toEqual(['d2h 51 04']);
    }
  });
});

describe('a disk', () => {
  it('ignores frames without a command, and slots that are in use or do not exist', () => {
    const rig = new AtaRig({ latency: slow });
    rig.issueRaw(new Uint8Array(20));
    rig.issueRaw(new Uint8Array(3));
    const control = new Uint8Array(20);
    control[0] = 0x27;
    rig.issueRaw(control);
    rig.issue(FLUSH_EXT, { slot: 32 });
    rig.issue(FLUSH_EXT, { slot: -1 });
    expect(rig.drain()).toEqual([]);
    rig.queue(1, false, 0);
    rig.queue(1, true, 5);
    expect(rig.drain()).toEqual(['sdb 00000002']);
  });

  it('refuses options that it cannot use', () => {
    const { executor, medium } = new AtaRig();
    expect(() => new AtaDisk(executor, { medium, queueDepth: 33 })).toThrow(ConfigError);
  });

  it('answers any frames without a throw, a hang, or a touch of memory that was not named', () => {
    const commands = [0x06, 0x64, 0x25, 0x35, 0x3d, 0x60, 0x61, 0x2f, 0xc8, 0xca, 0xea, 0xec, 0xef];
    const frame = fc.record({
      bytes: fc.nat(2048),
      slot: fc.integer({ min: -1, max: 33 }),
      command: fc.oneof(fc.constantFrom(...commands), fc.nat(255)),
      rest: fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1), fc.nat(255)), {
        minLength: 17,
        maxLength: 17,
      }),
      isValid: fc.constantFrom(true, true, true, false),
      reset: fc.constantFrom(false, false, false, false, true),
    });
    checkProperty(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (frames) => {
        const rig = new AtaRig({ latency: slow });
        rig.memory.fill(0, 0xee, ATA_MEMORY_BYTES);
        for (const { bytes, slot, command, rest, isValid, reset } of frames) {
          const head = isValid ? [0x27, 0x80, command] : [command, command, command];
          rig.issueRaw(Uint8Array.from([...head, ...rest]), bytes, slot);
          if (reset) rig.disk.comreset(0);
          if (command % 3 === 0) rig.executor.runUntilIdle();
        }
        rig.executor.runUntilIdle();
        const beyond = new Uint8Array(2048);
        rig.memory.load(2048, beyond, 0, 2048);
        expect(beyond.every((byte) => byte === 0xee)).toBe(true);
        rig.disk.comreset(0);
        rig.drain();
        expect(rig.run(IDENTIFY, { bytes: 512 })).toEqual(['pio']);
      }),
      runs(150, 3_000),
    );
  });
});
