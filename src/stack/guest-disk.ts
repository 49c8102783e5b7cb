/** A namespace as a program in the guest uses it: reads, writes and flushes that return promises. */
import { ConfigError, InvariantError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHost, NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { IoControl } from '../wire/nvme-entries.ts';
import { IoOpcode } from '../wire/nvme-opcodes.ts';
import { NvmeError } from './nvme-error.ts';
import type { Pump, Settle } from './pump.ts';
import type { SubmitQueue } from './submit-queue.ts';

/** Options of one read or write. */
export interface TransferOptions {
  /** The data comes from, or is on, the medium and not only in a cache. */
  fua?: boolean;
  /** Where in its first page the guest's buffer starts, a multiple of 4 below 4096: for those who test data pointers. */
  bufferOffset?: number;
}

/** One namespace. Offsets and lengths are bytes and multiples of `blockBytes`. */
export class GuestDisk {
  /** Namespace id. */
  readonly nsid: number;
  /** Bytes of one logical block. */
  readonly blockBytes: number;
  /** Size in bytes. */
  readonly size: number;
  readonly #pump: Pump;
  readonly #host: NvmeHost;
  readonly #memory: GuestMemory;
  readonly #buffers: PageAllocator;
  readonly #queue: SubmitQueue;

  /** @internal */
  constructor(
    pump: Pump,
    host: NvmeHost,
    memory: GuestMemory,
    buffers: PageAllocator,
    queue: SubmitQueue,
    namespace: NvmeNamespaceInfo,
  ) {
    this.#pump = pump;
    this.#host = host;
    this.#memory = memory;
    this.#buffers = buffers;
    this.#queue = queue;
    this.nsid = namespace.nsid;
    this.blockBytes = namespace.blockBytes;
    this.size = namespace.blockBytes * namespace.blockCount;
  }

  /**
   * Reads `length` bytes from byte `offset` on.
   *
   * @throws NvmeError when a command fails, ConfigError when a number is no multiple of the block size
   */
  async read(offset: number, length: number, options: TransferOptions = {}): Promise<Uint8Array> {
    checkMultiple('length', length, this.blockBytes);
    return this.#transfer(IoOpcode.read, offset, new Uint8Array(length), options);
  }

  /**
   * Writes `data` at byte `offset`.
   *
   * @throws NvmeError when a command fails, ConfigError when a number is no multiple of the block size
   */
  async write(offset: number, data: Uint8Array, options: TransferOptions = {}): Promise<void> {
    await this.#transfer(IoOpcode.write, offset, data.slice(), options);
  }

  /** Makes durable all writes that ended before. @throws NvmeError when the command fails */
  flush(): Promise<void> {
    return this.#pump.call<void>((settle) => {
      const request = this.#request(IoOpcode.flush, 0, 0, 0);
      request.end = () => {
        if (request.status === 0) settle.resolve();
        else settle.reject(new NvmeError('flush', request.status));
      };
      this.#queue.push(request);
    });
  }

  async #transfer(
    opcode: number,
    offset: number,
    data: Uint8Array,
    options: TransferOptions,
  ): Promise<Uint8Array> {
    checkMultiple('offset', offset, this.blockBytes);
    checkMultiple('length', data.length, this.blockBytes);
    const skew = options.bufferOffset ?? 0;
    if (!Number.isInteger(skew) || skew < 0 || skew >= PAGE_BYTES || skew % 4 !== 0) {
      throw new ConfigError('bufferOffset', skew, 'a multiple of 4 from 0 to 4092');
    }
    const control = options.fua === true ? IoControl.fua : 0;
    // A buffer that starts inside a page reaches one page more, which a command's data pointers must span too.
    const most =
      Math.min(this.#host.maxTransferBytes, MAX_PIECE_BYTES) - (skew > 0 ? PAGE_BYTES : 0);
    const pieceBytes = most - (most % this.blockBytes);
    if (pieceBytes <= 0) {
      throw new ConfigError(
        'bufferOffset',
        skew,
        'an aligned buffer: the controller moves one page at a time',
      );
    }
    for (let at = 0; at < data.length; at += WINDOW_PIECES * pieceBytes) {
      const window: Promise<void>[] = [];
      const end = Math.min(data.length, at + WINDOW_PIECES * pieceBytes);
      for (let piece = at; piece < end; piece += pieceBytes) {
        const bytes = data.subarray(piece, Math.min(end, piece + pieceBytes));
        window.push(this.#piece(opcode, offset + piece, bytes, control, skew));
      }
      await Promise.all(window);
    }
    return data;
  }

  #piece(
    opcode: number,
    offset: number,
    bytes: Uint8Array,
    control: number,
    skew: number,
  ): Promise<void> {
    return this.#pump.call<void>((settle) => {
      this.#withBuffer(bytes.length + skew, settle, (gpa, pages) => {
        const buffer = gpa + skew;
        if (opcode === IoOpcode.write) this.#memory.store(buffer, bytes, 0, bytes.length);
        const nlb0 = bytes.length / this.blockBytes - 1;
        const request = this.#request(opcode, offset / this.blockBytes, nlb0, control);
        request.data.pushAddress(buffer, bytes.length);
        request.end = () => {
          if (opcode === IoOpcode.read) this.#memory.load(buffer, bytes, 0, bytes.length);
          this.#buffers.give(gpa, pages);
          this.#queue.bufferFreed();
          const what = `${opcode === IoOpcode.read ? 'read' : 'write'} of ${bytes.length} bytes at ${offset}`;
          if (request.status === 0) settle.resolve();
          else settle.reject(new NvmeError(what, request.status));
        };
        this.#queue.push(request);
      });
    });
  }

  /** Runs `use` with a buffer, now or when one is free. */
  #withBuffer(
    length: number,
    settle: Settle<void>,
    use: (gpa: number, pages: number) => void,
  ): void {
    const pages = Math.max(1, Math.ceil(length / PAGE_BYTES));
    const gpa = this.#buffers.take(pages);
    if (gpa >= 0) {
      use(gpa, pages);
    } else if (!this.#queue.isBusy) {
      settle.reject(new InvariantError(`guest memory has no ${pages} pages for a buffer`));
    } else {
      this.#queue.whenBufferFreed(() => this.#withBuffer(length, settle, use));
    }
  }

  #request(opcode: number, slba: number, nlb0: number, control: number): NvmeHostRequest {
    return {
      ioId: this.#queue.nextIoId(),
      opcode,
      nsid: this.nsid,
      slba,
      nlb0,
      control,
      raw: undefined,
      data: new SgList(1),
      status: 0,
      dw0: 0,
      end: () => {},
    };
  }
}

/** Bytes of the largest command of a handle; larger transfers are cut. */
const MAX_PIECE_BYTES = 1 << 20;
/** Commands of one large transfer that are in flight at once. */
const WINDOW_PIECES = 8;

function checkMultiple(key: string, value: number, unit: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value % unit !== 0) {
    throw new ConfigError(key, value, `a multiple of ${unit} bytes, 0 or more`);
  }
}
