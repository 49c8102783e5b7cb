import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DSM_RANGE_BYTES, dsmRange } from '../../../../src/wire/nvme-logs.ts';
import { IoOpcode } from '../../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { ZoneSendAction, ZoneSendFlag, ZoneState } from '../../../../src/wire/nvme-zoned.ts';
import { checkProperty, runs } from '../../../support/runs.ts';
import { type ModelShape, ZoneModel } from './zone-model.ts';
import { BLOCK, BUFFER, ZoneRig } from './zone-rig.ts';

const { close, finish, open, reset, offline, setExtension, commit } = ZoneSendAction;

const arbitraryShape: fc.Arbitrary<ModelShape> = fc
  .record({
    zoneBlocks: fc.integer({ min: 1, max: 11 }),
    gap: fc.integer({ min: 0, max: 4 }),
    zoneCount: fc.integer({ min: 1, max: 6 }),
    maxActive: fc.integer({ min: 0, max: 4 }),
    openShare: fc.integer({ min: 0, max: 4 }),
    extensionBytes: fc.constantFrom(0, 64, 128),
    readAcross: fc.boolean(),
    implicitClose: fc.boolean(),
    zrwa: fc.option(
      fc.record({
        steps: fc.integer({ min: 1, max: 3 }),
        granularity: fc.integer({ min: 1, max: 3 }),
        count: fc.integer({ min: 1, max: 3 }),
      }),
      { nil: undefined },
    ),
  })
  .map(({ gap, openShare, zrwa, ...rest }) => {
    const zoneCapacity = Math.max(1, rest.zoneBlocks - gap);
    const blocks = zrwa === undefined ? 0 : zrwa.steps * zrwa.granularity;
    const { maxActive } = rest;
    return {
      ...rest,
      zoneCapacity,
      maxOpen: maxActive === 0 ? openShare : Math.max(1, Math.min(openShare, maxActive)),
      zrwa:
        zrwa === undefined || blocks > zoneCapacity
          ? undefined
          : { blocks, granularity: zrwa.granularity, count: zrwa.count },
    };
  });

type Step =
  | { op: 'write' | 'zeroes' | 'append' | 'read' | 'trim'; zone: number; at: number; count: number }
  | { op: 'writeAtPointer'; zone: number; count: number }
  | { op: 'send'; zone: number; at: number; action: number; zrwa: boolean }
  | { op: 'all'; action: number }
  | { op: 'fail'; zone: number; state: 13 | 15 };

const zone = fc.nat(6);
const at = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(11));
const count = fc.integer({ min: 1, max: 6 });
const action = fc.constantFrom(close, finish, open, reset, offline, setExtension, commit);
const arbitrarySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ op: fc.constantFrom('write', 'zeroes', 'read', 'trim'), zone, at, count }),
    fc.record({ op: fc.constant('append'), zone, at, count }),
    fc.record({ op: fc.constant('writeAtPointer'), zone, count }),
    fc.record({ op: fc.constant('writeAtPointer'), zone, count }),
    fc.record({ op: fc.constant('send'), zone, at, action, zrwa: fc.boolean() }),
    fc.record({
      op: fc.constant('all'),
      action: fc.constantFrom(close, finish, open, reset, offline),
    }),
    fc.record({ op: fc.constant('fail'), zone, state: fc.constantFrom(13, 15) }),
  ),
  { maxLength: 40, size: 'max' },
);

class Twins {
  readonly rig: ZoneRig;
  readonly model: ZoneModel;
  #tag = 1;

  constructor(shape: ModelShape) {
    const { zrwa, zoneCount, ...rest } = shape;
    this.rig = new ZoneRig(zrwa === undefined ? rest : { ...rest, zrwa }, zoneCount);
    this.model = new ZoneModel(shape);
  }

  step(step: Step): void {
    const { rig, model } = this;
    const { zoneBlocks, zoneCount } = model.shape;
    switch (step.op) {
      case 'write':
      case 'writeAtPointer':
      case 'append':
      case 'zeroes': {
        const wp = model.zones[step.zone]?.wp ?? 0;
        const from = step.op === 'writeAtPointer' ? wp : step.at;
        const lba = step.zone * zoneBlocks + from;
        this.#put(step.op, lba, step.count);
        return;
      }
      case 'read': {
        const lba = step.zone * zoneBlocks + step.at;
        const wanted = model.read(lba, step.count);
        const got = rig.read(lba, step.count);
        expect(got.code).toBe(wanted.status);
        if (wanted.status === 0) expect(got.tags).toEqual(wanted.tags);
        return;
      }
      case 'trim': {
        const lba = step.zone * zoneBlocks + step.at;
        expect(trim(rig, lba, step.count)).toBe(model.deallocate(lba, step.count));
        return;
      }
      case 'send': {
        const lba = step.zone * zoneBlocks + step.at;
        const flags = step.zrwa ? ZoneSendFlag.allocateZrwa : 0;
        const withZrwa = step.zrwa && step.action === open;
        rig.memory.fill(BUFFER, this.#tag, 128);
        const code = rig.send(step.action, lba, flags, 128);
        expect(code).toBe(model.send(step.action, lba, withZrwa, this.#tag));
        this.#tag = (this.#tag % 200) + 1;
        return;
      }
      case 'all':
        expect(rig.sendAll(step.action)).toBe(model.sendAll(step.action));
        return;
      default:
        if (step.zone >= zoneCount) return;
        rig.zones.fail(step.zone, step.state);
        model.fail(step.zone, step.state);
    }
  }

  #put(op: 'write' | 'writeAtPointer' | 'append' | 'zeroes', lba: number, blocks: number): void {
    const { rig, model } = this;
    const tags = Array.from({ length: blocks }, (_, i) => (op === 'zeroes' ? 0 : this.#tag + i));
    if (op === 'append') {
      const wanted = model.append(lba, tags);
      const got = rig.append(lba, blocks, this.#tag);
      expect(got).toEqual({
        code: wanted.status,
        dw0: wanted.status === 0 ? wanted.lba : 0,
        dw1: 0,
      });
    } else {
      const got =
        op === 'zeroes'
          ? rig.do({ opc: IoOpcode.writeZeroes, cdw10: lba, cdw12: blocks - 1 })
          : rig.write(lba, blocks, this.#tag);
      expect(got.code).toBe(model.write(lba, tags));
    }
    this.#tag = (this.#tag % 200) + 7;
  }

  /** Descriptors, extensions, counters and every block that can be read. */
  compare(): void {
    const { rig, model } = this;
    const { zoneBlocks, zoneCapacity, extensionBytes } = model.shape;
    const entry = 64 + extensionBytes;
    const bytes = 64 + model.zones.length * entry;
    const report = rig.report(0, bytes, extensionBytes > 0 ? 1 : 0);
    expect(report.code).toBe(0);
    expect(rig.all()).toEqual(
      model.zones.map((each, index) => ({
        type: 2,
        state: each.state,
        attributes: (each.hasZrwa ? 8 : 0) | (each.extension > 0 ? 128 : 0),
        zcap: zoneCapacity,
        zslba: index * zoneBlocks,
        wp: each.state < ZoneState.readOnly ? index * zoneBlocks + each.wp : 2 ** 53,
      })),
    );
    for (const [index, each] of model.zones.entries()) {
      for (let i = 0; i < extensionBytes; i++) {
        expect(report.view.getUint8(64 + index * entry + 64 + i)).toBe(each.extension);
      }
      if (each.state === ZoneState.offline) continue;
      expect(rig.read(index * zoneBlocks, zoneBlocks)).toEqual({ code: 0, tags: each.blocks });
    }
    const isOpen = (state: number) => state === 2 || state === 3;
    const opened = model.zones.filter(({ state }) => isOpen(state)).length;
    const closed = model.zones.filter(({ state }) => state === ZoneState.closed).length;
    const areas = model.zones.filter(({ hasZrwa }) => hasZrwa).length;
    const { openCount, activeCount, zrwaCount } = rig.zones;
    expect({ openCount, activeCount, zrwaCount }).toEqual({
      openCount: opened,
      activeCount: opened + closed,
      zrwaCount: areas,
    });
  }
}

function trim(rig: ZoneRig, lba: number, blocks: number): number {
  const range = new Uint8Array(DSM_RANGE_BYTES);
  dsmRange.nlb.set(new DataView(range.buffer), 0, blocks);
  dsmRange.slba.set(new DataView(range.buffer), 0, lba);
  rig.memory.store(BUFFER, range, 0, range.length);
  return rig.do({ opc: IoOpcode.datasetManagement, cdw11: 4, bytes: range.length }).code;
}

describe('a zoned namespace', () => {
  it('agrees with a model of zones in state, write pointer, status and data after any commands', () => {
    checkProperty(
      fc.property(arbitraryShape, arbitrarySteps, (shape, steps) => {
        const twins = new Twins(shape);
        for (const step of steps) twins.step(step);
        twins.compare();
      }),
      runs(80, 800),
    );
  });

  it('never throws, and ends each command once, for any words', () => {
    const word = fc.oneof(
      fc.integer(),
      fc.integer({ min: 0, max: 64 }),
      fc.constantFrom(-1, 0x7fff_ffff, 0x103, 0x203, 0x110, 0x111, 0x1_0001),
    );
    const entry = fc.tuple(
      fc.constantFrom(1, 2, 5, 8, 9, 0xc, 0x79, 0x7a, 0x7d),
      fc.constantFrom(1, 1, 1, 2, 3, 0, -1),
      word,
      fc.constantFrom(0, 0, 0, 1, -1),
      word,
      word,
      fc.nat(9_000),
    );
    checkProperty(
      fc.property(arbitraryShape, fc.array(entry, { maxLength: 30 }), (shape, entries) => {
        const { rig } = new Twins(shape);
        for (const [opc, nsid, cdw10, cdw11, cdw12, cdw13, bytes] of entries) {
          rig.do({ opc, nsid, cdw10, cdw11, cdw12, cdw13, bytes });
        }
        const open = rig.zones.openCount;
        const { maxOpen, maxActive } = rig.zones.shape;
        expect(maxOpen === 0 || open <= maxOpen).toBe(true);
        expect(maxActive === 0 || rig.zones.activeCount <= maxActive).toBe(true);
      }),
      runs(80, 1_500),
    );
  });
});

describe('zoned I/O', () => {
  const make = () => new ZoneRig({ zoneBlocks: 10, zoneCapacity: 7 }, 3);

  it('reads zeroes where nobody wrote, beside what somebody did, in one command', () => {
    const rig = make();
    rig.write(0, 3, 5);
    rig.write(10, 2, 9);
    expect(rig.read(1, 12)).toEqual({ code: 0, tags: [6, 7, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0] });
  });

  it('shows nothing of what a zone held before it was reset', () => {
    const rig = make();
    rig.write(0, 7, 5);
    rig.send(reset, 0);
    rig.append(0, 2, 20);
    expect(rig.read(0, 7).tags).toEqual([20, 21, 0, 0, 0, 0, 0]);
  });

  it('keeps several writes of one zone in flight, each at the pointer that the one before leaves', () => {
    const rig = make();
    const commands = [0, 2, 4].map((lba) =>
      rig.command({ opc: IoOpcode.write, cdw10: lba, cdw12: 1, bytes: 2 * BLOCK }),
    );
    for (const command of commands) rig.controller.submit(command);
    rig.executor.runUntilIdle();
    expect(commands.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(rig.zones.writePointer(0)).toBe(6);
  });

  it('returns the whole block address of an append beyond 2^32', () => {
    const rig = new ZoneRig({ zoneBlocks: 2 ** 31 - 1 }, 5);
    const zslba = 4 * (2 ** 31 - 1);
    const command = rig.command({
      opc: IoOpcode.zoneAppend,
      cdw10: zslba | 0,
      cdw11: 1,
      bytes: BLOCK,
    });
    rig.zones.write(4, 0, 9);
    rig.controller.submit(command);
    expect([command.dw0 >>> 0, command.dw1]).toEqual([5, 2]);
  });

  it('compares and verifies blocks that nobody wrote as zeroes', () => {
    const rig = make();
    rig.write(0, 1, 5);
    rig.memory.fill(BUFFER, 0, 4 * BLOCK);
    const compare = { opc: IoOpcode.compare, cdw10: 1, cdw12: 3, bytes: 4 * BLOCK };
    expect(rig.do(compare).code).toBe(NvmeStatus.success);
    expect(rig.do({ ...compare, cdw10: 0 }).code).toBe(NvmeStatus.compareFailure);
    rig.memory.fill(BUFFER + 3 * BLOCK, 1, 1);
    expect(rig.do(compare).code).toBe(NvmeStatus.compareFailure);
    expect(rig.do({ opc: IoOpcode.verify, cdw10: 0, cdw12: 20 }).code).toBe(NvmeStatus.success);
  });

  it('ends with Data Transfer Error where zeroes have no place to go', () => {
    const rig = make();
    const fields = { opc: IoOpcode.read, cdw12: 1, bytes: 2 * BLOCK, gpa: 0x7000_0000 };
    expect(rig.do(fields).code).toBe(NvmeStatus.dataTransferError);
    rig.write(0, 1);
    const half = { ...fields, gpa: 0x10_0000 - BLOCK };
    expect(rig.do(half).code).toBe(NvmeStatus.dataTransferError);
  });

  it('takes the pointer back when the newest write of a zone fails, and only then', () => {
    const rig = make();
    const fields = { opc: IoOpcode.write, cdw12: 1, bytes: 2 * BLOCK };
    const bad = { ...fields, gpa: 0x7000_0000 };
    expect(rig.do(bad).code).toBe(NvmeStatus.dataTransferError);
    expect(rig.zones.writePointer(0)).toBe(0);
    expect(rig.read(0, 2).tags).toEqual([0, 0]);
    const [first, second] = [rig.command(bad), rig.command({ ...fields, cdw10: 2 })];
    rig.controller.submit(first);
    rig.controller.submit(second);
    rig.executor.runUntilIdle();
    expect([first.status === 0, second.status]).toEqual([false, 0]);
    expect(rig.zones.writePointer(0)).toBe(4);
    const late = rig.command({ ...bad, cdw10: 4 });
    rig.controller.submit(late);
    rig.zones.act(0, reset, false);
    rig.zones.write(0, 0, 6);
    rig.executor.runUntilIdle();
    expect(rig.zones.writePointer(0)).toBe(6);
  });

  it('copies to the write pointer, from blocks that were written and others', () => {
    const rig = new ZoneRig({ zoneBlocks: 10, zoneCapacity: 7 }, 3, {
      capabilities: { copyFormats: 1 },
    });
    rig.write(0, 2, 5);
    const copy = (destination: number, ranges: readonly [slba: number, count: number][]) => {
      const bytes = new Uint8Array(32 * ranges.length);
      const view = new DataView(bytes.buffer);
      for (const [i, [slba, blocks]] of ranges.entries()) {
        view.setUint32(32 * i + 8, slba, true);
        view.setUint16(32 * i + 16, blocks - 1, true);
      }
      rig.memory.store(BUFFER, bytes, 0, bytes.length);
      return rig.do({
        opc: IoOpcode.copy,
        cdw10: destination,
        cdw12: ranges.length - 1,
        bytes: bytes.length,
      });
    };
    expect(copy(11, [[0, 1]])).toMatchObject({ code: NvmeStatus.zoneInvalidWrite, dw0: 0 });
    expect(
      copy(10, [
        [1, 3],
        [25, 2],
        [0, 1],
      ]).code,
    ).toBe(0);
    expect(rig.read(10, 7).tags).toEqual([6, 0, 0, 0, 0, 5, 0]);
    expect(
      copy(16, [
        [0, 1],
        [0, 1],
      ]),
    ).toMatchObject({ code: NvmeStatus.zoneFull, dw0: 1 });
    expect(rig.read(16, 1).tags).toEqual([5]);
  });

  it('takes Write Uncorrectable as a write, which a reset undoes', () => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3, { capabilities: { writeUncorrectable: true } });
    const spoil = (lba: number) => rig.do({ opc: IoOpcode.writeUncorrectable, cdw10: lba }).code;
    expect(spoil(1)).toBe(NvmeStatus.zoneInvalidWrite);
    expect(spoil(0)).toBe(0);
    expect(rig.zones.writePointer(0)).toBe(1);
    expect(rig.read(0, 2).code).toBe(NvmeStatus.unrecoveredReadError);
    rig.send(reset, 0);
    expect(rig.read(0, 2)).toEqual({ code: 0, tags: [0, 0] });
  });

  it('takes no fused pair', () => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3, { capabilities: { fusedCompareWrite: true } });
    const fields = { cdw12: 0, bytes: BLOCK };
    const compare = rig.command({ ...fields, opc: IoOpcode.compare });
    const write = rig.command({ ...fields, opc: IoOpcode.write });
    rig.controller.submitFused(compare, write);
    rig.executor.runUntilIdle();
    expect([compare.status & 0x7ff, write.status & 0x7ff]).toEqual([
      NvmeStatus.invalidField,
      NvmeStatus.abortedFailedFused,
    ]);
    expect(rig.zones.writePointer(0)).toBe(0);
  });

  it('has empty zones after a format', () => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3, { capabilities: { formatNvm: true } });
    rig.write(0, 4);
    expect(rig.do({ opc: 0x80, queueId: 0 }).code).toBe(0);
    expect(rig.all()[0]).toMatchObject({ state: ZoneState.empty, wp: 0 });
    expect(rig.read(0, 4).tags).toEqual([0, 0, 0, 0]);
  });

  it('has the zone commands only where CC.CSS selects all command sets', () => {
    const rig = make();
    rig.controller.enable({ cc: 1 });
    expect(rig.send(open, 0)).toBe(NvmeStatus.invalidOpcode);
    expect(rig.append(0, 1).code).toBe(NvmeStatus.invalidOpcode);
    expect(rig.report(0, 128).code).toBe(NvmeStatus.invalidOpcode);
    expect(rig.write(1, 1).code).toBe(NvmeStatus.zoneInvalidWrite);
  });

  it('refuses the zone commands on a namespace without zones', () => {
    const rig = make();
    for (const opc of [0x79, 0x7a, 0x7d]) {
      expect(rig.do({ opc, nsid: 2, bytes: BLOCK }).code).toBe(NvmeStatus.invalidOpcode);
      expect(rig.do({ opc, nsid: 3, bytes: BLOCK }).code).toBe(NvmeStatus.invalidField);
      expect(rig.do({ opc, nsid: 9, bytes: BLOCK }).code).toBe(NvmeStatus.invalidNamespace);
    }
  });

  it('keeps appends within their own limit', () => {
    const rig = new ZoneRig({ zoneBlocks: 100 }, 2, {
      maxTransferBytes: 16_384,
      maxAppendBytes: 8192,
    });
    expect(rig.append(0, 16).code).toBe(NvmeStatus.success);
    expect(rig.append(0, 17).code).toBe(NvmeStatus.invalidField);
    expect(rig.write(16, 17).code).toBe(NvmeStatus.success);
  });
});

describe('a random write area', () => {
  const zrwa = { blocks: 4, granularity: 2, count: 1 };

  it('reads zeroes between scattered writes where the medium held older data', () => {
    const rig = new ZoneRig({ zoneBlocks: 12, zrwa }, 2);
    rig.write(0, 12, 50);
    rig.send(reset, 0);
    expect(rig.send(open, 0, ZoneSendFlag.allocateZrwa)).toBe(0);
    rig.write(5, 1, 7);
    expect(rig.read(0, 8).tags).toEqual([0, 0, 0, 0, 0, 7, 0, 0]);
  });

  it('lets no write and no action in while the medium is made to hold zeroes', () => {
    const rig = new ZoneRig({ zoneBlocks: 12, zrwa }, 2);
    rig.write(0, 12, 50);
    rig.send(reset, 0);
    const opens = rig.command({
      opc: IoOpcode.zoneManagementSend,
      cdw13: open | ZoneSendFlag.allocateZrwa,
    });
    rig.controller.submit(opens);
    const early = [
      rig.command({ opc: IoOpcode.write, cdw12: 0, bytes: BLOCK }),
      rig.command({ opc: IoOpcode.zoneManagementSend, cdw13: reset }),
      rig.command({ opc: IoOpcode.zoneManagementSend, cdw13: reset | ZoneSendFlag.selectAll }),
    ];
    for (const command of early) rig.controller.submit(command);
    rig.executor.runUntilIdle();
    expect(early.map(({ status }) => status)).toEqual(
      early.map(() => NvmeStatus.commandInterrupted),
    );
    expect(rig.write(0, 1, 3).code).toBe(0);
  });

  it('leaves the zone empty when the medium cannot be zeroed', () => {
    let isBroken = false;
    const rig = new ZoneRig({ zoneBlocks: 12, zrwa }, 2, {}, (inner) => ({
      ...inner,
      submit: (command) => {
        if (isBroken) command.memory = { ...command.memory } as never;
        inner.submit(isBroken && command.op === 4 ? Object.assign(command, { op: 9 }) : command);
      },
    }));
    rig.write(0, 3);
    rig.send(reset, 0);
    isBroken = true;
    expect(rig.send(open, 0, ZoneSendFlag.allocateZrwa)).not.toBe(0);
    expect(rig.all()[0]).toMatchObject({ state: ZoneState.empty, attributes: 0 });
    expect(rig.zones.zrwaCount).toBe(0);
  });
});
