import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'unmap-checks-too-late',
    file: 'src/devices/scsi-work.ts',
    find: 'if (unmapLba(this.#bytes, at) + blocks > this.#medium.sectorCount) return Asc.lbaOutOfRange;',
    replace: '',
    kills: ['tests/devices/scsi-work.test.ts'],
    note: 'an UNMAP past the end lets go of what comes before',
  },
  {
    name: 'trim-of-one-range',
    file: 'src/wire/ata-trim.ts',
    find: '    first += sectors;\n',
    replace: '',
    kills: ['tests/wire/ata-trim.test.ts'],
    note: 'a long TRIM names its first 65,535 sectors again and again',
  },
  {
    name: 'tears-inside-the-unit',
    file: 'src/devices/sparse-medium.ts',
    find: 'const perUnit = Math.max(1, this.#atomicBytes / bytes);',
    replace: 'const perUnit = 1;',
    kills: ['tests/devices/sparse-medium.test.ts'],
    note: 'a power cut tears what the disk promised to keep whole',
  },
];
