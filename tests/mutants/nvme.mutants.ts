import type { Mutant } from './mutant.ts';

const CONTROLLER = 'src/nvme-device/controller.ts';
const ENGINE = 'src/nvme-device/queue-engine.ts';
const READER = 'src/nvme-device/prp-reader.ts';
const QUEUES = 'src/nvme-device/queues.ts';
const ENGINE_TESTS = ['tests/nvme-device/queue-engine.test.ts'];
const CONTROLLER_TESTS = ['tests/nvme-device/controller.test.ts'];
const READER_TESTS = ['tests/nvme-device/prp-reader.test.ts'];

export const mutants: readonly Mutant[] = [
  {
    name: 'm1-cap-high-reads-version',
    file: CONTROLLER,
    find: '        return this.#capHi;',
    replace: '        return this.#version;',
    kills: CONTROLLER_TESTS,
    note: 'the high half of CAP reads as VS',
  },
  {
    name: 'm2-prp2-takes-length-of-prp1',
    file: READER,
    find: 'sg.push(lo2, hi2, rest);',
    replace: 'sg.push(lo2, hi2, first);',
    kills: READER_TESTS,
    note: 'the second page of a transfer is as long as the first piece',
  },
  {
    name: 'm3-one-page-too-many',
    file: READER,
    find: 'const pages = Math.ceil(left / pageBytes);',
    replace: 'const pages = Math.floor(left / pageBytes) + 1;',
    kills: READER_TESTS,
    note: 'a transfer of whole pages counts one page more',
  },
  {
    name: 'm4-no-interrupt-when-full',
    file: ENGINE,
    find: 'if (cq.interruptEnabled) this.#interrupts.note(cq.vector);',
    replace: 'if (cq.interruptEnabled && cq.room > 0) this.#interrupts.note(cq.vector);',
    kills: ENGINE_TESTS,
    note: 'the entry that fills a completion queue is not announced',
  },
  {
    name: 'm5-error-without-completion',
    file: ENGINE,
    find: 'this.complete(command, status | STATUS_DNR, 0);\n      return;',
    replace: 'return;',
    kills: ENGINE_TESTS,
    note: 'a command whose data cannot be mapped is dropped',
  },
  {
    name: 'm6-completes-to-queue-of-same-id',
    file: ENGINE,
    find: 'const cq = sq.cq;\n    const words',
    replace: 'const cq = this.cqs[sq.id]!;\n    const words',
    kills: ENGINE_TESTS,
    note: 'a completion goes to the completion queue with the id of the submission queue',
  },
  {
    name: 'm8-high-half-is-added-to',
    file: CONTROLLER,
    find: 'this.#asqHi = value;',
    replace: 'this.#asqHi |= value;',
    kills: CONTROLLER_TESTS,
    note: 'the high half of ASQ keeps bits of its old value',
  },
  {
    name: 'm9-unknown-register-throws',
    file: CONTROLLER,
    find: '        if (this.#canSetAdminQueues) this.#acqHi = value;\n        return;\n      default:\n        return;',
    replace:
      "        if (this.#canSetAdminQueues) this.#acqHi = value;\n        return;\n      default:\n        throw new Error('unknown register');",
    kills: [...CONTROLLER_TESTS, 'tests/nvme-device/pci-function.test.ts'],
    note: 'a write of a register that does not exist throws',
  },
  {
    name: 'm10-one-vector-for-all',
    file: ENGINE,
    find: 'if (cq.interruptEnabled) this.#interrupts.note(cq.vector);',
    replace: 'this.#interrupts.note(0);',
    kills: ENGINE_TESTS,
    note: 'every completion raises vector 0, whether its queue wants interrupts or not',
  },
  {
    name: 'm13-list-offset-is-dropped',
    file: READER,
    find: 'let list = addressOf(lo, hi);',
    replace: 'let list = addressOf((lo & ~(pageBytes - 1)) >>> 0, hi);',
    kills: READER_TESTS,
    note: 'a list that starts inside a page is read from the start of the page',
  },
  {
    name: 'm18-doorbell-while-disabled',
    file: ENGINE,
    find: '  doorbell(index: number, value: number): void {\n    if (!this.#running) return;',
    replace:
      "  doorbell(index: number, value: number): void {\n    if (!this.#running) throw new Error('disabled');",
    kills: ENGINE_TESTS,
    note: 'a doorbell throws while the controller is disabled',
  },
  {
    name: 'm19-posts-into-full-queue',
    file: ENGINE,
    find: '    if (sq.cq.room === 0) {\n      sq.cq.blocked = true;\n      return false;\n    }\n    if (this.#freeCount',
    replace: '    if (this.#freeCount',
    kills: ENGINE_TESTS,
    note: 'a command is fetched although its completion has no room',
  },
  {
    name: 'full-queue-is-not-resumed',
    file: ENGINE,
    find: '      cq.blocked = false;\n      this.wake(this.#vmExitNs);',
    replace: '      cq.blocked = false;',
    kills: ENGINE_TESTS,
    note: 'the head doorbell of a full completion queue does not resume its submission queues',
  },
  {
    name: 'phase-never-flips',
    file: QUEUES,
    find: 'this.phase ^= 1;',
    replace: 'this.phase ^= 0;',
    kills: ['tests/nvme-device/queues.test.ts', ...ENGINE_TESTS],
    note: 'the phase tag stays when a completion queue wraps',
  },
  {
    name: 'late-completion-after-disable',
    file: CONTROLLER,
    find: '      this.#stopQueues();\n      this.#resetWanted = true;',
    replace: '      this.#resetWanted = true;',
    kills: CONTROLLER_TESTS,
    note: 'commands in flight still complete after the host cleared CC.EN',
  },
  {
    name: 'm26-tail-wraps-at-one-too-many',
    file: 'src/nvme-driver/queue-pair.ts',
    find: 'this.tail = this.tail + 1 === this.depth ? 0 : this.tail + 1;',
    replace: 'this.tail = this.tail === this.depth ? 0 : this.tail + 1;',
    kills: ['tests/nvme-driver/queue-pair.test.ts', 'tests/nvme-driver/nvme-driver.test.ts'],
    note: 'the tail of the driver wraps one entry after the end of the queue',
  },
  {
    name: 'm25-head-doorbell-is-not-rung',
    file: 'src/nvme-driver/nvme-driver.ts',
    find: 'this.#pci.mmioWrite(pair.cqDoorbell, 4, pair.head);',
    replace: '',
    kills: ['tests/nvme-driver/nvme-driver.test.ts'],
    note: 'the driver never tells the controller what it consumed',
  },
  {
    name: 'gap-is-not-refused',
    file: 'src/nvme-driver/prp-writer.ts',
    find: 'if (i > 0 && (lo & (pageBytes - 1)) !== 0) return -1;',
    replace: '',
    kills: ['tests/nvme-driver/prp-writer.test.ts'],
    note: 'a segment that starts inside a page is taken in the middle of a transfer',
  },
];
