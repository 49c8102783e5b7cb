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

/** An admin command: opcode, namespace, dwords 10 to 12, whether it fills the Identify buffer. */
export type AdminCall = (
  command: { opcode: number; nsid?: number; cdw10?: number; cdw11?: number; data?: boolean; prp1?: number },
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
  const page = new Uint8Array(IDENTIFY_BYTES);
  const view = new DataView(page.buffer);
  const facts: ControllerFacts = {
    maxTransferBytes: plan.maxTransferBytes,
    volatileWriteCache: false,
    namespaces: [],
  };
  const step = (name: string, command: Parameters<AdminCall>[0], next: (dw0: number) => void) =>
    admin(command, (status, dw0) => {
      if (status !== 0) {
        done(`${name} failed: ${nvmeStatusName(status)}`);
        return;
      }
      if (command.data === true) plan.memory.load(plan.bufferGpa, page, 0, IDENTIFY_BYTES);
      next(dw0);
    });
  const identify = (cns: number, nsid: number) => ({
    opcode: AdminOpcode.identify,
    nsid,
    cdw10: cns,
    data: true,
  });

  step('Identify Controller', identify(IdentifyCns.controller, 0), () => {
    const mdts = identifyController.mdts.get(view, 0);
    if (mdts > 0 && mdts < 20) {
      facts.maxTransferBytes = Math.min(plan.maxTransferBytes, 4096 * 2 ** mdts);
    }
    facts.volatileWriteCache = (identifyController.vwc.get(view, 0) & 1) !== 0;
    setQueueCount();
  });

  function setQueueCount(): void {
    const wanted0 = plan.queueCount - 1;
    const command = {
      opcode: AdminOpcode.setFeatures,
      cdw10: FeatureId.numberOfQueues,
      cdw11: wanted0 | (wanted0 << 16),
    };
    step('Set Features (number of queues)', command, (dw0) => {
      const granted = 1 + Math.min(dw0 & 0xffff, dw0 >>> 16);
      createQueues(1, Math.min(plan.queueCount, granted));
    });
  }

  function createQueues(id: number, last: number): void {
    if (id > last) {
      step('Identify (active namespaces)', identify(IdentifyCns.activeNamespaceList, 0), () => {
        const nsids: number[] = [];
        for (let i = 0; i < MAX_NAMESPACES; i++) {
          const nsid = view.getUint32(4 * i, true);
          if (nsid === 0) break;
          nsids.push(nsid);
        }
        identifyNamespaces(nsids, 0);
      });
      return;
    }
    const pair = plan.queuePlan(id);
    const cdw10 = id | ((pair.entries - 1) << 16);
    const interrupts = 2;
    const contiguous = 1;
    const cq = {
      opcode: AdminOpcode.createIoCq,
      cdw10,
      cdw11: contiguous | interrupts | (plan.vectorOf(id) << 16),
      prp1: pair.cqGpa,
    };
    const sq = {
      opcode: AdminOpcode.createIoSq,
      cdw10,
      cdw11: contiguous | (id << 16),
      prp1: pair.sqGpa,
    };
    step(`Create I/O Completion Queue ${id}`, cq, () =>
      step(`Create I/O Submission Queue ${id}`, sq, () => {
        plan.created(pair);
        createQueues(id + 1, last);
      }),
    );
  }

  function identifyNamespaces(nsids: readonly number[], index: number): void {
    const nsid = nsids[index];
    if (nsid === undefined) {
      done(facts);
      return;
    }
    step(`Identify Namespace ${nsid}`, identify(IdentifyCns.namespace, nsid), () => {
      const format = identifyNamespace.flbas.get(view, 0) & 15;
      const shift = view.getUint8(identifyNamespace.lbaf0Lbads.at + FORMAT_BYTES * format + 2);
      const blockCount = identifyNamespace.nsze.get(view, 0);
      // A namespace that a block layer cannot use (no size, odd blocks) is left out, as Linux hides it.
      if (shift >= 9 && shift <= MAX_LBA_SHIFT && blockCount > 0) {
        facts.namespaces.push({ nsid, blockBytes: 2 ** shift, blockCount });
      }
      identifyNamespaces(nsids, index + 1);
    });
  }
}
