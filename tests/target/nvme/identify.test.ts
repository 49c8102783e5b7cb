import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import type { Geometry } from '../../../src/interfaces/target.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { DEFAULT_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import {
  type ControllerTraits,
  writeDescriptors,
  writeIdentifyController,
  writeIdentifyNamespace,
  writeNamespaceList,
} from '../../../src/target/nvme/identify.ts';
import { NvmeSubsystem } from '../../../src/target/nvme/nvme-subsystem.ts';

const traits: ControllerTraits = {
  cntlid: 0x102,
  version: 0x1_0400,
  maxInFlight: 64,
  maxTransferBytes: 512 * 1024,
  abortLimit0: 3,
  asyncEventLimit0: 5,
  oacs: 0x100,
  sgls: 1,
  commandSets: false,
  maxAppendBytes: 512 * 1024,
  can: DEFAULT_CAPABILITIES,
};

function subsystemOf(...geometries: Partial<Geometry>[]): NvmeSubsystem {
  const subsystem = new NvmeSubsystem({
    nqn: 'nqn.2014-08.org.example:disk',
    serial: 'SN123',
    model: 'Model X',
    firmware: 'F1',
    maxNamespaces: 1024,
  });
  const backend = new NullioBackend(new SimExecutor(), 1 << 20);
  for (const [i, geometry] of geometries.entries()) {
    subsystem.addNamespace(2 * i + 1, { geometry: { ...backend.geometry, ...geometry } } as never);
  }
  return subsystem;
}

const page = () => new Uint8Array(4096).fill(0xee);
const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
const text = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

describe('Identify Controller', () => {
  it('has its fields where NVMe Base 2.0 puts them', () => {
    const bytes = page();
    writeIdentifyController(bytes, subsystemOf({ writeCache: true }), traits);
    const at = view(bytes);
    expect(text(bytes, 4, 20)).toBe('SN123'.padEnd(20));
    expect(text(bytes, 24, 40)).toBe('Model X'.padEnd(40));
    expect(text(bytes, 64, 8)).toBe('F1'.padEnd(8));
    expect({
      cmic: at.getUint8(76),
      mdts: at.getUint8(77),
      cntlid: at.getUint16(78, true),
      ver: at.getUint32(80, true),
      cntrltype: at.getUint8(111),
      oacs: at.getUint16(256, true),
      acl: at.getUint8(258),
      aerl: at.getUint8(259),
      frmw: at.getUint8(260),
      lpa: at.getUint8(261),
      elpe: at.getUint8(262),
      npss: at.getUint8(263),
      kas: at.getUint16(320, true),
      sqes: at.getUint8(512),
      cqes: at.getUint8(513),
      nn: at.getUint32(516, true),
      oncs: at.getUint16(520, true),
      fuses: at.getUint16(522, true),
      vwc: at.getUint8(525),
      sgls: at.getUint32(536, true),
      power: at.getUint16(2048, true),
    }).toEqual({
      cmic: 0,
      mdts: 7,
      cntlid: 0x102,
      ver: 0x1_0400,
      cntrltype: 1,
      oacs: 0x100,
      acl: 3,
      aerl: 5,
      frmw: 3,
      lpa: 6,
      elpe: 63,
      npss: 0,
      kas: 0,
      sqes: 0x66,
      cqes: 0x44,
      nn: 1024,
      oncs: 0xdd,
      fuses: 0,
      vwc: 7,
      sgls: 1,
      power: 2500,
    });
    expect(text(bytes, 768, 29)).toBe('nqn.2014-08.org.example:disk\0');
    expect(bytes.subarray(3072).every((byte) => byte === 0)).toBe(true);
  });

  it('advertises what the namespaces can', () => {
    const bits = (...geometries: Partial<Geometry>[]) => {
      const bytes = page();
      writeIdentifyController(bytes, subsystemOf(...geometries), traits);
      return [view(bytes).getUint16(520, true), bytes[525]];
    };
    expect(bits({ unmap: false }, {})).toEqual([0xd9, 6]);
    expect(bits({ writeZeroes: false, writeCache: true })).toEqual([0xd5, 7]);
    expect(bits({ writeZeroes: false, unmap: false })).toEqual([0xd1, 6]);
  });

  it('says that a subsystem with two controllers is shared', () => {
    const subsystem = subsystemOf({});
    subsystem.attachController();
    subsystem.attachController();
    const bytes = page();
    writeIdentifyController(bytes, subsystem, traits);
    expect(bytes[76]).toBe(2);
    writeIdentifyNamespace(bytes, subsystem, subsystem.namespace(1));
    expect(bytes[30]).toBe(1);
  });
});

describe('Identify Namespace', () => {
  it.each([
    [512, 9],
    [4096, 12],
  ])('tells size and format of blocks of %d bytes', (blockBytes, lbads) => {
    const subsystem = subsystemOf({ blockBytes, blockCount: 2 ** 33 + 5, readOnly: true });
    const bytes = page();
    const namespace = subsystem.namespace(1)!;
    writeIdentifyNamespace(bytes, subsystem, namespace);
    const at = view(bytes);
    for (const field of [0, 8, 16]) {
      expect([at.getUint32(field, true), at.getUint32(field + 4, true)]).toEqual([5, 2]);
    }
    expect([bytes[25], bytes[26], bytes[99]]).toEqual([0, 0, 1]);
    expect(at.getUint32(128, true)).toBe(lbads << 16);
    expect(bytes.subarray(104, 120)).toEqual(namespace.nguid);
    expect(bytes.subarray(120, 128)).toEqual(namespace.eui64);
  });

  it('is zeroes for a namespace that is not active', () => {
    const bytes = page();
    writeIdentifyNamespace(bytes, subsystemOf({}), undefined);
    expect(bytes).toEqual(new Uint8Array(4096));
  });
});

describe('lists', () => {
  it('hold the active ids above the given one', () => {
    const subsystem = subsystemOf({}, {}, {});
    const list = (nsid: number) => {
      const bytes = page();
      writeNamespaceList(bytes, subsystem, nsid, false);
      return [...new Uint32Array(bytes.buffer, 0, 5)];
    };
    expect(list(0)).toEqual([1, 3, 5, 0, 0]);
    expect(list(1)).toEqual([3, 5, 0, 0, 0]);
    expect(list(0xffff_fffd)).toEqual([0, 0, 0, 0, 0]);
  });

  it('hold 1024 ids and not one more', () => {
    const subsystem = subsystemOf(...new Array(512).fill({}));
    const backend = new NullioBackend(new SimExecutor(), 1 << 20);
    for (let nsid = 2; nsid <= 1024; nsid += 2) {
      subsystem.addNamespace(nsid, { geometry: backend.geometry } as never);
    }
    const bytes = new Uint8Array(8192).fill(0xee);
    writeNamespaceList(bytes, subsystem, 0, false);
    const ids = new Uint32Array(bytes.buffer);
    expect([ids[0], ids[1023], ids[1024]]).toEqual([1, 1024, 0xeeee_eeee]);
  });

  it('describe a namespace by UUID, NGUID and EUI-64', () => {
    const namespace = subsystemOf({}).namespace(1)!;
    const bytes = page();
    writeDescriptors(bytes, namespace);
    expect([...bytes.subarray(0, 4)]).toEqual([3, 16, 0, 0]);
    expect(bytes.subarray(4, 20)).toEqual(namespace.uuid);
    expect([...bytes.subarray(20, 24)]).toEqual([2, 16, 0, 0]);
    expect(bytes.subarray(24, 40)).toEqual(namespace.nguid);
    expect([...bytes.subarray(40, 44)]).toEqual([1, 8, 0, 0]);
    expect(bytes.subarray(44, 52)).toEqual(namespace.eui64);
    expect(bytes.subarray(52).every((byte) => byte === 0)).toBe(true);
  });

  it('leave out the names that a namespace does not have, and add its command set', () => {
    const subsystem = subsystemOf();
    const geometry = new NullioBackend(new SimExecutor(), 1 << 20).geometry;
    const nguid = new Uint8Array(16);
    const uuid = nguid;
    const namespace = subsystem.addNamespace(1, { geometry } as never, { nguid, uuid });
    const bytes = page();
    writeDescriptors(bytes, namespace, true);
    expect([...bytes.subarray(0, 2)]).toEqual([1, 8]);
    expect([...bytes.subarray(12, 20)]).toEqual([4, 1, 0, 0, 0, 0, 0, 0]);
  });
});

describe('Identify of zoned namespaces', () => {
  const { geometry } = new NullioBackend(new SimExecutor(), 512 * 80);

  it('names the command set of each namespace', () => {
    const subsystem = subsystemOf({});
    const options = { zoned: { zoneBlocks: 8 }, isAttached: true };
    const zoned = subsystem.addNamespace(2, { geometry } as never, options);
    const bytes = page();
    writeDescriptors(bytes, zoned, true);
    expect([...bytes.subarray(52, 58)]).toEqual([4, 1, 0, 0, 2, 0]);
    writeNamespaceList(bytes, subsystem, 0, false, -1, 2);
    expect([...new Int32Array(bytes.buffer).subarray(0, 2)]).toEqual([2, 0]);
    writeNamespaceList(bytes, subsystem, 0, true, -1, 0);
    expect([...new Int32Array(bytes.buffer).subarray(0, 2)]).toEqual([1, 0]);
  });

  it('tells the capacity of a zoned namespace as that of its zones', () => {
    const subsystem = subsystemOf();
    subsystem.addNamespace(1, { geometry } as never, { zoned: { zoneBlocks: 8, zoneCapacity: 5 } });
    const bytes = page();
    writeIdentifyNamespace(bytes, subsystem, subsystem.namespace(1));
    expect([0, 8, 16].map((at) => view(bytes).getUint32(at, true))).toEqual([80, 50, 50]);
  });

  it('refuses several formats, metadata, and random write areas where nothing can be zeroed', () => {
    const make = (options: object, traits = {}) =>
      subsystemOf().addNamespace(1, { geometry: { ...geometry, ...traits } } as never, options);
    const zoned = { zoneBlocks: 16 };
    const formats = [{ blockBytes: 512 }, { blockBytes: 4096 }];
    expect(() => make({ zoned, formats })).toThrow('namespace.formats');
    expect(() => make({ zoned, formats: [{ blockBytes: 512, metadataBytes: 8 }] })).toThrow(
      'namespace.formats',
    );
    const zrwa = { blocks: 4, granularity: 2, count: 1 };
    expect(() => make({ zoned: { ...zoned, zrwa } }, { writeZeroes: false })).toThrow('zoned.zrwa');
  });
});
