/** The loops that the virtqueue benches time: add, kick decision, pop, push, call decision, get. */
import { SgList } from '../../src/base/sg-list.ts';
import type { VirtqueueChain } from '../../src/interfaces/virtqueue.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { IndirectArea } from '../../src/virtqueue/indirect-tables.ts';
import { PackedVirtqueue } from '../../src/virtqueue/packed-virtqueue.ts';
import { PackedVirtqueueDevice } from '../../src/virtqueue/packed-virtqueue-device.ts';
import { mapRing, type RingForm, ringLayout } from '../../src/virtqueue/ring-layout.ts';
import { SplitVirtqueue } from '../../src/virtqueue/split-virtqueue.ts';
import { SplitVirtqueueDevice } from '../../src/virtqueue/split-virtqueue-device.ts';
import type { Batch } from '../support/heap.ts';

const SIZE = 256;
const DATA = 0x10_0000;
const TABLES = 0x8_0000;

/** What a loop found, so that the compiler keeps the work. @public */
export let sink = 0;

function chain(): VirtqueueChain {
  return { id: 0, descriptorCount: 0, readable: new SgList(), writable: new SgList() };
}

function segments(): { out: SgList; into: SgList } {
  const out = new SgList();
  const into = new SgList();
  out.push(DATA, 0, 64);
  into.push(DATA + 0x1000, 0, 4096);
  return { out, into };
}

function world(format: 'split' | 'packed', form: RingForm, isIndirect: boolean) {
  const memory = new RegionMemory([{ base: 0, size: 0x20_0000 }]);
  const areas = mapRing(memory, ringLayout(format, SIZE, 4096), 0x1000, form)!;
  const indirect = isIndirect ? new IndirectArea(TABLES, SIZE, 2) : undefined;
  return { memory, areas, options: { eventIdx: true, indirect, callback: () => {} } };
}

/** Split round trips, `batch` of them in flight at a time. */
export function splitLoop(form: RingForm, batch: number, isIndirect = false): () => Batch {
  return () => {
    const { memory, areas, options } = world('split', form, isIndirect);
    const driver = new SplitVirtqueue(areas, memory, SIZE, () => true, options);
    const device = new SplitVirtqueueDevice(areas, memory, SIZE, {
      eventIdx: true,
      indirect: isIndirect,
    });
    const { out, into } = segments();
    const taken = chain();
    return (count) => {
      let kicks = 0;
      for (let done = 0; done < count; done += batch) {
        for (let i = 0; i < batch; i++) driver.addSgs(out, into, i);
        if (driver.kickPrepare()) kicks += 1;
        for (let i = 0; i < batch; i++) {
          if (device.pop(taken) !== 1) throw new Error('nothing to pop');
          device.addUsed(taken.id, taken.descriptorCount, 4096);
        }
        if (device.signalNeeded()) kicks += 1;
        for (let i = 0; i < batch; i++) if (driver.getBuf() !== i) throw new Error('another token');
      }
      sink = kicks;
    };
  };
}

/** Packed round trips, `batch` of them in flight at a time. */
export function packedLoop(form: RingForm, batch: number, isIndirect = false): () => Batch {
  return () => {
    const { memory, areas, options } = world('packed', form, isIndirect);
    const driver = new PackedVirtqueue(areas, memory, SIZE, () => true, options);
    const device = new PackedVirtqueueDevice(areas, memory, SIZE, {
      eventIdx: true,
      indirect: isIndirect,
    });
    const { out, into } = segments();
    const taken = chain();
    return (count) => {
      let kicks = 0;
      for (let done = 0; done < count; done += batch) {
        for (let i = 0; i < batch; i++) driver.addSgs(out, into, i);
        if (driver.kickPrepare()) kicks += 1;
        for (let i = 0; i < batch; i++) {
          if (device.pop(taken) !== 1) throw new Error('nothing to pop');
          device.addUsed(taken.id, taken.descriptorCount, 4096);
        }
        if (device.signalNeeded()) kicks += 1;
        for (let i = 0; i < batch; i++) if (driver.getBuf() !== i) throw new Error('another token');
      }
      sink = kicks;
    };
  };
}

/** The limit: a split ring of 1 + 1 descriptors by hand on typed arrays, with event indices and a free list, and no checks. */
export function bareLoop(batch: number): () => Batch {
  return () => {
    const mask = SIZE - 1;
    const desc = new Uint32Array(4 * SIZE);
    const avail = new Uint16Array(SIZE + 3);
    const used = new Uint32Array(2 * SIZE + 2);
    const usedHalves = new Uint16Array(used.buffer);
    const next = Uint16Array.from({ length: SIZE }, (_, i) => (i + 1) & mask);
    const tokens = new Int32Array(SIZE);
    let free = 0;
    let availIdx = 0;
    let lastAvail = 0;
    let usedIdx = 0;
    let lastUsed = 0;
    return (count) => {
      let kicks = 0;
      let bytes = 0;
      for (let done = 0; done < count; done += batch) {
        const from = availIdx;
        for (let i = 0; i < batch; i++) {
          const head = free;
          const second = next[head]!;
          const at = 4 * head;
          desc[at] = DATA;
          desc[at + 1] = 0;
          desc[at + 2] = 64;
          desc[at + 3] = (second << 16) | 1;
          const behind = 4 * second;
          desc[behind] = DATA + 0x1000;
          desc[behind + 1] = 0;
          desc[behind + 2] = 4096;
          desc[behind + 3] = (next[second]! << 16) | 2;
          free = next[second]!;
          tokens[head] = i;
          avail[2 + (availIdx & mask)] = head;
          availIdx = (availIdx + 1) & 0xffff;
          avail[1] = availIdx;
        }
        const event = usedHalves[4 * SIZE + 2]!;
        if (((availIdx - event - 1) & 0xffff) < ((availIdx - from) & 0xffff)) kicks += 1;
        const usedFrom = usedIdx;
        while (avail[1] !== lastAvail) {
          const head = avail[2 + (lastAvail & mask)]!;
          lastAvail = (lastAvail + 1) & 0xffff;
          for (let i = head; ; i = desc[4 * i + 3]! >>> 16) {
            bytes = (bytes + desc[4 * i]! + desc[4 * i + 1]! + desc[4 * i + 2]!) | 0;
            if ((desc[4 * i + 3]! & 1) === 0) break;
          }
          const at = 1 + 2 * (usedIdx & mask);
          used[at] = head;
          used[at + 1] = 4096;
          usedIdx = (usedIdx + 1) & 0xffff;
          usedHalves[1] = usedIdx;
        }
        const usedEvent = avail[2 + SIZE]!;
        if (((usedIdx - usedEvent - 1) & 0xffff) < ((usedIdx - usedFrom) & 0xffff)) kicks += 1;
        for (let i = 0; usedHalves[1] !== lastUsed; i++) {
          const at = 1 + 2 * (lastUsed & mask);
          const head = used[at]!;
          if (tokens[head] !== i) throw new Error('another token');
          const second = desc[4 * head + 3]! >>> 16;
          next[second] = free;
          free = head;
          lastUsed = (lastUsed + 1) & 0xffff;
          avail[2 + SIZE] = lastUsed;
        }
      }
      sink = kicks + bytes;
    };
  };
}
