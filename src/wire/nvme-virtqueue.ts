/**
 * NVMe commands over virtqueues: the frames that the VMM and the host exchange. This library's own format; the command
 * and the completion inside are those of the NVMe Base Specification 2.0, 3.3.3.
 *
 * Queue 0 is control, queue 1 events, queues 2 and up requests. All words are little-endian.
 * A request chain is, readable: header (80 bytes), data, metadata to the device; writable: data, metadata from the device,
 * completion (16 bytes). A control chain is a 16-byte request and a response; an event chain is 16 writable bytes.
 */
import { bits, layout, u16, u32 } from './layout.ts';

/** Virtqueue of {@link ControlOp} requests. */
export const CONTROL_QUEUE = 0;
/** Virtqueue of the buffers that take events. */
export const EVENT_QUEUE = 1;
/** First of the request queues. */
export const FIRST_REQUEST_QUEUE = 2;

/** The virtqueue that carries commands of submission queue `queueId`; the admin queue shares the first one. */
export function requestQueueOf(queueId: number, requestQueueCount: number): number {
  return FIRST_REQUEST_QUEUE + (queueId % requestQueueCount);
}

/** What precedes the data of a request: the submission queue entry, and what the host needs beside it. */
export const requestHeader = layout('requestHeader', 80, {
  /** Opcode, first byte of the submission queue entry. */
  opc: bits(0, 0, 8),
  /** Command identifier. */
  cid: u16(2),
  /** Submission queue of the guest that the command came from. */
  queueId: u16(64),
  /** `DataDirection` of data and metadata. */
  direction: u16(66),
  /** Bytes of data in the chain. */
  dataBytes: u32(68),
  /** Bytes of separate metadata in the chain, after the data. */
  metadataBytes: u32(72),
});

/** Size of the request header in bytes. */
export const REQUEST_HEADER_BYTES = 80;
/** Word of the header with the queue id (low half) and the direction (high half). */
export const HEADER_QUEUE_WORD = 16;
/** Word of the header with the number of data bytes. */
export const HEADER_DATA_WORD = 17;
/** Word of the header with the number of metadata bytes. */
export const HEADER_METADATA_WORD = 18;

/** The last 16 writable bytes of a request: a completion queue entry without queue and phase. */
export const requestCompletion = layout('requestCompletion', 16, {
  /** Command specific. */
  dw0: u32(0),
  /** Command specific. */
  dw1: u32(4),
  /** Identifier of the command that this completes. */
  cid: u16(12),
  /** Status field: SC, SCT, CRD, More, DNR. */
  status: bits(12, 17, 15),
});

/** Size of a completion in bytes. */
export const COMPLETION_BYTES = 16;
/** Word of the completion with the command identifier (low half) and the status field (from bit 17). */
export const COMPLETION_STATUS_WORD = 3;

/** What the control queue asks for. */
export const ControlOp = {
  /** The controller became enabled; `a` is CC. */
  enable: 1,
  /** Flush the caches of all namespaces. */
  shutdown: 2,
  /** End all requests; the answer comes after the last of them. */
  reset: 3,
  /** Abort a request; `a` is the submission queue, `b` the command identifier. */
  abort: 4,
  /** An error that the VMM answered; `a` queue, `b` command identifier, `c` status. */
  reportError: 5,
  /** Formats of the active namespaces above namespace `a`, as many as the response has room for. */
  formats: 6,
} as const;
/** One of {@link ControlOp}. */
export type ControlOp = (typeof ControlOp)[keyof typeof ControlOp];

/** The readable part of a control chain. */
export const controlRequest = layout('controlRequest', 16, {
  /** One of {@link ControlOp}. */
  op: u32(0),
  /** First argument. */
  a: u32(4),
  /** Second argument. */
  b: u32(8),
  /** Third argument. */
  c: u32(12),
});

/** The start of the writable part of a control chain. */
export const controlResponse = layout('controlResponse', 16, {
  /** One of {@link ControlResult}. */
  result: u32(0),
  /** For abort an `AbortResult`; for formats the number of {@link formatEntry} that follow. */
  value: u32(4),
});

/** One namespace in the answer to `ControlOp.formats`. */
export const formatEntry = layout('formatEntry', 16, {
  /** Namespace. */
  nsid: u32(0),
  /** Bytes of one logical block. */
  blockBytes: u32(4),
  /** Metadata bytes of one logical block. */
  metadataBytes: u32(8),
  /** 1 when metadata is interleaved with the data. */
  extended: u32(12),
});

/** Size of a control request, of a control response without entries, and of a format entry, in bytes. */
export const CONTROL_BYTES = 16;

/** How a control request ended. */
export const ControlResult = {
  ok: 0,
  /** An operation that the host does not know. */
  unknownOp: 1,
  /** The response has no room for what was asked. */
  badFrame: 2,
} as const;
/** One of {@link ControlResult}. */
export type ControlResult = (typeof ControlResult)[keyof typeof ControlResult];

/** What an event is about. */
export const EventKind = {
  /** An asynchronous event: `a` type, `b` information, `c` log page. */
  asyncEvent: 1,
  /** The format of namespace `a` changed. */
  namespaceChanged: 2,
} as const;
/** One of {@link EventKind}. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** One event. */
export const eventFrame = layout('eventFrame', 16, {
  /** One of {@link EventKind}. */
  kind: u32(0),
  /** First argument. */
  a: u32(4),
  /** Second argument. */
  b: u32(8),
  /** Third argument. */
  c: u32(12),
});

/** Size of an event in bytes. */
export const EVENT_BYTES = 16;

/** The largest namespace id that `ControlOp.formats` looks at. */
export const MAX_FORMAT_NSID = 1024;
