import { describe, expect, it } from 'vitest';
import { TargetOp, TargetStatus } from '../../../src/interfaces/target.ts';
import { COMPOSITE_KELVIN, Health } from '../../../src/target/nvme/health.ts';
import { SMART_LOG_BYTES, smartLog } from '../../../src/wire/nvme-logs.ts';

describe('Health', () => {
  it('counts commands and thousands of units, rounded up, of what went well', () => {
    const health = new Health(4);
    const { good, mediumReadError, mediumWriteError, aborted } = TargetStatus;
    for (let i = 0; i < 3; i++) health.countIo(1, TargetOp.read, 1000, good);
    health.countIo(1, TargetOp.read, 1, good);
    health.countIo(1, TargetOp.write, 8, good);
    health.countIo(1, TargetOp.flush, 0, good);
    health.countIo(1, TargetOp.writeZeroes, 5000, good);
    health.countIo(1, TargetOp.read, 8, mediumReadError);
    health.countIo(1, TargetOp.write, 8, mediumWriteError);
    health.countIo(1, TargetOp.write, 8, aborted);
    const page = new Uint8Array(4096).fill(0xff);
    expect(health.writeTo(page, 0, 9, true, 2 * 3_600_000_000_000 + 5)).toBe(SMART_LOG_BYTES);
    const view = new DataView(page.buffer);
    const read = (name: Exclude<keyof typeof smartLog.fields, 'x'>) =>
      (smartLog.fields[name] as { get(view: DataView, base: number): number }).get(view, 0);
    expect({
      warning: read('criticalWarning'),
      kelvin: read('compositeTemperature'),
      spare: read('availableSpare'),
      reads: read('hostReadCommands'),
      writes: read('hostWriteCommands'),
      unitsRead: read('dataUnitsRead'),
      unitsWritten: read('dataUnitsWritten'),
      mediaErrors: read('mediaErrors'),
      errors: read('errorLogEntries'),
      hours: read('powerOnHours'),
      cycles: read('powerCycles'),
    }).toEqual({
      warning: 2,
      kelvin: COMPOSITE_KELVIN,
      spare: 100,
      reads: 4,
      writes: 1,
      unitsRead: 4,
      unitsWritten: 1,
      mediaErrors: 2,
      errors: 9,
      hours: 2,
      cycles: 1,
    });
    expect(page[512]).toBe(0xff);
  });

  it('keeps the namespaces apart, and adds them up', () => {
    const health = new Health(3);
    health.countIo(1, TargetOp.read, 1000, TargetStatus.good);
    for (let i = 0; i < 2; i++) health.countIo(3, TargetOp.read, 1, TargetStatus.good);
    const page = new Uint8Array(512);
    const reads = (nsid: number) => {
      health.writeTo(page, nsid, 0, false, 0);
      return smartLog.hostReadCommands.get(new DataView(page.buffer), 0);
    };
    expect([0, 1, 2, 3].map(reads)).toEqual([3, 1, 0, 2]);
  });
});
