import type { Mutant } from './mutant.ts';

const TABLE = 'tests/target/nvme/zoned/zone-table.test.ts';
const IO = 'tests/target/nvme/zoned/zone-io.test.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'write-anywhere',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: '} else if (at !== wp) {',
    replace: '} else if (at < wp) {',
    kills: [TABLE],
    note: 'a write beyond the write pointer is let in and leaves a hole',
  },
  {
    name: 'size-for-capacity',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: 'if (end > zoneCapacity) return NvmeStatus.zoneBoundaryError;',
    replace: 'if (end > this.shape.zoneBlocks) return NvmeStatus.zoneBoundaryError;',
    kills: [TABLE],
    note: 'a zone is written up to its size and not its capacity',
  },
  {
    name: 'closed-is-not-active',
    file: 'src/target/nvme/zoned/zone-state.ts',
    find: 'const ACTIVE = OPEN | setOf(closed);',
    replace: 'const ACTIVE = OPEN;',
    kills: ['tests/target/nvme/zoned/zone-state.test.ts'],
    note: 'a closed zone gives its active resource back',
  },
  {
    name: 'closes-the-newest',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: 'this.#openedAt[zone]! < this.#openedAt[oldest]!',
    replace: 'this.#openedAt[zone]! > this.#openedAt[oldest]!',
    kills: [TABLE],
    note: 'the zone that was opened last is closed to make room',
  },
  {
    name: 'reset-shows-old-data',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: '    this.#written[zone] = 0;\n',
    replace: '',
    kills: [IO],
    note: 'what a zone held before its reset can still be read',
  },
  {
    name: 'zrwa-over-old-data',
    file: 'src/target/nvme/zoned/zone-management.ts',
    find: 'status === NvmeStatus.success && zones.dirty(zone) > 0',
    replace: 'status === NvmeStatus.success && zones.dirty(zone) < 0',
    kills: [IO],
    note: 'a random write area shows older data between the blocks that were written',
  },
  {
    name: 'zrwa-kept-by-full-zone',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: 'if (!isActive(next) && this.hasZrwa(zone)) {',
    replace: 'if (next === ZoneState.empty && this.hasZrwa(zone)) {',
    kills: [TABLE],
    note: 'a full zone keeps its random write area',
  },
  {
    name: 'pieces-at-the-start',
    file: 'src/target/nvme/zoned/zone-io.ts',
    find: 'slot.piece.appendRange(whole, offset, length);',
    replace: 'slot.piece.appendRange(whole, 0, length);',
    kills: [IO],
    note: 'each piece of a read goes to where its first one belongs',
  },
  {
    name: 'partial-counts-all',
    file: 'src/target/nvme/zoned/zone-report.ts',
    find: 'isPartial ? Math.min(matching, room) : matching',
    replace: 'matching',
    kills: ['tests/target/nvme/zoned/zone-report.test.ts'],
    note: 'a partial report counts zones that it does not hold',
  },
  {
    name: 'takes-back-another-life',
    file: 'src/target/nvme/zoned/zone-table.ts',
    find: 'if (life !== this.life(zone) || end',
    replace: 'if (end',
    kills: [IO],
    note: 'a write that fails after a reset takes back the pointer of one that came later',
  },
];
