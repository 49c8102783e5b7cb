import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/assert.ts';
import { FixedLatency } from '../../src/devices/fixed-latency.ts';
import { ScsiDisk } from '../../src/devices/scsi-disk.ts';
import { AbortResult } from '../../src/interfaces/request.ts';
import { ScsiResetScope } from '../../src/interfaces/scsi-task.ts';
import { Asc, ScsiStatus } from '../../src/wire/scsi.ts';
import { checkProperty, runs } from '../support/runs.ts';
import { outcome, SCSI_MEMORY_BYTES, ScsiRig } from './scsi-rig.ts';

/** READ or WRITE of 10 bytes. */
const rw10 = (op: number, lba: number, blocks: number, flags = 0) => [
  op,
  flags,
  lba >>> 24,
  (lba >>> 16) & 255,
  (lba >>> 8) & 255,
  lba & 255,
  0,
  blocks >>> 8,
  blocks & 255,
  0,
];
const TEST_UNIT_READY = [0, 0, 0, 0, 0, 0];

describe('reads and writes', () => {
  it.each([
    ['6', [0x0a, 0, 0, 5, 2, 0], [0x08, 0, 0, 5, 2, 0]],
    ['10', rw10(0x2a, 5, 2), rw10(0x28, 5, 2)],
    ['12', [0xaa, 0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0], [0xa8, 0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0]],
    [
      '16',
      [0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0],
      [0x88, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0],
    ],
  ])('of %s bytes move blocks', (_, write, read) => {
    const rig = new ScsiRig().ready();
    rig.memory.fill(0, 0x5a, 1024);
    const written = rig.run(write, 1024);
    expect([outcome(written), written.residualBytes]).toEqual(['good', 0]);
    expect([rig.medium.peek(4, 1)[0], rig.medium.peek(5, 1)[0], rig.medium.peek(7, 1)[0]]).toEqual([
      0, 0x5a, 0,
    ]);
    rig.memory.fill(0, 0, 1024);
    const got = rig.run(read, 1536);
    expect([outcome(got), got.residualBytes]).toEqual(['good', 512]);
    expect(rig.bytes(1024).every((byte) => byte === 0x5a)).toBe(true);
  });

  it('of 6 bytes take a length of 0 for 256 blocks, of 10 bytes for none', () => {
    const rig = new ScsiRig().ready();
    const six = rig.run([0x08, 0, 0, 0, 0, 0], 256 * 512);
    expect([outcome(six), six.residualBytes]).toEqual(['good', 0]);
    const ten = rig.run(rw10(0x28, 0, 0), 512);
    expect([outcome(ten), ten.residualBytes]).toEqual(['good', 512]);
  });

  it.each([
    ['past the end', rw10(0x28, 2047, 2), 1024, '5/2100'],
    [
      'at an LBA of 64 bits',
      [0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1],
      512,
      '5/2100',
    ],
    ['with protection', rw10(0x28, 0, 1, 0x20), 512, '5/2400'],
    ['with NACA', [...rw10(0x28, 0, 1).slice(0, 9), 4], 512, '5/2400'],
    ['longer than the disk takes', [0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], 512, '5/2400'],
    ['without enough memory', rw10(0x28, 0, 2), 512, 'b/4b00'],
    ['of what is not known', [0xc1], 0, '5/2000'],
  ] as const)('%s are refused', (_, cdb, bytes, sense) => {
    const rig = new ScsiRig().ready();
    const task = rig.run(cdb, bytes);
    expect(outcome(task)).toBe(sense);
    expect(task.residualBytes).toBe(bytes);
  });

  it('of bad sectors say which one', () => {
    const rig = new ScsiRig().ready();
    rig.medium.failReads(6, 1);
    rig.medium.failWrites(7, 1);
    const read = rig.run(rw10(0x28, 4, 4), 2048);
    expect(outcome(read)).toBe('3/1100');
    expect([...read.sense.subarray(0, 7)]).toEqual([0xf0, 0, 3, 0, 0, 0, 6]);
    const write = rig.run(rw10(0x2a, 4, 4), 2048);
    expect(outcome(write)).toBe('3/0c00');
    expect(write.sense[6]).toBe(7);
  });

  it('of unmapped memory fail without a change', () => {
    const rig = new ScsiRig().ready();
    const task = rig.task(rw10(0x28, 0, 1));
    task.data.pushAddress(2 ** 40, 512);
    rig.disk.submit(task);
    rig.executor.runUntilIdle();
    expect(outcome(task)).toBe('b/4b00');
  });

  it('with FUA are durable at once, others when the cache is synchronized', () => {
    const rig = new ScsiRig().ready();
    rig.run(rw10(0x2a, 0, 1, 0x08), 512);
    expect(rig.medium.volatileSectors).toBe(0);
    rig.run(rw10(0x2a, 1, 1), 512);
    expect(rig.medium.volatileSectors).toBe(1);
    expect(outcome(rig.run(rw10(0x35, 0, 0)))).toBe('good');
    expect(rig.medium.volatileSectors).toBe(0);
    rig.run(rw10(0x2a, 1, 1), 512);
    expect(outcome(rig.run([0x91]))).toBe('good');
    expect(rig.medium.volatileSectors).toBe(0);
    expect(outcome(rig.run(rw10(0x35, 2040, 100)))).toBe('5/2100');
  });
});

describe('a unit attention', () => {
  it('of power on is told once, to the first that may hear it', () => {
    const rig = new ScsiRig();
    expect(outcome(rig.run([0x12, 0, 0, 0, 36, 0], 36))).toBe('good');
    expect(outcome(rig.run([0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16], 16))).toBe('good');
    expect(outcome(rig.run(rw10(0x28, 0, 1), 512))).toBe('6/2900');
    expect(outcome(rig.run(rw10(0x28, 0, 1), 512))).toBe('good');
  });

  it('is told by REQUEST SENSE too', () => {
    const rig = new ScsiRig();
    expect(outcome(rig.run([3, 0, 0, 0, 18, 0], 18))).toBe('good');
    expect([rig.bytes(18)[2], rig.bytes(18)[12]]).toEqual([6, 0x29]);
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('good');
    rig.run([3, 0, 0, 0, 18, 0], 18);
    expect([rig.bytes(18)[2], rig.bytes(18)[12]]).toEqual([0, 0]);
  });

  it('that the disk raises is told before the next command', () => {
    const rig = new ScsiRig().ready();
    rig.disk.raiseAttention(Asc.capacityChanged);
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('6/2a09');
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('good');
  });

  it('comes before the time in which the disk is only becoming ready', () => {
    const rig = new ScsiRig({ becomingReadyNs: 5_000 });
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('6/2900');
    expect(outcome(rig.run(rw10(0x28, 0, 1), 512))).toBe('2/0401');
    expect(outcome(rig.run([0x12, 0, 0, 0, 36, 0], 36))).toBe('good');
    rig.executor.runUntil(5_000);
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('good');
  });

  it('follows a reset, which ends the tasks in flight first', () => {
    const rig = new ScsiRig({ latency: new FixedLatency({ readNs: 1000 }) }).ready();
    const tasks = [0, 1].map((lba) => rig.submit(rw10(0x28, lba, 1), 512));
    let done = 0;
    rig.disk.reset(ScsiResetScope.unit, () => {
      done += tasks.filter((task) => task.ends === 1).length;
    });
    expect([done, tasks[0]!.ends]).toEqual([0, 0]);
    rig.executor.runUntilIdle();
    expect(done).toBe(2);
    expect(tasks.map((task) => task.status)).toEqual([0x40, 0x40]);
    expect(outcome(rig.run(TEST_UNIT_READY))).toBe('6/2903');
  });
});

describe('a disk', () => {
  it('works on as many tasks as it has room for and refuses more', () => {
    const latency = new FixedLatency({ readNs: 1000 });
    const rig = new ScsiRig({ queueDepth: 2, latency }).ready();
    const tasks = [0, 1, 2, 3].map((lba) => rig.submit(rw10(0x28, lba, 1), 512));
    expect(tasks.map((task) => task.ends)).toEqual([0, 0, 0, 0]);
    rig.executor.runUntilIdle();
    const full = ScsiStatus.taskSetFull;
    expect(tasks.map((task) => task.status)).toEqual([0, 0, full, full]);
    expect(tasks.map((task) => task.ends)).toEqual([1, 1, 1, 1]);
    expect(rig.executor.now).toBe(1000);
  });

  it('aborts a task that it works on, and knows no other', () => {
    const rig = new ScsiRig({ latency: new FixedLatency({ writeNs: 1000 }) }).ready();
    const task = rig.submit(rw10(0x2a, 0, 1), 512);
    expect(rig.disk.abort(task)).toBe(AbortResult.aborted);
    expect(task.ends).toBe(0);
    rig.executor.runUntilIdle();
    expect([task.ends, task.status]).toEqual([1, ScsiStatus.taskAborted]);
    expect(rig.disk.abort(task)).toBe(AbortResult.unknown);
    expect(rig.medium.volatileSectors).toBe(0);
  });

  it('has one unit', () => {
    const rig = new ScsiRig().ready();
    expect(outcome(rig.run(rw10(0x28, 0, 1), 512, 1))).toBe('5/2500');
    expect(outcome(rig.run(TEST_UNIT_READY, 0, 3))).toBe('5/2500');
    rig.run([0x12, 0, 0, 0, 36, 0], 36, 1);
    expect(rig.bytes(1)).toEqual([0x7f]);
  });

  it('may be given the same task again inside its end', () => {
    const rig = new ScsiRig({ queueDepth: 1 }).ready();
    const task = rig.task(TEST_UNIT_READY);
    let left = 3;
    task.end = () => {
      left -= 1;
      if (left > 0) rig.disk.submit(task);
    };
    rig.disk.submit(task);
    rig.executor.runUntilIdle();
    expect(left).toBe(0);
  });

  it('refuses options that it cannot use', () => {
    const { executor, medium } = new ScsiRig();
    expect(() => new ScsiDisk(executor, { medium, queueDepth: 0 })).toThrow(ConfigError);
    expect(() => new ScsiDisk(executor, { medium, maxTransferBlocks: 4 })).toThrow(ConfigError);
  });

  it('ends every CDB of any bytes once, touching nothing but the data that was named', () => {
    const opcodes = [
      0, 3, 8, 0x0a, 0x12, 0x15, 0x1a, 0x25, 0x28, 0x2a, 0x35, 0x41, 0x42, 0x55, 0x5a, 0x88, 0x8a,
      0x91, 0x93, 0x9e, 0xa0,
    ];
    const cdb = fc.tuple(
      fc.oneof(fc.constantFrom(...opcodes), fc.nat(255)),
      fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1), fc.nat(255)), {
        minLength: 15,
        maxLength: 15,
      }),
    );
    const command = fc.record({ cdb, bytes: fc.nat(2048), lun: fc.constantFrom(0, 0, 0, 1) });
    checkProperty(
      fc.property(fc.array(command, { minLength: 1, maxLength: 12 }), (commands) => {
        const rig = new ScsiRig();
        rig.memory.fill(0, 0xee, SCSI_MEMORY_BYTES);
        const tasks = commands.map(({ cdb: [op, rest], bytes, lun }) =>
          rig.submit([op, ...rest], bytes, lun),
        );
        rig.executor.runUntilIdle();
        for (const task of tasks) {
          expect(task.ends).toBe(1);
          expect(task.residualBytes).toBeGreaterThanOrEqual(0);
          expect(task.residualBytes).toBeLessThanOrEqual(task.data.byteLength);
          expect(task.status === ScsiStatus.checkCondition).toBe(task.senseLength > 0);
        }
        expect(
          rig
            .bytes(4096)
            .slice(2048)
            .every((byte) => byte === 0xee),
        ).toBe(true);
      }),
      runs(150, 3_000),
    );
  });
});
