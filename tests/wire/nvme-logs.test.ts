import { describe, expect, it } from 'vitest';
import {
  dsmRange,
  errorLogEntry,
  firmwareLog,
  namespaceDescriptor,
  smartLog,
} from '../../src/wire/nvme-logs.ts';

describe('log pages', () => {
  it('have their fields where NVMe Base 2.0 puts them', () => {
    const places = (fields: Record<string, { at: number }>) =>
      Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.at]));
    expect(places(errorLogEntry.fields)).toMatchObject({
      errorCount: 0,
      sqid: 8,
      cid: 10,
      status: 12,
      parameterErrorLocation: 14,
      lba: 16,
      nsid: 24,
    });
    expect(places(smartLog.fields)).toMatchObject({
      criticalWarning: 0,
      compositeTemperature: 1,
      dataUnitsRead: 32,
      dataUnitsWritten: 48,
      hostReadCommands: 64,
      hostWriteCommands: 80,
      powerCycles: 112,
      mediaErrors: 160,
      errorLogEntries: 176,
    });
    expect(places(firmwareLog.fields)).toEqual({ activeSlot: 0, nextSlot: 0, frs1: 8 });
    expect(places(dsmRange.fields)).toEqual({ contextAttributes: 0, nlb: 4, slba: 8 });
    expect(places(namespaceDescriptor.fields)).toMatchObject({ nidt: 0, nidl: 1 });
  });

  it('keep the status field of an error above the phase bit', () => {
    const view = new DataView(new ArrayBuffer(64));
    errorLogEntry.status.set(view, 0, 0x4002);
    expect(view.getUint16(12, true)).toBe(0x8004);
  });
});
