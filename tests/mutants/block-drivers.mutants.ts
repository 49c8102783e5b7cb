import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'scsi-handler-starts-early',
    file: 'src/block-drivers/scsi-driver.ts',
    find: 'if (this.#failedCount === 0 || this.#busyCount > 0 || this.#isHandling) return;',
    replace: 'if (this.#failedCount === 0 || this.#isHandling) return;',
    kills: ['tests/block-drivers/scsi-error-handler.test.ts'],
    note: 'the error handler resets the unit under commands that are well',
  },
  {
    name: 'scsi-ladder-skips-the-question',
    file: 'src/block-drivers/scsi-error-handler.ts',
    find: '    this.#ladder.moreTime();\n    this.#ask();',
    replace: '    this.#ladder.helped();',
    kills: ['tests/block-drivers/scsi-error-handler.test.ts'],
    note: 'a reset counts as help although the unit still answers nonsense',
  },
  {
    name: 'scsi-offers-forever',
    file: 'src/block-drivers/scsi-cdb-builder.ts',
    find: '    if (opcode === ScsiOp.unmap) this.#canDiscard = false;\n',
    replace: '',
    kills: ['tests/block-drivers/scsi-cdb-builder.test.ts'],
    note: 'a unit that refused UNMAP is asked again for ever',
  },
  {
    name: 'sata-never-slows-down',
    file: 'src/block-drivers/sata-error-handler.ts',
    find: 'this.speedLimit = Math.max(1, speed - 1);',
    replace: 'this.speedLimit = speed;',
    kills: ['tests/block-drivers/sata-error-handler.test.ts'],
    note: 'a link that breaks transfers stays as fast as it was',
  },
  {
    name: 'sata-takes-another-disk',
    file: 'src/block-drivers/sata-error-handler.ts',
    find: 'if (found === undefined || !isSame) {',
    replace: 'if (found === undefined) {',
    kills: ['tests/block-drivers/sata-error-handler.test.ts'],
    note: 'after a reset whatever answers is taken for the old disk',
  },
];
