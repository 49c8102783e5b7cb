import { describe, expect, it } from 'vitest';
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { ZoneSendAction, ZoneSendFlag, ZoneState } from '../../../../src/wire/nvme-zoned.ts';
import { BUFFER, ZoneRig } from './zone-rig.ts';

const { open, reset, setExtension, commit } = ZoneSendAction;
const { selectAll, allocateZrwa } = ZoneSendFlag;

describe('Zone Management Send', () => {
  it.each([
    ['a reserved action', 6, 0],
    ['a reserved action', 0, 0],
    ['a reserved action beyond the last', 0x12, 0],
    ['a block inside a zone', open, 3],
    ['extensions of all zones', setExtension | selectAll, 0],
    ['a commit of all zones', commit | selectAll, 0],
    ['a commit where there are no random write areas', commit, 0],
    ['a random write area where there are none', open | allocateZrwa, 0],
    ['an extension where there are none', setExtension, 0],
  ])('refuses %s with Invalid Field (%i)', (_, action, lba) => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3);
    expect(rig.send(action, lba, 0, 64)).toBe(NvmeStatus.invalidField);
    expect(rig.zones.activeCount).toBe(0);
  });

  it('refuses a random write area for all zones', () => {
    const zrwa = { blocks: 4, granularity: 2, count: 2 };
    const rig = new ZoneRig({ zoneBlocks: 10, zrwa }, 3);
    expect(rig.send(open, 0, allocateZrwa | selectAll)).toBe(NvmeStatus.invalidField);
  });

  it('refuses a block beyond the namespace before it looks at the rest', () => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3);
    expect(rig.send(open, 30)).toBe(NvmeStatus.lbaOutOfRange);
    expect(rig.send(reset, 31)).toBe(NvmeStatus.lbaOutOfRange);
  });

  it('does not look at the block address when it selects all', () => {
    const rig = new ZoneRig({ zoneBlocks: 10 }, 3);
    rig.write(0, 1);
    expect(rig.send(reset, 1_000_003, selectAll)).toBe(0);
    expect(rig.zones.state(0)).toBe(ZoneState.empty);
  });

  it('sets an extension that a reset takes away again', () => {
    const rig = new ZoneRig({ zoneBlocks: 10, extensionBytes: 128 }, 3);
    rig.memory.fill(BUFFER, 9, 128);
    expect(rig.send(setExtension, 10, 0, 128)).toBe(0);
    expect([...rig.zones.extensions.subarray(127, 129)]).toEqual([0, 9]);
    expect(rig.all()[1]).toMatchObject({ state: ZoneState.closed, attributes: 128 });
    rig.send(reset, 10);
    expect(rig.all()[1]).toMatchObject({ state: ZoneState.empty, attributes: 0 });
    expect(rig.zones.extensions.every((byte) => byte === 0)).toBe(true);
  });

  it('changes nothing when the extension cannot be had', () => {
    const rig = new ZoneRig({ zoneBlocks: 10, extensionBytes: 64 }, 3);
    expect(rig.send(setExtension, 0, 0, 60)).toBe(NvmeStatus.dataTransferError);
    expect(rig.zones.state(0)).toBe(ZoneState.empty);
  });

  it('commits by the last block that is to be committed', () => {
    const zrwa = { blocks: 4, granularity: 2, count: 1 };
    const rig = new ZoneRig({ zoneBlocks: 10, zrwa }, 3);
    rig.send(open, 10, allocateZrwa);
    rig.write(11, 2, 5);
    expect(rig.send(commit, 13)).toBe(0);
    expect(rig.all()[1]).toMatchObject({ wp: 14, attributes: 8 });
    expect(rig.read(10, 4).tags).toEqual([0, 5, 6, 0]);
  });
});
