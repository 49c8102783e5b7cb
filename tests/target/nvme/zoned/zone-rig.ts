/** A controller with one zoned namespace, and commands on its zones. */
import { NullioBackend } from '../../../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../../../src/backends/rd-mcp.ts';
import type { Backend } from '../../../../src/interfaces/backend.ts';
import type { NvmeCommand } from '../../../../src/interfaces/nvme-command-port.ts';
import { PageStore } from '../../../../src/memory/page-store.ts';
import { RegionMemory } from '../../../../src/memory/region-memory.ts';
import { SimExecutor } from '../../../../src/sim/sim-executor.ts';
import type { NvmeTargetControllerOptions } from '../../../../src/target/nvme/controller-options.ts';
import { NvmeSubsystem } from '../../../../src/target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../../../src/target/nvme/nvme-target-controller.ts';
import type { ZonedOptions } from '../../../../src/target/nvme/zoned/zone-shape.ts';
import type { ZoneTable } from '../../../../src/target/nvme/zoned/zone-table.ts';
import { TargetDevice } from '../../../../src/target/target-device.ts';
import { IoOpcode } from '../../../../src/wire/nvme-opcodes.ts';
import { STATUS_CODE_MASK } from '../../../../src/wire/nvme-status.ts';
import { ZoneSendFlag, zoneDescriptor } from '../../../../src/wire/nvme-zoned.ts';
import { commandOf, type Fields } from '../nvme-rig.ts';

export const BUFFER = 0x1_0000;
export const BLOCK = 512;
/** Larger namespaces keep nothing. */
const MOST_KEPT_BLOCKS = 1 << 20;
/** CC.CSS: all command sets. */
const ALL_SETS = 1 | (6 << 4);

export interface Outcome {
  code: number;
  dw0: number;
  dw1: number;
}

export interface Zone {
  type: number;
  state: number;
  attributes: number;
  zcap: number;
  zslba: number;
  wp: number;
}

export class ZoneRig {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: 0x10_0000 }]);
  readonly subsystem = new NvmeSubsystem({ maxNamespaces: 4 });
  readonly controller: NvmeTargetController;
  readonly zones: ZoneTable;

  constructor(
    zoned: ZonedOptions,
    zoneCount: number,
    options: NvmeTargetControllerOptions = {},
    wrap: (backend: Backend) => Backend = (backend) => backend,
  ) {
    const blockCount = zoned.zoneBlocks * zoneCount;
    const backend =
      blockCount > MOST_KEPT_BLOCKS
        ? new NullioBackend(this.executor, blockCount * BLOCK)
        : new RdMcpBackend(this.executor, new PageStore(Math.ceil(blockCount / 8) * 4096));
    const cut = {
      geometry: { ...backend.geometry, blockCount },
      submit: backend.submit.bind(backend),
      abort: backend.abort.bind(backend),
      reset: backend.reset.bind(backend),
      close: backend.close.bind(backend),
    };
    const device = new TargetDevice(this.executor, wrap(cut));
    this.zones = this.subsystem.addNamespace(1, device, { zoned }).zones!;
    this.subsystem.addNamespace(2, new TargetDevice(this.executor, backend));
    this.controller = new NvmeTargetController(this.executor, this.subsystem, {
      commandSets: true,
      ...options,
    });
    this.controller.connect({ asyncEvent: () => {}, namespaceChanged: () => {} });
    this.controller.enable({ cc: ALL_SETS });
  }

  command(fields: Fields): NvmeCommand {
    return commandOf(this.memory, { gpa: BUFFER, ...fields });
  }

  do(fields: Fields): Outcome {
    const command = this.command(fields);
    let ended = 0;
    command.end = () => {
      ended += 1;
    };
    this.controller.submit(command);
    if (ended > 0) throw new Error('ended inside submit');
    this.executor.runUntilIdle();
    if (ended !== 1) throw new Error(`ended ${ended} times`);
    return { code: command.status & STATUS_CODE_MASK, dw0: command.dw0, dw1: command.dw1 };
  }

  /** Writes blocks whose bytes are all `tag`, `tag + 1` and so on. */
  write(lba: number, count: number, tag = 1, opc: number = IoOpcode.write): Outcome {
    for (let i = 0; i < count; i++) {
      this.memory.fill(BUFFER + i * BLOCK, (tag + i) & 0xff, BLOCK);
    }
    return this.do({ opc, cdw10: lba, cdw12: count - 1, bytes: count * BLOCK });
  }

  append(zslba: number, count: number, tag = 1): Outcome {
    return this.write(zslba, count, tag, IoOpcode.zoneAppend);
  }

  /** Reads blocks; the first byte of each, after a check that all bytes of a block are the same. */
  read(lba: number, count: number): { code: number; tags: number[] } {
    this.memory.fill(BUFFER, 0xee, count * BLOCK);
    const { code } = this.do({
      opc: IoOpcode.read,
      cdw10: lba,
      cdw12: count - 1,
      bytes: count * BLOCK,
    });
    return { code, tags: this.tags(count) };
  }

  tags(count: number): number[] {
    const bytes = new Uint8Array(count * BLOCK);
    this.memory.load(BUFFER, bytes, 0, bytes.length);
    return Array.from({ length: count }, (_, i) => {
      const block = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
      if (block.some((byte) => byte !== block[0])) throw new Error('a block is torn');
      return block[0]!;
    });
  }

  send(action: number, lba: number, flags = 0, bytes = 0): number {
    return this.do({
      opc: IoOpcode.zoneManagementSend,
      cdw10: lba,
      cdw13: action | flags,
      bytes,
    }).code;
  }

  sendAll(action: number): number {
    return this.send(action, 0, ZoneSendFlag.selectAll);
  }

  /** The bytes of a report. */
  report(slba: number, bytes: number, cdw13 = 0): { code: number; view: DataView } {
    this.memory.fill(BUFFER, 0xee, bytes);
    const { code } = this.do({
      opc: IoOpcode.zoneManagementReceive,
      cdw10: slba,
      cdw12: bytes / 4 - 1,
      cdw13,
      bytes,
    });
    const into = new Uint8Array(bytes);
    this.memory.load(BUFFER, into, 0, bytes);
    return { code, view: new DataView(into.buffer) };
  }

  /** All zones, by a report. */
  all(): Zone[] {
    const { zoneCount } = this.zones.shape;
    const { code, view } = this.report(0, 64 * (zoneCount + 1));
    if (code !== 0 || view.getUint32(0, true) !== zoneCount) throw new Error('no report');
    return Array.from({ length: zoneCount }, (_, zone) => zoneAt(view, 64 * (zone + 1)));
  }
}

export function zoneAt(view: DataView, at: number): Zone {
  return {
    type: zoneDescriptor.type.get(view, at),
    state: zoneDescriptor.state.get(view, at),
    attributes: zoneDescriptor.attributes.get(view, at),
    zcap: zoneDescriptor.zcap.get(view, at),
    zslba: zoneDescriptor.zslba.get(view, at),
    wp: zoneDescriptor.wp.get(view, at),
  };
}
