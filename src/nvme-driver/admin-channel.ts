/** The driver's own admin commands, one after the other. NVMe Base 2.0, 5. */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { IDENTIFY_BYTES } from '../wire/nvme-identify.ts';
import { Csts } from '../wire/nvme-registers.ts';
import { makeRawRequest } from './raw-request.ts';
import type { RegisterWindow } from './register-window.ts';

/** Who hears of an answer. */
export type AdminAnswer = (status: number, dw0: number) => void;

/** One admin command at a time, with a page of memory for its data. */
export class AdminChannel {
  /** The bytes of the page after {@link AdminChannel.load}, or before {@link AdminChannel.store}. */
  readonly bytes = new Uint8Array(IDENTIFY_BYTES);
  /** The same as a view. */
  readonly view = new DataView(this.bytes.buffer);
  readonly #memory: GuestMemory;
  readonly #pages: PageAllocator;
  readonly #pageBytes: number;
  readonly #registers: RegisterWindow;
  readonly #submit: (request: NvmeHostRequest) => boolean;
  readonly #look: () => void;
  readonly #request: NvmeHostRequest;
  #answered: AdminAnswer | undefined = undefined;
  #page = -1;
  #guardNs = 0;
  #onSilence: (isFatal: boolean) => void = () => undefined;

  /**
   * @param submit puts a request on the admin queue and rings; false when it is full
   * @param look looks for completions of the admin queue
   */
  constructor(
    memory: GuestMemory,
    pages: PageAllocator,
    pageBytes: number,
    registers: RegisterWindow,
    submit: (request: NvmeHostRequest) => boolean,
    look: () => void,
  ) {
    this.#memory = memory;
    this.#pages = pages;
    this.#pageBytes = pageBytes;
    this.#registers = registers;
    this.#submit = submit;
    this.#look = look;
    this.#request = makeRawRequest(0, (request) => {
      const answered = this.#answered;
      this.#answered = undefined;
      if (this.#guardNs > 0) this.#registers.cancel();
      answered?.(request.status, request.dw0);
    });
  }

  /** A command is on its way. */
  get isBusy(): boolean {
    return this.#answered !== undefined;
  }

  /** Where the page lies, -1 when there is none. */
  get page(): number {
    return this.#page;
  }

  /** Takes the page; false when there is none to take. */
  open(): boolean {
    if (this.#page < 0) this.#page = this.#pages.take(1, this.#pageBytes / PAGE_BYTES);
    return this.#page >= 0;
  }

  /** Gives the page back. */
  close(): void {
    if (this.#page >= 0) this.#pages.give(this.#page, 1);
    this.#page = -1;
  }

  /** Until {@link AdminChannel.unguard}, every command has `timeoutNs`, or until a fatal status shows; then `onSilence` is called. */
  guard(timeoutNs: number, onSilence: (isFatal: boolean) => void): void {
    this.#guardNs = timeoutNs;
    this.#onSilence = onSilence;
  }

  /** The answer may take its time again: somebody else looks after late commands. */
  unguard(): void {
    if (this.#guardNs > 0) this.#registers.cancel();
    this.#guardNs = 0;
  }

  /** Nobody waits for the answer any more. */
  forget(): void {
    this.#answered = undefined;
  }

  /** Copies the page into {@link AdminChannel.bytes}. */
  load(): void {
    this.#memory.load(this.#page, this.bytes, 0, IDENTIFY_BYTES);
  }

  /** Copies {@link AdminChannel.bytes} into the page. */
  store(): void {
    this.#memory.store(this.#page, this.bytes, 0, IDENTIFY_BYTES);
  }

  /**
   * Sends a command whose data pointers are `pages`, at most two, each at the start of a memory page. False, and no answer, when the
   * queue is full.
   */
  send(
    opcode: number,
    nsid: number,
    cdw10: number,
    cdw11: number,
    pages: readonly number[],
    then: AdminAnswer,
  ): boolean {
    const request = this.#request;
    request.opcode = opcode;
    request.nsid = nsid;
    request.raw!.fill(0);
    request.raw![0] = cdw10;
    request.raw![1] = cdw11;
    request.data.clear();
    for (const gpa of pages) request.data.pushAddress(gpa, this.#pageBytes);
    this.#answered = then;
    if (!this.#submit(request)) {
      this.#answered = undefined;
      return false;
    }
    if (this.#guardNs > 0) {
      this.#registers.wait(Csts.cfs, Csts.cfs, this.#guardNs, (isFatal) => {
        // The answer may be there, and its interrupt lost.
        if (!isFatal && this.#isAnswered()) return;
        this.forget();
        this.#onSilence(isFatal);
      });
    }
    return true;
  }

  #isAnswered(): boolean {
    const answered = this.#answered;
    this.#look();
    return this.#answered !== answered;
  }
}
