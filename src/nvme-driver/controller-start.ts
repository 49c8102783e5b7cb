/**
 * From a reset controller to created I/O queues: the steps of a probe, one after the other. NVMe Base 2.0, 3.5.1.
 *
 * Runs once per start; its closures are not on any hot path.
 */
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { NvmeNamespaceInfo } from '../interfaces/nvme-host.ts';
import { IDENTIFY_BYTES, identifyController, identifyNamespace } from '../wire/nvme-identify.ts';
import { AdminOpcode, FeatureId, IdentifyCns } from '../wire/nvme-opcodes.ts';
import { nvmeStatusName } from '../wire/nvme-status.ts';
import type { QueuePairPlan } from './queue-pair.ts';

/** Most namespaces that a driver looks at. */
export const MAX_NAMESPACES = 1024;
const FORMAT_BYTES = 4;
const MAX_LBA_SHIFT = 16;
/** Bits of command dword 11 of the queue creations. */
const QUEUE_CONTIGUOUS = 1;
const QUEUE_INTERRUPTS = 2;

/** An admin command: opcode, namespace, dwords 10 to 12, whether it fills the Identify buffer. */
export type AdminCall = (
  command: {
    opcode: number;
    nsid?: number;
    cdw10?: number;
    cdw11?: number;
    data?: boolean;
    prp1?: number;
  },
  done: (status: number, dw0: number) => void,
) => void;

/** What the steps found. */
export interface ControllerFacts {
  maxTransferBytes: number;
  volatileWriteCache: boolean;
  namespaces: NvmeNamespaceInfo[];
}

/** What the steps need. */
export interface StartPlan {
  readonly memory: GuestMemory;
  /** A page that Identify fills. */
  readonly bufferGpa: number;
  /** Cap for the transfer size that the controller names. */
  readonly maxTransferBytes: number;
  /** I/O queue pairs that are wanted. */
  readonly queueCount: number;
  /** Memory of I/O queue `id` (1 and up). */
  readonly queuePlan: (id: number) => QueuePairPlan;
  /** Vector of I/O queue `id`. */
  readonly vectorOf: (id: number) => number;
  /** A queue pair stands. */
  readonly created: (plan: QueuePairPlan) => void;
}

/** Runs the steps; `done` gets the facts, or a sentence that says what failed. */
export function identifyAndCreate(
  admin: AdminCall,
  plan: StartPlan,
  done: (result: ControllerFacts | string) => void,
): void {
  new StartSteps(admin, plan, done).identifyController();
}

type AdminCommand = Parameters<AdminCall>[0];

class StartSteps {
  readonly #admin: AdminCall;
  readonly #plan: StartPlan;
  readonly #done: (result: ControllerFacts | string) => void;
  readonly #page = new Uint8Array(IDENTIFY_BYTES);
  readonly #view = new DataView(this.#page.buffer);
  readonly #facts: ControllerFacts;

  constructor(admin: AdminCall, plan: StartPlan, done: (result: ControllerFacts | string) => void) {
    this.#admin = admin;
    this.#plan = plan;
    this.#done = done;
    this.#facts = {
      maxTransferBytes: plan.maxTransferBytes,
      volatileWriteCache: false,
      namespaces: [],
    };
  }

  identifyController(): void {
    this.#identify('Identify Controller', IdentifyCns.controller, 0, () => {
      const mdts = identifyController.mdts.get(this.#view, 0);
      if (mdts > 0 && mdts < 20) {
        const limit = 4096 * 2 ** mdts;
        this.#facts.maxTransferBytes = Math.min(this.#plan.maxTransferBytes, limit);
      }
      this.#facts.volatileWriteCache = (identifyController.vwc.get(this.#view, 0) & 1) !== 0;
      this.#setQueueCount();
    });
  }

  #setQueueCount(): void {
    const wanted0 = this.#plan.queueCount - 1;
    const command = {
      opcode: AdminOpcode.setFeatures,
      cdw10: FeatureId.numberOfQueues,
      cdw11: wanted0 | (wanted0 << 16),
    };
    this.#step('Set Features (number of queues)', command, (dw0) => {
      const granted = 1 + Math.min(dw0 & 0xffff, dw0 >>> 16);
      this.#createQueue(1, Math.min(this.#plan.queueCount, granted));
    });
  }

  #createQueue(id: number, last: number): void {
    if (id > last) {
      this.#listNamespaces();
      return;
    }
    const pair = this.#plan.queuePlan(id);
    const cdw10 = id | ((pair.entries - 1) << 16);
    const cq = {
      opcode: AdminOpcode.createIoCq,
      cdw10,
      cdw11: QUEUE_CONTIGUOUS | QUEUE_INTERRUPTS | (this.#plan.vectorOf(id) << 16),
      prp1: pair.cqGpa,
    };
    const sq = {
      opcode: AdminOpcode.createIoSq,
      cdw10,
      cdw11: QUEUE_CONTIGUOUS | (id << 16),
      prp1: pair.sqGpa,
    };
    this.#step(`Create I/O Completion Queue ${id}`, cq, () =>
      this.#step(`Create I/O Submission Queue ${id}`, sq, () => {
        this.#plan.created(pair);
        this.#createQueue(id + 1, last);
      }),
    );
  }

  #listNamespaces(): void {
    const what = 'Identify (active namespaces)';
    this.#identify(what, IdentifyCns.activeNamespaceList, 0, () => {
      const nsids: number[] = [];
      for (let i = 0; i < MAX_NAMESPACES; i++) {
        const nsid = this.#view.getUint32(4 * i, true);
        if (nsid === 0) break;
        nsids.push(nsid);
      }
      this.#identifyNamespace(nsids, 0);
    });
  }

  #identifyNamespace(nsids: readonly number[], index: number): void {
    const nsid = nsids[index];
    if (nsid === undefined) {
      this.#done(this.#facts);
      return;
    }
    this.#identify(`Identify Namespace ${nsid}`, IdentifyCns.namespace, nsid, () => {
      const view = this.#view;
      const format = identifyNamespace.flbas.get(view, 0) & 15;
      const shift = view.getUint8(identifyNamespace.lbaf0Lbads.at + FORMAT_BYTES * format + 2);
      const blockCount = identifyNamespace.nsze.get(view, 0);
      // A namespace that a block layer cannot use (no size, odd blocks) is left out, as Linux hides it.
      if (shift >= 9 && shift <= MAX_LBA_SHIFT && blockCount > 0) {
        this.#facts.namespaces.push({ nsid, blockBytes: 2 ** shift, blockCount });
      }
      this.#identifyNamespace(nsids, index + 1);
    });
  }

  #identify(name: string, cns: number, nsid: number, next: () => void): void {
    const command = { opcode: AdminOpcode.identify, nsid, cdw10: cns, data: true };
    this.#step(name, command, () => {
      this.#plan.memory.load(this.#plan.bufferGpa, this.#page, 0, IDENTIFY_BYTES);
      next();
    });
  }

  #step(name: string, command: AdminCommand, next: (dw0: number) => void): void {
    this.#admin(command, (status, dw0) => {
      if (status === 0) next(dw0);
      else this.#done(`${name} failed: ${nvmeStatusName(status)}`);
    });
  }
}
