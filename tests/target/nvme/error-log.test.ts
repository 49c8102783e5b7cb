import { describe, expect, it } from 'vitest';
import { ERROR_LOG_ENTRIES, ErrorLog } from '../../../src/target/nvme/error-log.ts';
import { errorLogEntry } from '../../../src/wire/nvme-logs.ts';

describe('ErrorLog', () => {
  it('shows the newest entry first and empty ones after the last', () => {
    const log = new ErrorLog();
    log.add(1, 0x1234, 0x4080, 3, 2 ** 40);
    log.add(2, 7, 0x4002, 0, 0);
    const page = new Uint8Array(4096).fill(0xff);
    expect(log.writeTo(page)).toBe(4096);
    const view = new DataView(page.buffer);
    const { errorCount, sqid, cid, status, parameterErrorLocation, lba, nsid } = errorLogEntry;
    expect([errorCount.get(view, 0), sqid.get(view, 0), cid.get(view, 0)]).toEqual([2, 2, 7]);
    expect([errorCount.get(view, 64), sqid.get(view, 64), cid.get(view, 64)]).toEqual([
      1, 1, 0x1234,
    ]);
    expect([status.get(view, 64), nsid.get(view, 64), lba.get(view, 64)]).toEqual([
      0x4080,
      3,
      2 ** 40,
    ]);
    expect(parameterErrorLocation.get(view, 0)).toBe(0xffff);
    expect(page.subarray(128).every((byte) => byte === 0)).toBe(true);
  });

  it('forgets the oldest and goes on counting', () => {
    const log = new ErrorLog();
    for (let i = 0; i < ERROR_LOG_ENTRIES + 5; i++) log.add(0, i, 1, 0, 0);
    const page = new Uint8Array(4096);
    log.writeTo(page);
    const view = new DataView(page.buffer);
    const counts = Array.from({ length: ERROR_LOG_ENTRIES }, (_, i) =>
      errorLogEntry.errorCount.get(view, i * 64),
    );
    expect(counts).toEqual(Array.from({ length: ERROR_LOG_ENTRIES }, (_, i) => 69 - i));
    expect(log.count).toBe(69);
  });
});
