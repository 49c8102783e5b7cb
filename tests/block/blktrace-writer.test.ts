import { expect, it } from 'vitest';
import { parseBlktrace } from '../../src/block/blktrace-parser.ts';
import { countBlktraceActions, formatBlktrace } from '../../src/block/blktrace-text.ts';
import { BlktraceWriter, deviceNumber } from '../../src/block/blktrace-writer.ts';
import { RequestQueue } from '../../src/block/request-queue.ts';
import { BioFlag, BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { HeldDriver, makeBio, makeMemory, settle } from './rig.ts';

const memory = makeMemory();

function rig(limits = {}) {
  const executor = new SimExecutor();
  const pieces: Uint8Array[] = [];
  const writer = new BlktraceWriter(executor, (bytes) => pieces.push(bytes.slice()), {
    device: deviceNumber(8, 16),
    pid: 77,
    processName: 'a process with a long name',
  });
  const driver = new HeldDriver(limits);
  driver.settle = () => settle(executor);
  const queue = new RequestQueue(executor, driver, { observer: writer });
  const finish = () => {
    writer.flush();
    return parseBlktrace(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
  };
  return { executor, driver, queue, writer, pieces, finish };
}

it('prints as blkparse would: a cut, a merge, a flush around data, an error', () => {
  const { executor, driver, queue, finish } = rig({ maxSectors: 8, writeCache: true });
  const sync = BioFlag.sync;
  queue.submitBio(makeBio(memory, { sector: 0, sectorCount: 12, flags: sync }));
  driver.endAll();
  executor.runUntil(1_000);
  queue.submitBio(
    makeBio(memory, { op: BioOp.write, sector: 64, flags: sync | BioFlag.preflush | BioFlag.fua }),
  );
  settle(executor);
  driver.endAll();
  executor.runUntil(2_000_000_000);
  queue.submitBio(makeBio(memory, { sector: 128, flags: BioFlag.meta }));
  driver.endOne(BlkStatus.medium);
  const { records, fault } = finish();
  expect(fault).toBeUndefined();
  const lines = formatBlktrace(records).map((line) => line.replace(' [a process with ]', ''));
  expect(lines).toEqual([
    '  8,16   0        1     0.000000000    77  Q  RS 0 + 12',
    '  8,16   0        2     0.000000000    77  X  RS 0 / 8',
    '  8,16   0        3     0.000000000    77  G  RS 0 + 8',
    '  8,16   0        4     0.000000000    77  D  RS 0 + 8',
    '  8,16   0        5     0.000000000    77  G  RS 8 + 4',
    '  8,16   0        6     0.000000000    77  D  RS 8 + 4',
    '  8,16   0        7     0.000000000    77  C  RS 0 + 8 [0]',
    '  8,16   0        8     0.000000000    77  C  RS 8 + 4 [0]',
    '  8,16   0        9     0.000001000    77  Q FWFS 64 + 8',
    '  8,16   0       10     0.000001000    77  G FWFS 64 + 8',
    '  8,16   0       11     0.000001000    77  D  FN',
    '  8,16   0       12     0.000001000    77  C  FN 0 [0]',
    '  8,16   0       13     0.000001000    77  D  WS 64 + 8',
    '  8,16   0       14     0.000001000    77  C  WS 64 + 8 [0]',
    '  8,16   0       15     0.000001000    77  D  FN',
    '  8,16   0       16     0.000001000    77  C  FN 0 [0]',
    '  8,16   0       17     0.000001000    77  C  WS 64 [0]',
    '  8,16   0       18     2.000000000    77  Q  RM 128 + 8',
    '  8,16   0       19     2.000000000    77  G  RM 128 + 8',
    '  8,16   0       20     2.000000000    77  D  RM 128 + 8',
    '  8,16   0       21     2.000000000    77  C  RM 128 + 8 [65475]',
  ]);
});

it('keeps a mapped bio with the device that it came from, and sectors beyond 2^32', () => {
  const { writer, finish } = rig();
  writer.remapped(1, BioOp.write, BioFlag.sync, 2 ** 40 + 5, 8, deviceNumber(259, 3), 2 ** 33);
  const [, record] = finish().records;
  expect(record).toMatchObject({
    sector: 2 ** 40 + 5,
    bytes: 4096,
    remap: {
      fromDevice: deviceNumber(259, 3),
      toDevice: deviceNumber(8, 16),
      fromSector: 2 ** 33,
    },
  });
});

it('hands on pieces of 64 KiB at most, cut between records', () => {
  const { driver, queue, pieces, finish } = rig();
  for (let i = 0; i < 1_000; i++) {
    queue.submitBio(makeBio(memory, { sector: i * 8 }));
    driver.endAll();
  }
  const { records } = finish();
  expect(countBlktraceActions(records)).toEqual({ Q: 1_000, G: 1_000, D: 1_000, C: 1_000 });
  expect(pieces.length).toBe(3);
  for (const piece of pieces) {
    expect(piece.length).toBeLessThanOrEqual(65_536);
    expect(parseBlktrace(piece).fault).toBeUndefined();
  }
});
