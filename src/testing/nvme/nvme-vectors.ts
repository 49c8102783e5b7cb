/** The form of recorded NVMe cases: set-up, one command, what is examined, and what may come of it. */

import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { PciFunction } from '../../interfaces/pci-function.ts';

/** A controller at power-on, and the world that it lives in. */
export interface VectorWorld {
  readonly pci: PciFunction;
  /** RAM from address 0 on, at least 4 MiB. */
  readonly memory: GuestMemory;
  /** Lets the world run until nothing moves any more. */
  settle(): void;
}

/** A fill of a buffer; all offsets default to 0. */
export interface VectorFill {
  readonly off?: number;
  readonly len?: number;
  readonly byte?: number;
  /** Seed of a xorshift pattern. */
  readonly pat?: number;
  readonly hex?: string;
  /** Numbers, or expressions such as `A+0x1000`: the address of buffer A and an offset. */
  readonly u64?: readonly (number | string)[];
  readonly u32?: readonly number[];
  readonly u16?: readonly number[];
  readonly sgl?: readonly {
    readonly type: number;
    readonly sub?: number;
    readonly addr: number | string;
    readonly len: number;
  }[];
}

/** A buffer of host memory. */
export interface VectorBuffer {
  readonly size: number;
  /** Alignment of the address without skew; 4096 by default. */
  readonly align?: number;
  readonly skew?: number;
  /** A fixed address outside RAM. */
  readonly alias?: number | string;
  readonly init?: readonly VectorFill[];
}

/** A submission queue entry: 64 bytes, and the addresses that are written into it. */
export interface VectorSqe {
  readonly hex: string;
  readonly reloc: readonly { readonly at: number; readonly expr: string }[];
}

/** One action of the host; which fields are there depends on `op`. */
export interface VectorStep {
  readonly op: string;
  readonly q?: string;
  readonly sqe?: VectorSqe;
  readonly tag?: string;
  readonly qid?: number;
  readonly cqid?: number;
  readonly size?: number;
  readonly iv?: number;
  readonly cq?: boolean;
  readonly value?: number;
  readonly cc?: Readonly<Record<string, number>>;
  readonly buf?: string;
  readonly init?: readonly VectorFill[];
  readonly off?: number;
  readonly len?: number;
  readonly compare?: string;
}

/** What came of a command or of an examined range. */
export interface VectorResult {
  readonly sct?: number;
  readonly sc?: number;
  readonly dw0?: number;
  readonly dw1?: number;
  readonly pending?: boolean;
  readonly csts?: number;
  readonly buf?: string;
  readonly off?: number;
  readonly len?: number;
  readonly compare?: string;
  readonly sha256?: string;
  readonly data?: readonly VectorResult[];
  readonly post?: readonly (VectorResult | null)[];
}

/** One recorded case. */
export interface NvmeVector {
  readonly id: string;
  readonly category: string;
  readonly name: string;
  readonly fixture: string;
  readonly cc?: Readonly<Record<string, number>>;
  readonly msix?: boolean;
  readonly buffers?: Readonly<Record<string, VectorBuffer>>;
  readonly setup: readonly VectorStep[];
  readonly command: {
    readonly queue?: string;
    readonly sqe?: VectorSqe;
    readonly pending?: boolean;
    readonly op?: string;
    readonly cc?: Readonly<Record<string, number>>;
  };
  readonly check?: readonly {
    readonly buf: string;
    readonly off?: number;
    readonly len?: number;
    readonly compare?: string;
  }[];
  readonly post?: readonly VectorStep[];
  readonly expected: VectorResult;
  readonly spec: {
    readonly accept: readonly (readonly [number, number])[];
    readonly dw0?: number;
    readonly csts?: number;
    readonly post?: readonly (VectorResult | null)[];
    readonly note?: string;
  };
  /** The recorded device does otherwise than the specification says. */
  readonly quirk: boolean;
}

/** A file of recorded cases. */
export interface NvmeVectorFile {
  readonly meta: {
    readonly fixtures: Readonly<
      Record<string, { readonly cc: Readonly<Record<string, number>>; readonly meaning?: string }>
    >;
  };
  readonly vectors: readonly NvmeVector[];
}
