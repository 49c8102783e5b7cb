import { describe, expect, it } from 'vitest';
import { RegionMemory, typedRing } from '../../src/memory/index.ts';
import { type MockDescriptor, makeChain, writeTable } from '../../src/testing/virtqueue/index.ts';
import { DeviceFault } from '../../src/virtqueue/index.ts';
import { VringhReader } from '../../src/virtqueue/vringh-reader.ts';

const TABLE = 0x1000;

/** Reads the chain at 0 of a ring of four; `table` lies at 0x1000. */
function read(ring: MockDescriptor[], table: MockDescriptor[] = []) {
  const memory = new RegionMemory([{ base: 0, size: 0x2000 }]);
  writeTable(memory, 0, 'split', ring);
  writeTable(memory, TABLE, 'split', table);
  const chain = makeChain();
  const reader = new VringhReader(typedRing(memory, 0, 64)!, memory, 4);
  return {
    fault: reader.read(0, chain),
    lengths: [...chain.readable.lengths.slice(0, chain.readable.count)],
  };
}

describe('the rules of vringh', () => {
  it('go on behind a table when NEXT is set and next is above 0', () => {
    const table = [{ length: 2 }];
    const rest = [{}, { length: 3 }];
    const chain = (next: number, flags: number) =>
      read([{ gpa: TABLE, length: 16, flags, next }, ...rest.slice(1)], table);
    expect(chain(1, 5)).toEqual({ fault: undefined, lengths: [2, 3] });
    expect(chain(0, 5)).toEqual({ fault: undefined, lengths: [2] });
    expect(chain(1, 4)).toEqual({ fault: undefined, lengths: [2] });
  });

  it('take an empty segment and ignore WRITE on a table', () => {
    expect(read([{ length: 0 }]).lengths).toEqual([0]);
    expect(read([{ gpa: TABLE, length: 16, flags: 6 }], [{ length: 2 }]).lengths).toEqual([2]);
  });

  it.each([
    [[{ length: 1, flags: 1, next: 0 }], [], DeviceFault.loop],
    [[{ length: 1, flags: 1, next: 4 }], [], DeviceFault.nextRange],
    [[{ gpa: TABLE, length: 0, flags: 4 }], [], DeviceFault.loop],
    [[{ gpa: TABLE, length: 15, flags: 4 }], [], DeviceFault.tableLength],
    [
      [{ gpa: TABLE, length: 16, flags: 4 }],
      [{ length: 1, flags: 1, next: 1 }],
      DeviceFault.nextRange,
    ],
    [[{ gpa: TABLE, length: 16, flags: 4 }], [{ length: 1, flags: 1, next: 0 }], DeviceFault.loop],
    [
      [{ gpa: TABLE, length: 16, flags: 4 }],
      [{ gpa: TABLE, length: 16, flags: 4 }],
      DeviceFault.nestedIndirect,
    ],
    [[{ length: 1, flags: 3, next: 1 }, { length: 1 }], [], DeviceFault.readableAfterWritable],
    [[{ gpa: 0x9000, length: 16, flags: 4 }], [], DeviceFault.tableUnmapped],
  ])('refuse %j with table %j: %s', (ring, table, fault) => {
    expect(read(ring, table).fault).toBe(fault);
  });

  it('end a ring of tables that lead to each other', () => {
    const ring = [
      { gpa: TABLE, length: 16, flags: 5, next: 1 },
      { gpa: TABLE, length: 16, flags: 5, next: 1 },
    ];
    expect(read(ring, [{ length: 1 }]).fault).toBe(DeviceFault.loop);
  });
});
