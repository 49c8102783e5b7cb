/** The host memory of one recorded case: buffers by name, and the bytes that are put into them. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { NvmeVector, VectorFill, VectorSqe } from './nvme-vectors.ts';

/** From here on buffers and queues are placed. */
const FIRST_ADDRESS = 0x10_0000;
const QUEUE_ALIGN = 0x1_0000;

interface Placed {
  readonly gpa: number;
  readonly size: number;
}

/** Places what a case names and reads it back. */
export class VectorMemory {
  readonly #memory: GuestMemory;
  readonly #buffers = new Map<string, Placed>();
  #next = FIRST_ADDRESS;

  constructor(memory: GuestMemory, vector: NvmeVector) {
    this.#memory = memory;
    const all = Object.entries(vector.buffers ?? {});
    for (const [name, { size, align = 4096, skew = 0, alias }] of all) {
      const gpa =
        alias === undefined ? this.place(size + skew, Math.max(align, 4096)) + skew : Number(alias);
      this.#buffers.set(name, { gpa, size });
    }
    for (const [name, { init = [], alias }] of all) {
      if (alias === undefined) this.fill(name, init);
    }
  }

  /** Zeroed memory that nobody else has. */
  place(bytes: number, align = QUEUE_ALIGN): number {
    const gpa = Math.ceil(this.#next / align) * align;
    this.#next = gpa + bytes;
    this.#memory.fill(gpa, 0, bytes);
    return gpa;
  }

  /** Applies fills in order. */
  fill(name: string, fills: readonly VectorFill[]): void {
    const { gpa, size } = this.#placed(name);
    for (const fill of fills) {
      const off = fill.off ?? 0;
      const bytes = this.#bytesOf(fill, fill.len ?? size - off);
      this.#memory.store(gpa + off, bytes, 0, bytes.length);
    }
  }

  /** A part of a buffer; to its end where no length is given. */
  read(name: string, off = 0, length?: number): Uint8Array {
    const { gpa, size } = this.#placed(name);
    const bytes = new Uint8Array(length ?? size - off);
    this.#memory.load(gpa + off, bytes, 0, bytes.length);
    return bytes;
  }

  /** The words of a submission queue entry with command identifier `cid`. */
  entry({ hex, reloc }: VectorSqe, cid: number): Int32Array {
    const bytes = fromHex(hex);
    const view = new DataView(bytes.buffer);
    for (const { at, expr } of reloc) putAddress(view, at, this.#address(expr));
    view.setUint16(2, cid, true);
    return new Int32Array(bytes.buffer);
  }

  #bytesOf(fill: VectorFill, length: number): Uint8Array {
    if (fill.hex !== undefined) return fromHex(fill.hex);
    if (fill.pat !== undefined) return pattern(fill.pat, length);
    if (fill.byte !== undefined) return new Uint8Array(length).fill(fill.byte);
    if (fill.u16 !== undefined) return new Uint8Array(Uint16Array.from(fill.u16).buffer);
    if (fill.u32 !== undefined) return new Uint8Array(Uint32Array.from(fill.u32).buffer);
    const sgl = fill.sgl ?? [];
    const quads = fill.u64 ?? [];
    const bytes = new Uint8Array(16 * sgl.length + 8 * quads.length);
    const view = new DataView(bytes.buffer);
    for (const [i, quad] of quads.entries()) putAddress(view, 8 * i, this.#address(quad));
    for (const [i, { type, sub = 0, addr, len }] of sgl.entries()) {
      putAddress(view, 16 * i, this.#address(addr));
      view.setUint32(16 * i + 8, len, true);
      view.setUint8(16 * i + 15, (type << 4) | sub);
    }
    return bytes;
  }

  #address(expression: number | string): bigint {
    if (typeof expression === 'number') return BigInt(expression);
    const [name = '', offset = '0'] = expression.split('+');
    const placed = this.#buffers.get(name);
    return placed === undefined ? BigInt(expression) : BigInt(placed.gpa) + BigInt(offset);
  }

  #placed(name: string): Placed {
    const placed = this.#buffers.get(name);
    if (placed === undefined) throw new Error(`the case has no buffer '${name}'`);
    return placed;
  }
}

function putAddress(view: DataView, at: number, address: bigint): void {
  view.setBigUint64(at, BigInt.asUintN(64, address), true);
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function pattern(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
