/** A controller on a subsystem of two namespaces, and a way to give it commands as a driver would. */

import { NullioBackend } from '../../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { SgList } from '../../../src/base/sg-list.ts';
import type { Backend } from '../../../src/interfaces/backend.ts';
import type { GuestMemory } from '../../../src/interfaces/guest-memory.ts';
import { DataDirection, type NvmeCommand } from '../../../src/interfaces/nvme-command-port.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { RegionMemory } from '../../../src/memory/region-memory.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import type { NvmeTargetControllerOptions } from '../../../src/target/nvme/controller-options.ts';
import type { NvmeNamespaceOptions } from '../../../src/target/nvme/nvme-namespace.ts';
import {
  NvmeSubsystem,
  type NvmeSubsystemOptions,
} from '../../../src/target/nvme/nvme-subsystem.ts';
import { NvmeTargetController } from '../../../src/target/nvme/nvme-target-controller.ts';
import { TargetDevice } from '../../../src/target/target-device.ts';
import { SqeWord } from '../../../src/wire/nvme-entries.ts';
import { STATUS_CODE_MASK } from '../../../src/wire/nvme-status.ts';

/** Where the data buffer of a rig lies, and its size. */
export const BUFFER = 0x10_0000;
export const BUFFER_BYTES = 0x20_0000;

export interface Fields {
  opc: number;
  nsid?: number;
  cdw10?: number;
  cdw11?: number;
  cdw12?: number;
  cdw13?: number;
  cdw14?: number;
  cdw15?: number;
  cid?: number;
  queueId?: number;
  /** Bytes of the data list at `gpa`. */
  bytes?: number;
  gpa?: number;
}

export interface Completion {
  code: number;
  status: number;
  dw0: number;
}

export class NvmeRig {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: 0x40_0000 }]);
  readonly subsystem: NvmeSubsystem;
  readonly controller: NvmeTargetController;
  readonly devices: TargetDevice[] = [];
  readonly events: number[][] = [];
  ended = 0;

  constructor(
    options: NvmeTargetControllerOptions = {},
    backends?: (executor: SimExecutor) => Backend[],
    subsystem: NvmeSubsystemOptions = {},
    namespace: NvmeNamespaceOptions = {},
  ) {
    this.subsystem = new NvmeSubsystem({ seed: 7, maxNamespaces: 8, ...subsystem });
    const all = backends?.(this.executor) ?? [
      new RdMcpBackend(this.executor, new PageStore(1 << 20)),
      new NullioBackend(this.executor, 1 << 20, { blockBytes: 4096 }),
    ];
    for (const [i, backend] of all.entries()) {
      const device = new TargetDevice(this.executor, backend);
      this.devices.push(device);
      this.subsystem.addNamespace(i + 1, device, namespace);
    }
    this.controller = new NvmeTargetController(this.executor, this.subsystem, options);
    this.controller.connect({
      asyncEvent: (type, info, page) => this.events.push([type, info, page]),
      namespaceChanged: () => this.events.push([]),
    });
    this.controller.enable({ cc: 1 });
  }

  /** A command that counts its ends and keeps what it ended with. */
  command(fields: Fields): NvmeCommand {
    const command = commandOf(this.memory, fields);
    command.end = () => {
      this.ended += 1;
    };
    return command;
  }

  /** Submits, runs to the end, and expects exactly one end that was not inside `submit`. */
  do(fields: Fields): Completion {
    const command = this.command(fields);
    const before = this.ended;
    this.controller.submit(command);
    if (this.ended !== before) throw new Error('ended inside submit');
    this.executor.runUntilIdle();
    if (this.ended !== before + 1) throw new Error(`ended ${this.ended - before} times`);
    return {
      code: command.status & STATUS_CODE_MASK,
      status: command.status,
      dw0: command.dw0,
    };
  }

  admin(fields: Fields): Completion {
    return this.do({ ...fields, queueId: 0 });
  }

  fill(pattern: number, bytes: number): void {
    this.memory.fill(BUFFER, pattern, bytes);
  }

  bytes(length: number, at = 0): Uint8Array {
    const into = new Uint8Array(length);
    this.memory.load(BUFFER + at, into, 0, length);
    return into;
  }

  view(length = 4096): DataView {
    return new DataView(this.bytes(length).buffer);
  }
}

/** A command as a controller would hand it over. */
export function commandOf(memory: GuestMemory, fields: Fields): NvmeCommand {
  const sqe = new Int32Array(16);
  sqe[SqeWord.cdw0] = fields.opc | ((fields.cid ?? 1) << 16);
  sqe[SqeWord.nsid] = fields.nsid ?? 1;
  sqe[SqeWord.cdw10] = fields.cdw10 ?? 0;
  sqe[SqeWord.cdw11] = fields.cdw11 ?? 0;
  sqe[SqeWord.cdw12] = fields.cdw12 ?? 0;
  sqe[SqeWord.cdw13] = fields.cdw13 ?? 0;
  sqe[SqeWord.cdw14] = fields.cdw14 ?? 0;
  sqe[SqeWord.cdw15] = fields.cdw15 ?? 0;
  const data = new SgList();
  if ((fields.bytes ?? 0) > 0) data.pushAddress(fields.gpa ?? BUFFER, fields.bytes!);
  return {
    ioId: fields.cid ?? 1,
    queueId: fields.queueId ?? 1,
    sqe,
    memory,
    direction: DataDirection.none,
    data,
    metadata: new SgList(),
    status: -1,
    dw0: -1,
    dw1: -1,
    end: () => {},
  };
}
