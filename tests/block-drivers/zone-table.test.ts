import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ZoneOptions, ZoneTable } from '../../src/block-drivers/zone-table.ts';
import { BioOp, BlkStatus } from '../../src/interfaces/bio.ts';
import { type Zone, ZoneCondition, ZoneType } from '../../src/interfaces/zoned.ts';
import { checkProperty, runs } from '../support/runs.ts';

const { empty, implicitOpen, explicitOpen, closed, full, notWritePointer } = ZoneCondition;
const { ok, ioError, zoneResource } = BlkStatus;
const { zoneOpen, zoneClose, zoneFinish, zoneReset } = BioOp;

function zonesOf(table: ZoneTable): Zone[] {
  return Array.from({ length: table.zoneCount }, (_, index) => {
    const zone = {} as Zone;
    table.reportZone(index, zone);
    return zone;
  });
}

function table(options: Partial<ZoneOptions> = {}, sectors = 64) {
  const zones = new ZoneTable(sectors, { zoneSectors: 16, ...options });
  const conditions = () => zonesOf(zones).map(({ condition }) => condition);
  const pointers = () => zonesOf(zones).map(({ writePointer }) => writePointer);
  return { zones, conditions, pointers };
}

describe('a write', () => {
  it('goes to the write pointer, opens its zone, and fills it', () => {
    const { zones, conditions, pointers } = table();
    expect(zones.write(16, 8)).toBe(ok);
    expect([conditions(), pointers()]).toEqual([
      [empty, implicitOpen, empty, empty],
      [0, 24, 32, 48],
    ]);
    expect(zones.write(24, 8)).toBe(ok);
    expect([conditions()[1], pointers()[1]]).toEqual([full, 32]);
  });

  it.each([
    ['before the write pointer', 16, 8],
    ['behind it', 32, 8],
    ['beyond the zone', 24, 16],
  ])('fails %s, and moves nothing', (_, sector, count) => {
    const { zones, pointers } = table();
    zones.write(16, 8);
    expect(zones.write(sector === 32 ? 26 : sector, count)).toBe(ioError);
    expect(pointers()[1]).toBe(24);
  });

  it('fails in a full zone', () => {
    const { zones } = table();
    expect([zones.write(0, 16), zones.write(0, 8), zones.write(16, 8)]).toEqual([ok, ioError, ok]);
  });

  it('ends with the capacity of the zone', () => {
    const { zones, conditions } = table({ zoneCapacitySectors: 12 });
    expect([zones.write(0, 13), zones.write(0, 12), zones.write(12, 1)]).toEqual([
      ioError,
      ok,
      ioError,
    ]);
    expect(conditions()[0]).toBe(full);
  });

  it('goes anywhere in a conventional zone', () => {
    const { zones, conditions } = table({ conventionalZones: 1 });
    expect([zones.write(8, 8), zones.write(0, 8), zones.write(8, 8)]).toEqual([ok, ok, ok]);
    expect(conditions()[0]).toBe(notWritePointer);
    expect(zonesOf(zones)[0]).toMatchObject({ type: ZoneType.conventional, writePointer: 16 });
  });

  it('closes a zone that a write opened when no more may be open, in turn', () => {
    const { zones, conditions } = table({ maxOpenZones: 2 });
    for (const sector of [0, 16, 32]) expect(zones.write(sector, 8)).toBe(ok);
    expect(conditions()).toEqual([closed, implicitOpen, implicitOpen, empty]);
    expect(zones.write(48, 8)).toBe(ok);
    expect(conditions()).toEqual([closed, closed, implicitOpen, implicitOpen]);
    expect(zones.write(8, 4)).toBe(ok);
    expect(conditions()).toEqual([implicitOpen, closed, closed, implicitOpen]);
  });

  it('finds no zone to close where all were opened by name, and no more may be active', () => {
    const { zones } = table({ maxOpenZones: 1, maxActiveZones: 2 });
    expect(zones.manage(zoneOpen, 0)).toBe(ok);
    expect(zones.write(16, 8)).toBe(zoneResource);
    expect(zones.manage(zoneClose, 0)).toBe(ok);
    expect([zones.write(0, 8), zones.write(16, 8), zones.write(32, 8)]).toEqual([
      ok,
      ok,
      zoneResource,
    ]);
    expect(zones.manage(zoneFinish, 16)).toBe(ok);
    expect(zones.write(32, 8)).toBe(ok);
  });
});

describe('zone operations', () => {
  it.each([
    [
      'open',
      zoneOpen,
      [ok, ok, ok, ok, ioError],
      [explicitOpen, explicitOpen, explicitOpen, explicitOpen, full],
    ],
    ['close', zoneClose, [ioError, ok, ok, ok, ioError], [empty, closed, empty, closed, full]],
    ['finish', zoneFinish, [ok, ok, ok, ok, ok], [full, full, full, full, full]],
    ['reset', zoneReset, [ok, ok, ok, ok, ok], [empty, empty, empty, empty, empty]],
  ])('%s takes each state to the next, or fails', (_, op, statuses, after) => {
    const { zones, conditions, pointers } = table({}, 80);
    zones.write(16, 8);
    zones.manage(zoneOpen, 32);
    zones.write(48, 8);
    zones.manage(zoneClose, 48);
    zones.write(64, 16);
    expect(conditions()).toEqual([empty, implicitOpen, explicitOpen, closed, full]);
    expect([0, 16, 32, 48, 64].map((sector) => zones.manage(op, sector))).toEqual(statuses);
    expect(conditions()).toEqual(after);
    if (op === zoneReset) expect(pointers()).toEqual([0, 16, 32, 48, 64]);
    if (op === zoneFinish) expect(pointers()).toEqual([16, 32, 48, 64, 80]);
  });

  it('fail in conventional zones and off the start of a zone', () => {
    const { zones } = table({ conventionalZones: 1 });
    expect([zones.manage(zoneReset, 0), zones.manage(zoneReset, 24)]).toEqual([ioError, ioError]);
    expect(zones.manage(BioOp.zoneAppend, 16)).toBe(BlkStatus.notSupported);
  });
});

it('reports a smaller last zone as it is', () => {
  const zone = {} as Zone;
  new ZoneTable(40, { zoneSectors: 16, zoneCapacitySectors: 12 }).reportZone(2, zone);
  expect(zone).toEqual({
    startSector: 32,
    sectorCount: 8,
    capacitySectors: 8,
    writePointer: 32,
    type: ZoneType.sequential,
    condition: empty,
  });
});

it('never has more open or active zones than allowed, and only resets move a write pointer back', () => {
  const step = fc.tuple(fc.nat(5), fc.nat(4), fc.integer({ min: 1, max: 16 }));
  const limits = fc.constantFrom([0, 0], [1, 0], [2, 3], [1, 1], [0, 2]);
  checkProperty(
    fc.property(limits, fc.array(step, { maxLength: 60 }), ([maxOpen, maxActive], steps) => {
      const { zones } = table({ maxOpenZones: maxOpen!, maxActiveZones: maxActive! }, 80);
      for (const [what, index, count] of steps) {
        const before = zonesOf(zones);
        const { startSector, writePointer, condition } = before[index]!;
        if (condition === full && what >= 4) continue;
        const op = [zoneOpen, zoneClose, zoneFinish, zoneReset][what];
        const status =
          op === undefined ? zones.write(writePointer, count) : zones.manage(op, startSector);
        const after = zonesOf(zones);
        const isOpen = ({ condition }: Zone) =>
          condition === implicitOpen || condition === explicitOpen;
        const open = after.filter(isOpen).length;
        const active = open + after.filter(({ condition }) => condition === closed).length;
        if (maxOpen! > 0) expect(open).toBeLessThanOrEqual(maxOpen!);
        if (maxActive! > 0) expect(active).toBeLessThanOrEqual(maxActive!);
        for (const [i, zone] of after.entries()) {
          const isMoved = zone.writePointer !== before[i]!.writePointer;
          if (isMoved) expect([i, status]).toEqual([index, ok]);
          if (zone.writePointer < before[i]!.writePointer) expect(op).toBe(zoneReset);
          expect(zone.writePointer).toBeLessThanOrEqual(zone.startSector + zone.sectorCount);
          if (zone.condition === empty) expect(zone.writePointer).toBe(zone.startSector);
          if (zone.condition === closed)
            expect(zone.writePointer).toBeGreaterThan(zone.startSector);
        }
      }
    }),
    runs(200, 4_000),
  );
});

it.each([
  ['zoneSectors', { zoneSectors: 12 }],
  ['zoneSectors', { zoneSectors: 4 }],
  ['zoneCapacitySectors', { zoneCapacitySectors: 17 }],
  ['zoneCapacitySectors', { zoneCapacitySectors: 0 }],
  ['conventionalZones', { conventionalZones: 5 }],
  ['maxOpenZones', { maxOpenZones: -1 }],
  ['maxActiveZones', { maxOpenZones: 3, maxActiveZones: 2 }],
])('refuses %s of %j', (name, options) => {
  expect(() => table(options)).toThrow(`zoned.${name}`);
});
