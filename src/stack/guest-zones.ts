/** The zones of a zoned namespace as a program in the guest uses them: reports, appends and management by promises. */
import { ConfigError, InvariantError } from '../base/assert.ts';
import { SgList } from '../base/sg-list.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeHostRequest, NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import type { PageAllocator } from '../memory/page-allocator.ts';
import { PAGE_BYTES } from '../memory/region-memory.ts';
import { IoOpcode } from '../wire/nvme-opcodes.ts';
import {
  ZONE_REPORT_ENTRY_BYTES,
  ZoneSendAction,
  ZoneSendFlag,
  ZoneState,
  zoneDescriptor,
  zoneReportHeader,
} from '../wire/nvme-zoned.ts';
import { NvmeError } from './nvme-error.ts';
import type { Pump, Settle } from './pump.ts';
import type { SubmitQueue } from './submit-queue.ts';

/** A zone as a report tells it; positions are bytes from the start of the namespace. */
export interface GuestZone {
  readonly offset: number;
  /** Bytes that can be written. */
  readonly capacity: number;
  readonly state: keyof typeof ZoneState;
  /** Where the next write goes; `undefined` for a zone that takes none. */
  readonly writePointer: number | undefined;
}

/** Most bytes of one report. */
const MAX_REPORT_BYTES = 16 * PAGE_BYTES;

const stateNames = new Map<number, keyof typeof ZoneState>(
  (Object.keys(ZoneState) as (keyof typeof ZoneState)[]).map((name) => [ZoneState[name], name]),
);

/** Zones of one namespace; each method throws an NvmeError when its command fails. */
export class GuestZones {
  readonly #pump: Pump;
  readonly #memory: GuestMemory;
  readonly #buffers: PageAllocator;
  readonly #queue: SubmitQueue;
  readonly #namespace: NvmeNamespaceInfo;
  readonly #reportBytes: number;

  /** @internal */
  constructor(
    pump: Pump,
    memory: GuestMemory,
    buffers: PageAllocator,
    queue: SubmitQueue,
    namespace: NvmeNamespaceInfo,
    maxTransferBytes: number,
  ) {
    this.#pump = pump;
    this.#memory = memory;
    this.#buffers = buffers;
    this.#queue = queue;
    this.#namespace = namespace;
    this.#reportBytes = Math.min(MAX_REPORT_BYTES, maxTransferBytes);
  }

  /** All zones, in ascending order. */
  async report(): Promise<GuestZone[]> {
    const { blockBytes, blockCount } = this.#namespace;
    const reportBytes = this.#reportBytes;
    const zones: GuestZone[] = [];
    for (let slba = 0; slba < blockCount; ) {
      const bytes = new Uint8Array(reportBytes);
      await this.#run('zone report', IoOpcode.zoneManagementReceive, slba, bytes, (dwords) => {
        dwords[2] = reportBytes / 4 - 1;
      });
      const view = new DataView(bytes.buffer);
      const left = zoneReportHeader.zoneCount.get(view, 0);
      const count = Math.min(left, reportBytes / ZONE_REPORT_ENTRY_BYTES - 1);
      for (let i = 1; i <= count; i++) {
        zones.push(zoneAt(view, i * ZONE_REPORT_ENTRY_BYTES, blockBytes));
      }
      if (count === left) break;
      const [last, before] = [zones.at(-1)!, zones.at(-2)!];
      slba = (2 * last.offset - before.offset) / blockBytes;
    }
    return zones;
  }

  /** Appends `data` to the zone at byte `offset`; returns the byte where it went. */
  async append(offset: number, data: Uint8Array): Promise<number> {
    const { blockBytes } = this.#namespace;
    const count = data.length / blockBytes;
    if (!Number.isInteger(count) || count < 1 || count > 0x1_0000) {
      const expected = `1 to 65536 times ${blockBytes} bytes`;
      throw new ConfigError('data.length', data.length, expected);
    }
    const slba = this.#blockOf(offset);
    const dw0 = await this.#run('append', IoOpcode.zoneAppend, slba, data.slice(), (dwords) => {
      dwords[2] = count - 1;
    });
    // Dword 0 has the low half; a zone is shorter than that is long.
    return (slba + ((dw0 - slba) >>> 0)) * blockBytes;
  }

  /** Resets the zone at byte `offset`, or all zones. */
  reset(offset?: number): Promise<void> {
    return this.#send('zone reset', ZoneSendAction.reset, offset);
  }

  /** Opens the zone at byte `offset`, or all closed ones. */
  open(offset?: number): Promise<void> {
    return this.#send('zone open', ZoneSendAction.open, offset);
  }

  /** Closes the zone at byte `offset`, or all open ones. */
  close(offset?: number): Promise<void> {
    return this.#send('zone close', ZoneSendAction.close, offset);
  }

  /** Finishes the zone at byte `offset`, or all active ones. */
  finish(offset?: number): Promise<void> {
    return this.#send('zone finish', ZoneSendAction.finish, offset);
  }

  async #send(what: string, action: number, offset: number | undefined): Promise<void> {
    const slba = this.#blockOf(offset ?? 0);
    const all = offset === undefined ? ZoneSendFlag.selectAll : 0;
    await this.#run(what, IoOpcode.zoneManagementSend, slba, undefined, (dwords) => {
      dwords[3] = action | all;
    });
  }

  #blockOf(offset: number): number {
    const { blockBytes } = this.#namespace;
    if (Number.isSafeInteger(offset) && offset >= 0 && offset % blockBytes === 0) {
      return offset / blockBytes;
    }
    throw new ConfigError('offset', offset, `a multiple of ${blockBytes} bytes, 0 or more`);
  }

  /** Runs one command, with `bytes` as its data both ways; `fill` sets command dwords 12 and up. Gives dword 0. */
  #run(
    what: string,
    opcode: number,
    slba: number,
    bytes: Uint8Array | undefined,
    fill: (dwords: Int32Array) => void,
  ): Promise<number> {
    const raw = new Int32Array(6);
    raw[0] = slba;
    raw[1] = Math.floor(slba / 0x1_0000_0000);
    fill(raw);
    return this.#pump.call<number>((settle) => this.#submit(what, opcode, raw, bytes, settle));
  }

  #submit(
    what: string,
    opcode: number,
    raw: Int32Array,
    bytes: Uint8Array | undefined,
    settle: Settle<number>,
  ): void {
    const length = bytes?.length ?? 0;
    const pages = Math.ceil(length / PAGE_BYTES);
    const gpa = pages === 0 ? 0 : this.#buffers.take(pages);
    if (gpa < 0) {
      const again = (): void => this.#submit(what, opcode, raw, bytes, settle);
      if (this.#queue.isBusy) this.#queue.whenBufferFreed(again);
      else settle.reject(new InvariantError(`guest memory has no ${pages} pages for a buffer`));
      return;
    }
    const request: NvmeHostRequest = {
      ioId: this.#queue.nextIoId(),
      opcode,
      nsid: this.#namespace.nsid,
      slba: 0,
      nlb0: 0,
      control: 0,
      raw,
      data: new SgList(1),
      status: 0,
      dw0: 0,
      end: () => {
        if (bytes !== undefined) {
          this.#memory.load(gpa, bytes, 0, length);
          this.#buffers.give(gpa, pages);
          this.#queue.bufferFreed();
        }
        if (request.status === 0) settle.resolve(request.dw0);
        else settle.reject(new NvmeError(what, request.status));
      },
    };
    if (bytes !== undefined) {
      this.#memory.store(gpa, bytes, 0, length);
      request.data.pushAddress(gpa, length);
    }
    this.#queue.push(request);
  }
}

function zoneAt(view: DataView, at: number, blockBytes: number): GuestZone {
  const wp = zoneDescriptor.wp.get(view, at);
  const state = stateNames.get(zoneDescriptor.state.get(view, at)) ?? 'offline';
  const isWritable = state !== 'full' && state !== 'readOnly' && state !== 'offline';
  return {
    offset: zoneDescriptor.zslba.get(view, at) * blockBytes,
    capacity: zoneDescriptor.zcap.get(view, at) * blockBytes,
    state,
    writePointer: isWritable ? wp * blockBytes : undefined,
  };
}
