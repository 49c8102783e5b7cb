import { expect, it } from 'vitest';
import { ControllerEvents } from '../../../src/target/nvme/controller-events.ts';

it('sends each event with its log page, once it is connected', () => {
  const events = new ControllerEvents();
  const seen: number[][] = [];
  const all = () => {
    events.temperature();
    events.namespaceAttributes();
    events.firmwareActivation();
    events.sanitizeDone();
    events.formatChanged(7);
  };
  all();
  events.connect({
    asyncEvent: (...event) => seen.push(event),
    namespaceChanged: (nsid) => seen.push([nsid]),
  });
  all();
  expect(seen).toEqual([[1, 1, 2], [2, 0, 4], [2, 1, 3], [6, 1, 0x81], [7]]);
});
