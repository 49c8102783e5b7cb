import { expect, it } from 'vitest';
import { WritePath } from '../../../src/node/cli/write-path.ts';

it('keeps what happens while it listens, with the time since the first event', () => {
  const clock = { now: 100 };
  const path = new WritePath(clock);
  path.event('vhost', 'early', 1, 0, 0);
  path.listen();
  path.event('workload', 'issue', 1, 8, 16);
  clock.now = 2_350;
  path.event('nvme-device', 'post', 2, 3, 4);
  path.ignore();
  path.event('vhost', 'late', 1, 0, 0);
  expect(path.text().split('\n')).toEqual([
    '       +0 ns  workload      issue 8 16',
    '    +2250 ns  nvme-device   post  3 4',
  ]);
  expect(new WritePath(clock).text()).toBe('');
});
