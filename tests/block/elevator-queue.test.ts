import { describe, expect, it } from 'vitest';
import { makeScheduler } from '../../src/block/make-scheduler.ts';
import { BioFlag, BioOp } from '../../src/interfaces/bio.ts';
import { QueueRig } from './rig.ts';

const { write } = BioOp;

/** A queue whose driver is busy with one request, so that all others wait in the scheduler. */
function busyRig(noMerges = 0, name = 'mq-deadline'): QueueRig {
  const scheduler = makeScheduler(name);
  const rig = new QueueRig({}, 1, 1, { scheduler, noMerges, requestCount: 64 });
  for (const sector of [100_000, 200_000]) rig.submit({ op: write, sector });
  rig.executor.runUntil(1);
  rig.events.splice(0);
  return rig;
}

function merges(rig: QueueRig): string[] {
  return rig.events.filter((event) => event[0] === 'M' || event[0] === 'F');
}

function sendAll(rig: QueueRig): string[] {
  while (rig.driver.held.length > 0) {
    rig.driver.endOne();
    rig.executor.runUntil(rig.executor.now + 1);
  }
  return rig.driver.takeLog().slice(2);
}

describe.each(['mq-deadline', 'bfq'])('what waits in %s', (name) => {
  it('takes bios at both ends, from interleaved streams', () => {
    const rig = busyRig(0, name);
    for (const sector of [1_000, 5_000, 1_008, 5_008, 992, 4_992]) {
      rig.submit({ op: write, sector, gpa: sector * 512 });
    }
    expect(merges(rig)).toEqual(['M 1008+8', 'M 5008+8', 'F 992+8', 'F 4992+8']);
    expect(sendAll(rig).sort()).toEqual(['write 4992+24', 'write 992+24']);
  });

  it('becomes one request when a bio closes the gap between two', () => {
    const rig = busyRig(0, name);
    for (const sector of [1_000, 1_016, 1_008])
      rig.submit({ op: write, sector, gpa: sector * 512 });
    expect(merges(rig)).toEqual(['M 1008+8', 'M 1016+8']);
    expect(sendAll(rig)).toEqual(['write 1000+24']);
    expect(rig.queue.requestsInUse).toBe(0);
  });

  it('takes the requests of a plug, one behind the other', () => {
    const rig = busyRig(0, name);
    rig.submit({ op: write, sector: 1_000, gpa: 0 });
    rig.queue.plug();
    rig.submit({ op: write, sector: 9_000, gpa: 1 << 20 });
    rig.submit({ op: write, sector: 8_000, gpa: 2 << 20 });
    rig.submit({ op: write, sector: 9_008, gpa: 3 << 20 });
    rig.queue.unplug();
    expect(merges(rig)).toEqual(['M 9008+8']);
    expect(sendAll(rig)).toHaveLength(3);
  });

  it('takes bios at the newest merge only, or none, when told so', () => {
    const cheap = busyRig(1, name);
    for (const sector of [1_000, 5_000, 5_008, 1_008]) {
      cheap.submit({ op: write, sector, gpa: sector * 512 });
    }
    expect(merges(cheap)).toEqual(['M 1008+8']);
    const none = busyRig(2, name);
    for (const sector of [1_000, 1_008]) none.submit({ op: write, sector, gpa: sector * 512 });
    expect(merges(none)).toEqual([]);
  });

  it('takes nothing that is not to be merged', () => {
    const rig = busyRig(0, name);
    rig.submit({ op: write, sector: 1_000 });
    rig.submit({ op: write, sector: 1_008, gpa: 8_192, flags: BioFlag.noMerge });
    rig.submit({ sector: 1_008, gpa: 16_384 });
    expect(merges(rig)).toEqual([]);
  });
});
