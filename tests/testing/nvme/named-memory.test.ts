import { beforeEach, describe, expect, it } from 'vitest';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { NamedMemory } from '../../../src/testing/nvme/named-memory.ts';
import { NvmeLaw } from '../../../src/testing/nvme/nvme-laws.ts';

const ASQ = 0x1000;
const ACQ = 0x2000;
const DATA = 0x8000;
const LIST = 0x6000;

let ram: RegionMemory;
let memory: NamedMemory;
let posts = 0;

beforeEach(() => {
  ram = new RegionMemory([{ base: 0, size: 0x1_0000 }]);
  memory = new NamedMemory(ram, {
    blockBytes: (nsid) => (nsid === 1 ? 512 : undefined),
    maxTransferBytes: 0x1_0000,
    own: [[0xf000, 16]],
  });
  memory.nameAdminQueues(ASQ, 4, ACQ, 4);
  posts = 0;
});

/** Puts an entry into a ring and fetches it as a controller does. */
function fetch(words: readonly number[], at = ASQ): void {
  ram.storeWords(
    at,
    Int32Array.from({ length: 16 }, (_, i) => words[i] ?? 0),
    0,
    16,
  );
  memory.loadWords(at, new Int32Array(16), 0, 16);
}

/** Posts a completion of the admin completion queue. */
function post(cid: number, status = 0, queue = 0): void {
  memory.storeWords(
    ACQ + 16 * (posts++ % 4),
    Int32Array.of(0, 0, queue << 16, cid | (status << 17)),
    0,
    4,
  );
}

const refused = (access: () => unknown) => expect(access).toThrow(NvmeLaw.confined);

/** An entry of sixteen words: opcode, cid, PRPs, dwords 10 to 12. */
function entry(opcode: number, cid: number, prp1: number, prp2 = 0, ...dwords: number[]): number[] {
  return [opcode | (cid << 16), 1, 0, 0, 0, 0, prp1, 0, prp2, 0, ...dwords];
}

describe('the rights of a command', () => {
  it('begin with its fetch and end with its completion', () => {
    refused(() => memory.write32(DATA, 1));
    fetch(entry(0x06, 7, DATA));
    expect(memory.write32(DATA + 4092, 1)).toBe(true);
    // Identify goes to the host: nothing is read.
    refused(() => memory.read32(DATA));
    refused(() => memory.write16(DATA + 4095, 1));
    post(7);
    refused(() => memory.write8(DATA, 1));
    expect([memory.fetched, memory.posted]).toEqual([1, 1]);
  });

  it('are as long as its transfer, piece by piece', () => {
    fetch([0x01 | (3 << 16), 0, 0, 0, 0, 0, 0x4000, 0, 0, 0, 1 | (3 << 16), 1]);
    post(3);
    // A write of nine blocks from 512 bytes before the end of a page: 512, and a page by PRP2.
    fetch([0x01 | (4 << 16), 1, 0, 0, 0, 0, DATA + 0xe00, 0, 0xa000, 0, 0, 0, 8], 0x4000);
    const bytes = new Uint8Array(4096);
    expect(memory.load(DATA + 0xe00, bytes, 0, 512)).toBe(true);
    expect(memory.load(0xa000, bytes, 0, 4096)).toBe(true);
    refused(() => memory.load(DATA + 0xdff, bytes, 0, 2));
    refused(() => memory.read8(DATA + 0x1000));
    refused(() => memory.read8(0xb000));
    refused(() => memory.fill(0xa000, 0, 1));
  });

  it('go on along lists of pages, once these are read', () => {
    fetch(entry(0x02, 1, DATA, LIST + 0x10, 0x17ff_0001));
    ram.write32(LIST + 0x10, 0x9000);
    ram.write32(LIST + 0x18, 0xa000);
    refused(() => memory.write8(0xa000, 1));
    refused(() => memory.read32(LIST + 8));
    memory.loadWords(LIST + 0x10, new Int32Array(4), 0, 4);
    expect(memory.store(0xa000, new Uint8Array(4096), 0, 4096)).toBe(true);
    // Only the last entry of a page leads to another list.
    refused(() => memory.read32(0x9000));
    ram.write32(LIST + 0xff8, 0xc000);
    memory.loadWords(LIST + 0xff8, new Int32Array(2), 0, 2);
    expect(memory.read32(0xcffc)).toBe(0);
  });

  it('of a list begin where the offset of a first page that is nowhere says', () => {
    // 7168 bytes: a list, because the first page of no memory holds but 2024 bytes.
    const words = entry(0x02, 1, 0x985e_1818, LIST, 0x6ff_0001);
    words[7] = 0x7a16_21f7;
    fetch(words);
    expect(memory.loadWords(LIST, new Int32Array(4), 0, 4)).toBe(true);
  });

  it('go on along lists of descriptors', () => {
    const sgl = [0x02 | 0x4000 | (1 << 16), 1, 0, 0, 0, 0, LIST, 0, 32, 0x3000_0000, 0x3ff_0001];
    fetch(sgl);
    ram.storeWords(LIST, Int32Array.of(DATA, 0, 100, 0, 0x9000, 0, 50, 0), 0, 8);
    refused(() => memory.write8(DATA, 1));
    memory.loadWords(LIST, new Int32Array(8), 0, 8);
    expect(memory.store(DATA, new Uint8Array(100), 0, 100)).toBe(true);
    refused(() => memory.write8(DATA + 100, 1));
    refused(() => memory.write8(0x9032, 1));
    // A list that is read again gives nothing more.
    for (let i = 0; i < 100; i++) memory.loadWords(LIST, new Int32Array(8), 0, 8);
  });

  it('are none when it may not be executed: too long, no such namespace, an opcode without data', () => {
    fetch(entry(0x02, 1, DATA, 0, 0xffff_0001 | 0, 1));
    refused(() => memory.write8(DATA, 1));
    fetch(entry(0x04, 2, DATA));
    refused(() => memory.read8(DATA));
  });

  it('stay with the first of two with one identifier, when the second is refused', () => {
    fetch(entry(0x06, 7, DATA));
    fetch(entry(0x06, 7, 0x9000));
    post(7, 3);
    expect(memory.write8(DATA, 1)).toBe(true);
    post(7);
    refused(() => memory.write8(DATA, 1));
    expect(() => post(7)).toThrow(NvmeLaw.onlyFetched);
  });
});

describe('the rights of queues', () => {
  it('begin and end with the commands that create and delete them, when these succeed', () => {
    const read = () => memory.read32(0x4000);
    fetch(entry(0x01, 1, 0x4000, 0, 1 | (3 << 16), 1));
    post(1, 0x102);
    refused(read);
    fetch(entry(0x01, 2, 0x4000, 0, 1 | (3 << 16), 1));
    post(2);
    expect(read()).toBe(0);
    refused(() => memory.read8(0x4100));
    refused(() => memory.write8(0x4000, 1));
    fetch(entry(0x05, 3, 0x5000, 0, 1 | (3 << 16), 1));
    post(3);
    expect(memory.write8(0x503f, 1)).toBe(true);
    fetch(entry(0x00, 4, 0, 0, 1));
    post(4);
    fetch(entry(0x04, 5, 0, 0, 1));
    post(5);
    refused(read);
    refused(() => memory.write8(0x5000, 1));
  });

  it('hold for shadow doorbells, and end with a reset like all others', () => {
    fetch(entry(0x7c, 1, 0x4000, 0x5000));
    post(1);
    expect(memory.write32(0x4000, 1) && memory.write32(0x5ffc, 1)).toBe(true);
    fetch(entry(0x7c, 2, 0x6000, 0x7000));
    post(2);
    refused(() => memory.read32(0x4000));
    expect(memory.read16(0x6000)).toBe(0);
    memory.forget();
    refused(() => memory.read16(0x6000));
    refused(() => memory.read32(ASQ));
    expect(memory.fill(0xf000, 1, 16)).toBe(true);
  });

  it('are followed when data lies over the completion queue', () => {
    fetch(entry(0x06, 1, ACQ));
    fetch(entry(0x01, 2, 0x4000, 0, 1 | (3 << 16), 1));
    post(2);
    expect(memory.read32(0x4000)).toBe(0);
    expect(memory.posted).toBe(0);
  });
});

it('counts accesses, and lets what lies beyond all addresses be', () => {
  expect(memory.read8(2 ** 53)).toBe(-1);
  expect(memory.store(2 ** 53, new Uint8Array(4), 0, 4)).toBe(false);
  expect(memory.accessCount).toBe(2);
  expect([memory.pageForRead(), memory.pageForWrite(), memory.view()]).toEqual(
    Array(3).fill(undefined),
  );
  expect(memory.isMapped(0, 0x1_0000)).toBe(true);
});
