/** A file, as FILEIO and file-backed media use one. */
import type { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from './guest-memory.ts';

/** What to do to a file. */
export const FileOp = { read: 0, write: 1, sync: 2, dataSync: 3, punch: 4 } as const;
/** One of {@link FileOp}. */
export type FileOp = (typeof FileOp)[keyof typeof FileOp];

/** How it went: 0 or a positive errno of Linux. */
export const Errno = {
  ok: 0,
  io: 5,
  again: 11,
  noMemory: 12,
  fault: 14,
  busy: 16,
  invalid: 22,
  fileTooLarge: 27,
  noSpace: 28,
  readOnly: 30,
  timedOut: 110,
  notSupported: 95,
} as const;
/** One of {@link Errno}. */
export type Errno = (typeof Errno)[keyof typeof Errno];

/** One operation on a file; a slot of its submitter. See `request.ts` for its life. */
export interface FileRequest {
  ioId: number;
  op: FileOp;
  /** Byte offset in the file. */
  offset: number;
  /** Bytes to move or punch; `data` holds at least as many for read and write. */
  length: number;
  memory: GuestMemory;
  data: SgList;
  /** For write: the bytes are durable when the request ends (O_DSYNC). */
  durable: boolean;
  /** Result. */
  errno: Errno;
  /** Set once, when the slot is made. */
  end: (request: FileRequest) => void;
}

/**
 * An open file of a fixed size. Reads inside the size that were never written are zeroes.
 *
 * `sync` makes durable all writes that ended before it was submitted; `dataSync` those of its range (`offset`, `length`).
 * Punched bytes read as zeroes; a punch is as durable as a write that is not.
 */
export interface FileHandle {
  /** Size in bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Takes the request; its `end` is called exactly once, never inside this call. */
  submit(request: FileRequest): void;
  /** Closes the file. Nothing is in flight. */
  close(): void;
}
