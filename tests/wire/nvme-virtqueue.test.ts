import { expect, test } from 'vitest';
import {
  COMPLETION_BYTES,
  CONTROL_BYTES,
  controlRequest,
  controlResponse,
  EVENT_BYTES,
  eventFrame,
  FIRST_REQUEST_QUEUE,
  formatEntry,
  REQUEST_HEADER_BYTES,
  requestCompletion,
  requestHeader,
  requestQueueOf,
} from '../../src/wire/index.ts';
import {
  COMPLETION_STATUS_WORD,
  HEADER_DATA_WORD,
  HEADER_METADATA_WORD,
  HEADER_QUEUE_WORD,
} from '../../src/wire/nvme-virtqueue.ts';

test('submission queues share the request queues evenly, and the admin queue has the first', () => {
  expect([0, 1, 2, 3, 4, 5].map((queueId) => requestQueueOf(queueId, 2))).toEqual([
    2, 3, 2, 3, 2, 3,
  ]);
  expect(requestQueueOf(65_535, 1)).toBe(FIRST_REQUEST_QUEUE);
});

test('sizes and word offsets agree with the layouts', () => {
  expect(requestHeader.byteLength).toBe(REQUEST_HEADER_BYTES);
  expect(requestCompletion.byteLength).toBe(COMPLETION_BYTES);
  expect(eventFrame.byteLength).toBe(EVENT_BYTES);
  for (const frame of [controlRequest, controlResponse, formatEntry]) {
    expect(frame.byteLength).toBe(CONTROL_BYTES);
  }
  expect([HEADER_QUEUE_WORD * 4, HEADER_QUEUE_WORD * 4 + 2]).toEqual([
    requestHeader.queueId.at,
    requestHeader.direction.at,
  ]);
  expect(HEADER_DATA_WORD * 4).toBe(requestHeader.dataBytes.at);
  expect(HEADER_METADATA_WORD * 4).toBe(requestHeader.metadataBytes.at);
  expect(COMPLETION_STATUS_WORD * 4).toBe(requestCompletion.cid.at);
});
