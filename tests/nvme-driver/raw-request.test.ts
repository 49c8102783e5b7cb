import { expect, it } from 'vitest';
import { makeRawRequest } from '../../src/nvme-driver/raw-request.ts';

it('has an opcode, six words of zero, and no data', () => {
  let ended = 0;
  const request = makeRawRequest(0x08, () => {
    ended += 1;
  });
  request.end(request);
  expect([request.opcode, ...request.raw!]).toEqual([8, 0, 0, 0, 0, 0, 0]);
  expect([request.nsid, request.data.byteLength, ended]).toEqual([0, 0, 1]);
});
