import { describe, expect, it } from 'vitest';
import { DiscardMode, ScsiProbe } from '../../src/block-drivers/scsi-probe.ts';
import { ScsiDisk, type ScsiDiskOptions } from '../../src/devices/scsi-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import type { ScsiDevice, ScsiTask } from '../../src/interfaces/scsi-task.ts';
import { storeSg } from '../../src/memory/sg-copy.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { makeTask } from '../../src/sim/task.ts';
import { Asc, buildSense, ScsiStatus, SenseKey } from '../../src/wire/scsi.ts';

type Reply = readonly number[] | 'aborted' | 'refused' | 'not ready' | 'attention';

/** A disk that answers some operation codes as the test says: bytes, or a failure; the last reply stands. */
function makeRig(
  replies: Record<number, Reply[]> = {},
  {
    writeCache = true,
    sectorBytes = 512,
    ...options
  }: Partial<ScsiDiskOptions> & {
    writeCache?: boolean;
    sectorBytes?: number;
  } = {},
) {
  const executor = new SimExecutor();
  const medium = new SparseMedium({ sectorCount: 1024, writeCache, sectorBytes });
  const disk = new ScsiDisk(executor, { medium, ...options });
  const opcodes: number[] = [];
  const device: ScsiDevice = {
    submit(task) {
      const opcode = task.cdb[0]!;
      opcodes.push(opcode);
      const list = replies[opcode];
      const reply = list === undefined || list.length > 1 ? list?.shift() : list[0];
      if (reply === undefined) return disk.submit(task);
      executor.post(makeTask('reply', () => answer(task, reply)));
    },
    abort: (task) => disk.abort(task),
    reset: (scope, done) => disk.reset(scope, done),
  };
  const probe = new ScsiProbe(executor, device, 'probe');
  let outcome: string | undefined = 'never ended';
  probe.start((failure) => {
    outcome = failure;
  });
  executor.runUntilIdle();
  return { probe, outcome, opcodes, executor };
}

function answer(task: ScsiTask, reply: Reply): void {
  task.status = 2;
  task.senseLength = 0;
  if (reply === 'refused') {
    task.senseLength = buildSense(task.sense, SenseKey.illegalRequest, Asc.invalidOpcode, -1);
  } else if (reply === 'aborted') {
    task.status = ScsiStatus.taskAborted;
  } else if (reply === 'not ready') {
    task.senseLength = buildSense(task.sense, SenseKey.notReady, Asc.becomingReady, -1);
  } else if (reply === 'attention') {
    task.senseLength = buildSense(task.sense, SenseKey.unitAttention, Asc.powerOn, -1);
  } else {
    task.status = 0;
    const bytes = Uint8Array.from(reply);
    storeSg(task.memory, task.data, 0, bytes, 0, Math.min(bytes.length, task.data.byteLength));
  }
  task.end(task);
}

describe('probing', () => {
  it('asks in order, once more after the unit attention, and learns the limits', () => {
    const { probe, outcome, opcodes } = makeRig({}, { physicalBytes: 4096, maxTransferBlocks: 64 });
    expect(outcome).toBeUndefined();
    expect(opcodes).toEqual([0x12, 0, 0, 0x25, 0x9e, 0x12, 0x12, 0x12, 0x1a]);
    expect(probe.capacitySectors).toBe(1024);
    expect(probe.limits).toMatchObject({
      logicalBlockSize: 512,
      physicalBlockSize: 4096,
      maxSectors: 64,
      writeCache: true,
      fua: true,
    });
  });

  it.each([
    [true, true, true, true],
    [true, false, true, false],
    [false, true, false, false],
  ])('with cache %s and DPOFUA %s finds %s and %s', (writeCache, fua, cached, usesFua) => {
    const { probe } = makeRig({}, { writeCache, fua });
    expect([probe.limits.writeCache, probe.limits.fua]).toEqual([cached, usesFua]);
  });

  it('counts in sectors of 512 bytes', () => {
    const { probe } = makeRig({}, { sectorBytes: 4096, maxTransferBlocks: 16 });
    expect([probe.capacitySectors, probe.limits.maxSectors]).toEqual([8192, 128]);
    expect(probe.limits.logicalBlockSize).toBe(4096);
  });

  it.each([
    ['UNMAP', {}, 'unmap', 0x40_0000, 0x1_0000],
    ['no UNMAP', { unmap: false }, 'writeSame16', 0x1_0000, 0x1_0000],
    ['WRITE SAME(10) alone', { unmap: false, writeSame16: false }, 'writeSame10', 0xffff, 0x1_0000],
    [
      'nothing of the kind',
      { unmap: false, writeSame16: false, writeSame10: false, maxWriteSameBlocks: 0 },
      'none',
      0,
      0,
    ],
    ['no page but a limit of UNMAP', { page: false }, 'unmap', 0x40_0000, 0x1_0000],
    ['no page and no limit', { page: false, unmap: false }, 'writeSame16', 0x1_0000, 0x1_0000],
  ] as const)('of a disk with %s finds the mode', (_, provisioning, mode, discard, zeroes) => {
    const { probe } = makeRig({}, { provisioning });
    expect(probe.discardMode).toBe(DiscardMode[mode]);
    expect(probe.limits).toMatchObject({
      maxDiscardSectors: discard,
      discardGranularity: discard === 0 ? 0 : 512,
      maxWriteZeroesSectors: zeroes,
    });
  });

  it('asks for the capacity again after up to ten resets and three other failures', () => {
    const resets = new Array<Reply>(10).fill('attention');
    const large = [0, 0, 0, 9, 0, 0, 2, 0];
    expect(makeRig({ 37: [...resets, large] }).outcome).toBeUndefined();
    expect(makeRig({ 37: [...resets, 'aborted', 'aborted', 'aborted', large] }).outcome).toBe(
      undefined,
    );
    expect(makeRig({ 37: ['aborted'] }).outcome).toBe('capacity10 was refused');
  });

  it('waits for a disk that becomes ready', () => {
    const { outcome, executor } = makeRig({ 0: ['not ready', 'not ready', 'attention', []] });
    expect(outcome).toBeUndefined();
    expect(executor.now).toBe(2_000_000_000);
  });

  it('does without the pages that a disk does not have', () => {
    const { outcome, probe } = makeRig({ 26: ['refused'], 158: ['refused'] });
    expect(outcome).toBeUndefined();
    expect([probe.limits.writeCache, probe.limits.physicalBlockSize]).toEqual([false, 512]);
  });

  it('needs READ CAPACITY(16) where (10) is too short', () => {
    const large = [0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0];
    expect(makeRig({ 37: [large], 158: ['refused'] }).outcome).toBe('capacity16 was refused');
    const huge = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3];
    const { probe } = makeRig({ 37: [large], 158: [huge] });
    expect([probe.capacitySectors, probe.limits.physicalBlockSize]).toEqual([2 ** 32 + 1, 4096]);
  });

  it.each([
    ['that is no disk', { 18: [[5]] }, 'no disk at this unit'],
    ['that never becomes ready', { 0: ['not ready'] }, 'ready was refused'],
    ['that always has a unit attention', { 0: ['attention'] }, 'ready was refused'],
    [
      'of strange blocks',
      { 158: ['refused'], 37: [[0, 0, 0, 9, 0, 0, 2, 8]] },
      'blocks of 520 bytes cannot be used',
    ],
  ] as [string, Record<number, Reply[]>, string][])(
    'fails for a unit %s',
    (_, replies, failure) => {
      expect(makeRig(replies).outcome).toBe(failure);
    },
  );
});
