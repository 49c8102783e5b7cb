import type { Mutant } from './mutant.ts';

const CONTROLLER = 'src/nvme-device/controller.ts';
const ENGINE = 'src/nvme-device/queue-engine.ts';
const CONTROLLER_TESTS = ['tests/nvme-device/controller.test.ts'];
const FUZZ_TESTS = ['tests/nvme-device/fuzz.test.ts'];

export const mutants: readonly Mutant[] = [
  {
    name: 'm16-reset-forgets-slots-that-are-not-at-the-port',
    file: ENGINE,
    find: 'if (!command.atPort) this.#free[this.#freeCount++] = command.slot;',
    replace: '',
    kills: CONTROLLER_TESTS,
    note: 'a deletion that waits when the controller is reset takes its slot with it',
  },
  {
    name: 'm16-reset-frees-slots-twice',
    file: ENGINE,
    find: 'if (!command.atPort) this.#free[this.#freeCount++] = command.slot;',
    replace: 'this.#free[this.#freeCount++] = command.slot;',
    kills: [...FUZZ_TESTS, ...CONTROLLER_TESTS],
    note: 'a command at the port gives its slot back at the reset, and again when it ends',
  },
  {
    name: 'm24-weighted-round-robin-is-advertised-and-refused',
    file: 'src/nvme-device/advertised.ts',
    find: 'if (arbitration > (options.weightedRoundRobin ? CC_AMS_WEIGHTED : 0)) return false;',
    replace: 'if (arbitration > 0) return false;',
    kills: ['tests/nvme-device/arbiter.test.ts', 'tests/nvme-device/advertised.test.ts'],
    note: 'CAP.AMS says weighted round robin, and CC.AMS with it ends in CSTS.CFS',
  },
  {
    name: 'shutdown-outlives-the-disabled-controller',
    file: CONTROLLER,
    find: 'if (!wasEnabled && isEnabled) this.#shutdown = 0;',
    replace: '',
    kills: [...CONTROLLER_TESTS, ...FUZZ_TESTS],
    note: 'a controller that was shut down while disabled becomes ready and never fetches',
  },
  {
    name: 'first-piece-runs-over-its-page',
    file: 'src/nvme-device/prp-reader.ts',
    find: 'sg.push(lo, hi, first);',
    replace: 'sg.push(lo, hi, pageBytes);',
    kills: [...FUZZ_TESTS, 'tests/nvme-device/prp-reader.test.ts'],
    note: 'the first piece of a transfer runs over the end of its page',
  },
];
