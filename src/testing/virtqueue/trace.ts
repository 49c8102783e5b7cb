/** The shape of recorded virtqueue traces, format `vring-golden-1`. */

/** A segment: address as `0x...`, length in bytes. */
export type TraceSegment = readonly [string, number];

/** Changed bytes: offset in the ring, hex. */
export type TraceBytes = readonly [number, string];

/** One operation with its recorded result; which keys it has depends on `o`. */
export interface TraceOp {
  readonly o: string;
  /** Result. */
  readonly r?: unknown;
  /** Ring bytes after the operation, where they may differ. */
  readonly d?: readonly TraceBytes[];
  /** Free descriptors, when they changed. */
  readonly nf?: number;
  /** Notifications during the operation. */
  readonly ntf?: number;
  /** Callbacks during the operation. */
  readonly cb?: number;
  readonly t?: number;
  readonly out?: readonly TraceSegment[];
  readonly in?: readonly TraceSegment[];
  readonly af?: number;
  readonly ind?: readonly [string, string];
  readonly nret?: boolean;
  readonly q?: number;
  readonly kind?: string;
  readonly k?: number;
  readonly u?: unknown;
  readonly v?: number | readonly [number, number];
  readonly n?: number;
  readonly kick?: boolean;
  readonly len?: number;
  readonly head?: number;
  readonly riov?: readonly TraceSegment[];
  readonly wiov?: readonly TraceSegment[];
}

/** A recorded trace. */
export interface VirtqueueTrace {
  readonly format: string;
  readonly name: string;
  readonly ring: 'split' | 'packed';
  readonly num: number;
  readonly features: { readonly indirect: boolean; readonly eventIdx: boolean };
  readonly callback: boolean;
  readonly device: string;
  readonly ringBase: string;
  readonly ringBytes: number;
  readonly layout: {
    readonly desc: number;
    readonly avail?: number;
    readonly used?: number;
    readonly driver?: number;
    readonly device?: number;
    readonly align?: number;
  };
  readonly indirect: { readonly base: string; readonly stride: number };
  readonly maxSg: number;
  readonly init: { readonly nf: number; readonly d?: readonly TraceBytes[] };
  readonly ops: readonly TraceOp[];
  readonly final: {
    readonly nf: number;
    readonly crc32: number;
    readonly nops: number;
    readonly tokens: number;
  };
}

/** Puts segments of a trace into lists made of two 32-bit halves: exact for any 64-bit address. */
export function halvesOf(address: string): { readonly lo: number; readonly hi: number } {
  const digits = address.slice(2).padStart(16, '0');
  return { hi: Number.parseInt(digits.slice(0, 8), 16), lo: Number.parseInt(digits.slice(8), 16) };
}

/** An address of two halves as a trace writes it. */
export function addressText(lo: number, hi: number): string {
  return hi === 0
    ? `0x${lo.toString(16)}`
    : `0x${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;
}

/** The bytes that a hex string stands for. */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** CRC-32 (IEEE) of bytes. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
