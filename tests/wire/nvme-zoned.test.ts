import { describe, expect, it } from 'vitest';
import {
  identifyZonedController,
  identifyZonedNamespace,
  REPORTED_STATES,
  ZONED_FORMATS_AT,
  ZoneState,
  zoneDescriptor,
  zoneReportHeader,
} from '../../src/wire/nvme-zoned.ts';

const places = (fields: Record<string, { at: number }>) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.at]));

describe('zones on the wire', () => {
  it('have their fields where Zoned Namespaces 1.1 puts them', () => {
    expect(places(zoneReportHeader.fields)).toEqual({ zoneCount: 0 });
    expect(places(zoneDescriptor.fields)).toMatchObject({
      type: 0,
      attributes: 2,
      attributesInfo: 3,
      zcap: 8,
      zslba: 16,
      wp: 24,
    });
    expect(places(identifyZonedNamespace.fields)).toMatchObject({
      ozcs: 2,
      mar0: 4,
      mor0: 8,
      numzrwa: 44,
      zrwafg: 48,
      zrwas: 50,
      zrwacap: 52,
      lbafe0Zsze: ZONED_FORMATS_AT,
      lbafe0Zdes: ZONED_FORMATS_AT + 8,
    });
    expect(places(identifyZonedController.fields).zasl).toBe(0);
  });

  it('keep the state in the upper half of byte 1', () => {
    const view = new DataView(new ArrayBuffer(64));
    zoneDescriptor.type.set(view, 0, 2);
    zoneDescriptor.state.set(view, 0, ZoneState.full);
    expect([view.getUint8(0), view.getUint8(1), view.getUint8(2)]).toEqual([2, 0xe0, 0]);
  });

  it('can be asked for by every state', () => {
    expect([...REPORTED_STATES].sort()).toEqual([0, ...Object.values(ZoneState)].sort());
  });
});
