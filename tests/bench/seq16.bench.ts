import { add16, needEvent } from '../../src/base/seq16.ts';
import { benchGroup } from './harness.ts';

let sink = 0;

benchGroup('event index of a ring', {
  'a 16-bit increment': () => (count) => {
    let at = sink;
    for (let i = 0; i < count; i++) at = add16(at, 1);
    sink = at;
  },
  needEvent: () => (count) => {
    let hits = 0;
    for (let i = 0; i < count; i++) if (needEvent(i & 0xff, i & 0xffff, (i - 3) & 0xffff)) hits++;
    sink = hits & 0xffff;
  },
});
