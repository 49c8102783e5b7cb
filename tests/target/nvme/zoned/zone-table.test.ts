import { describe, expect, it } from 'vitest';
import { checkZoneShape, type ZonedOptions } from '../../../../src/target/nvme/zoned/zone-shape.ts';
import { ZoneTable } from '../../../../src/target/nvme/zoned/zone-table.ts';
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { ZoneSendAction, ZoneState } from '../../../../src/wire/nvme-zoned.ts';

const { close, finish, open, reset, offline } = ZoneSendAction;

function tableOf(options: Partial<ZonedOptions> = {}, zoneCount = 6): ZoneTable {
  const zoneBlocks = options.zoneBlocks ?? 12;
  return new ZoneTable(checkZoneShape({ zoneBlocks, ...options }, zoneBlocks * zoneCount));
}

const statesOf = (zones: ZoneTable) =>
  Array.from({ length: zones.shape.zoneCount }, (_, zone) => zones.state(zone));

describe('ZoneTable', () => {
  it('knows the zone of a block where the zone size is no power of two', () => {
    const zones = tableOf();
    expect([0, 11, 12, 71, 72].map((lba) => zones.zoneOf(lba))).toEqual([0, 0, 1, 5, 6]);
  });

  it('takes writes at the write pointer alone, up to the capacity and not beyond', () => {
    const zones = tableOf({ zoneCapacity: 8 });
    expect(zones.write(1, 1, 1)).toBe(NvmeStatus.zoneInvalidWrite);
    expect(zones.write(1, 0, 5)).toBe(0);
    expect(zones.write(1, 0, 1)).toBe(NvmeStatus.zoneInvalidWrite);
    expect(zones.write(1, 5, 4)).toBe(NvmeStatus.zoneBoundaryError);
    expect(zones.state(1)).toBe(ZoneState.implicitlyOpen);
    expect(zones.write(1, 5, 3)).toBe(0);
    expect(zones.state(1)).toBe(ZoneState.full);
    expect(zones.write(1, 8, 1)).toBe(NvmeStatus.zoneFull);
  });

  it('closes the zone that was opened implicitly first where another must open', () => {
    const zones = tableOf({ maxOpen: 2 });
    zones.write(3, 0, 1);
    zones.write(1, 0, 1);
    zones.write(3, 1, 1);
    expect(zones.write(2, 0, 1)).toBe(0);
    expect(zones.state(3)).toBe(ZoneState.closed);
    expect(zones.write(3, 2, 1)).toBe(0);
    expect(zones.state(1)).toBe(ZoneState.closed);
    expect(zones.openCount).toBe(2);
  });

  it('never closes a zone that the host opened, nor any where it may not', () => {
    const zones = tableOf({ maxOpen: 1 });
    zones.act(0, open, false);
    expect(zones.write(1, 0, 1)).toBe(NvmeStatus.tooManyOpenZones);
    expect(zones.act(1, open, false)).toBe(NvmeStatus.tooManyOpenZones);
    const strict = tableOf({ maxOpen: 1, implicitClose: false });
    strict.write(0, 0, 1);
    expect(strict.write(1, 0, 1)).toBe(NvmeStatus.tooManyOpenZones);
    expect(statesOf(strict).slice(0, 2)).toEqual([ZoneState.implicitlyOpen, ZoneState.empty]);
  });

  it('counts closed zones as active, which no closing helps', () => {
    const zones = tableOf({ maxActive: 2 });
    zones.write(0, 0, 1);
    zones.act(0, close, false);
    zones.setExtension(1, new Uint8Array(0));
    expect(zones.activeCount).toBe(2);
    expect(zones.write(2, 0, 1)).toBe(NvmeStatus.tooManyActiveZones);
    expect(zones.act(2, open, false)).toBe(NvmeStatus.tooManyActiveZones);
    expect(zones.setExtension(2, new Uint8Array(0))).toBe(NvmeStatus.tooManyActiveZones);
    expect(zones.act(2, finish, false)).toBe(0);
    zones.act(0, reset, false);
    expect(zones.write(3, 0, 1)).toBe(0);
  });

  it('opens all closed zones or none', () => {
    const zones = tableOf({ maxOpen: 2 });
    for (const zone of [0, 1, 2]) {
      zones.write(zone, 0, 1);
      zones.act(zone, close, false);
    }
    expect(zones.actOnAll(open)).toBe(NvmeStatus.tooManyOpenZones);
    expect(zones.openCount).toBe(0);
    zones.act(0, finish, false);
    expect(zones.actOnAll(open)).toBe(0);
    expect(zones.openCount).toBe(2);
  });

  it('takes a failed zone out of service, for good', () => {
    const zones = tableOf();
    zones.write(0, 0, 3);
    expect(zones.fail(0, ZoneState.readOnly)).toBe(true);
    expect(zones.fail(0, ZoneState.readOnly)).toBe(false);
    expect([zones.openCount, zones.activeCount, zones.readable(0)]).toEqual([0, 0, 3]);
    expect(zones.write(0, 3, 1)).toBe(NvmeStatus.zoneReadOnly);
    expect(zones.act(0, reset, false)).toBe(NvmeStatus.invalidZoneTransition);
    expect(zones.actOnAll(offline)).toBe(0);
    expect(zones.state(0)).toBe(ZoneState.offline);
    expect(zones.write(0, 3, 1)).toBe(NvmeStatus.zoneOffline);
    expect(zones.fail(0, ZoneState.readOnly)).toBe(false);
  });

  it('commits what a write pushes out of the random write area, in whole steps', () => {
    const zones = tableOf({ zoneBlocks: 30, zrwa: { blocks: 8, granularity: 4, count: 2 } });
    zones.act(0, open, true);
    expect(zones.write(0, 15, 2)).toBe(NvmeStatus.zoneInvalidWrite);
    expect(zones.write(0, 7, 1)).toBe(0);
    expect(zones.writePointer(0)).toBe(0);
    expect(zones.write(0, 8, 1)).toBe(0);
    expect(zones.writePointer(0)).toBe(4);
    expect(zones.write(0, 3, 1)).toBe(NvmeStatus.zoneInvalidWrite);
    expect(zones.write(0, 19, 1)).toBe(0);
    expect(zones.writePointer(0)).toBe(12);
  });

  it('commits to where the host says, in whole steps or to the end of the zone', () => {
    const zones = tableOf({ zoneBlocks: 10, zrwa: { blocks: 8, granularity: 4, count: 1 } });
    expect(tableOf().commit(0, 0)).toBe(NvmeStatus.invalidField);
    expect(zones.commit(0, 3)).toBe(NvmeStatus.invalidZoneOperation);
    zones.act(0, open, true);
    expect(zones.commit(0, 2)).toBe(NvmeStatus.invalidField);
    expect(zones.commit(0, 8)).toBe(NvmeStatus.invalidZoneOperation);
    expect(zones.commit(0, 3)).toBe(0);
    expect(zones.commit(0, 3)).toBe(NvmeStatus.invalidZoneOperation);
    expect(zones.commit(0, 9)).toBe(0);
    expect(zones.state(0)).toBe(ZoneState.full);
    expect(zones.zrwaCount).toBe(0);
  });

  it('gives random write areas to empty zones alone, as long as there are some', () => {
    const zones = tableOf({ zrwa: { blocks: 4, granularity: 4, count: 1 } });
    zones.write(1, 0, 1);
    expect(zones.act(1, open, true)).toBe(NvmeStatus.invalidZoneOperation);
    expect(zones.act(0, open, true)).toBe(0);
    expect(zones.act(2, open, true)).toBe(NvmeStatus.zrwaUnavailable);
    expect(zones.state(2)).toBe(ZoneState.empty);
    zones.act(0, close, false);
    expect(zones.zrwaCount).toBe(1);
    zones.act(0, reset, false);
    expect(zones.act(2, open, true)).toBe(0);
  });
});
