/**
 * One declaration per structure of the wire: offset, width, documentation, test input and trace printer in one place.
 *
 * Fields read and write a DataView; hot entries are read through typed arrays by word offsets declared beside their layout.
 */
import { assert } from '../base/assert.ts';
import { addressOf } from '../base/sg-list.ts';

/** A field of a structure, and what it knows of itself. */
export interface Field<T = unknown> {
  /** Byte offset in the structure. */
  readonly at: number;
  /** Width in bytes. */
  readonly width: number;
  /** Reads the field of the structure that starts at byte `base` of the view. */
  get(view: DataView, base: number): T;
  /** Writes the field of the structure that starts at byte `base` of the view; its neighbours stay. */
  set(view: DataView, base: number, value: T): void;
}

/** An unsigned integer of one byte. */
export class U8 implements Field<number> {
  readonly at: number;
  readonly width = 1;
  constructor(at: number) {
    this.at = at;
  }
  get(view: DataView, base: number): number {
    return view.getUint8(base + this.at);
  }
  set(view: DataView, base: number, value: number): void {
    view.setUint8(base + this.at, value);
  }
}

/** An unsigned integer of two bytes. */
export class U16 implements Field<number> {
  readonly at: number;
  readonly width = 2;
  readonly #little: boolean;
  constructor(at: number, little: boolean) {
    this.at = at;
    this.#little = little;
  }
  get(view: DataView, base: number): number {
    return view.getUint16(base + this.at, this.#little);
  }
  set(view: DataView, base: number, value: number): void {
    view.setUint16(base + this.at, value, this.#little);
  }
}

/** An unsigned integer of four bytes. */
export class U32 implements Field<number> {
  readonly at: number;
  readonly width = 4;
  readonly #little: boolean;
  constructor(at: number, little: boolean) {
    this.at = at;
    this.#little = little;
  }
  get(view: DataView, base: number): number {
    return view.getUint32(base + this.at, this.#little);
  }
  set(view: DataView, base: number, value: number): void {
    view.setUint32(base + this.at, value, this.#little);
  }
}

/** An unsigned integer of eight bytes: exact below 2^53, 2^53 for all from there on; its halves are always exact. */
export class U64 implements Field<number> {
  readonly at: number;
  readonly width = 8;
  /** The low 32 bits. */
  readonly lo: U32;
  /** The high 32 bits. */
  readonly hi: U32;
  constructor(at: number, little: boolean) {
    this.at = at;
    this.lo = new U32(little ? at : at + 4, little);
    this.hi = new U32(little ? at + 4 : at, little);
  }
  get(view: DataView, base: number): number {
    return addressOf(this.lo.get(view, base), this.hi.get(view, base));
  }
  /** Writes the field. @param value an integer 0 .. 2^53 - 1 */
  set(view: DataView, base: number, value: number): void {
    this.lo.set(view, base, value % 0x1_0000_0000);
    this.hi.set(view, base, Math.floor(value / 0x1_0000_0000));
  }
}

/** Some bits of a little-endian 32-bit word. */
export class Bits implements Field<number> {
  readonly at: number;
  readonly width = 4;
  /** Position of the lowest bit in the word. */
  readonly shift: number;
  /** How many bits. */
  readonly bitCount: number;
  readonly #mask: number;
  constructor(at: number, shift: number, bitCount: number) {
    assert(shift >= 0 && bitCount >= 1 && shift + bitCount <= 32, 'bits lie inside their word');
    this.at = at;
    this.shift = shift;
    this.bitCount = bitCount;
    this.#mask = bitCount === 32 ? 0xffff_ffff : 2 ** bitCount - 1;
  }
  get(view: DataView, base: number): number {
    return ((view.getUint32(base + this.at, true) >>> this.shift) & this.#mask) >>> 0;
  }
  set(view: DataView, base: number, value: number): void {
    const word = view.getUint32(base + this.at, true);
    const cleared = word & ~(this.#mask << this.shift);
    view.setUint32(base + this.at, (cleared | ((value & this.#mask) << this.shift)) >>> 0, true);
  }
}

/** One bit of a little-endian 32-bit word. */
export class Flag implements Field<boolean> {
  readonly at: number;
  readonly width = 4;
  /** Position of the bit in the word. */
  readonly shift: number;
  constructor(at: number, shift: number) {
    this.at = at;
    this.shift = shift;
  }
  get(view: DataView, base: number): boolean {
    return ((view.getUint32(base + this.at, true) >>> this.shift) & 1) !== 0;
  }
  set(view: DataView, base: number, value: boolean): void {
    const word = view.getUint32(base + this.at, true);
    const bit = 1 << this.shift;
    view.setUint32(base + this.at, (value ? word | bit : word & ~bit) >>> 0, true);
  }
}

/** A run of bytes. */
export class Bytes implements Field<Uint8Array> {
  readonly at: number;
  readonly width: number;
  constructor(at: number, width: number) {
    this.at = at;
    this.width = width;
  }
  get(view: DataView, base: number): Uint8Array {
    return new Uint8Array(view.buffer, view.byteOffset + base + this.at, this.width);
  }
  /** Copies `value`, cut or filled with zeroes to the width. */
  set(view: DataView, base: number, value: Uint8Array): void {
    const into = this.get(view, base);
    into.fill(0);
    into.set(value.subarray(0, this.width));
  }
}

/** Text of printable ASCII, filled with spaces on the right. */
export class Ascii implements Field<string> {
  readonly at: number;
  readonly width: number;
  readonly #pad: number;
  constructor(at: number, width: number, pad: number) {
    this.at = at;
    this.width = width;
    this.#pad = pad;
  }
  get(view: DataView, base: number): string {
    let text = '';
    for (let i = 0; i < this.width; i++) {
      const code = view.getUint8(base + this.at + i);
      if (code === 0) break;
      text += String.fromCharCode(code);
    }
    return text.trimEnd();
  }
  set(view: DataView, base: number, value: string): void {
    for (let i = 0; i < this.width; i++) {
      const code = i < value.length ? value.charCodeAt(i) : this.#pad;
      view.setUint8(base + this.at + i, code < 0x80 ? code : 0x3f);
    }
  }
}

/** A byte at `at`. */
export const u8 = (at: number): U8 => new U8(at);
/** Two bytes at `at`, little-endian. */
export const u16 = (at: number): U16 => new U16(at, true);
/** Four bytes at `at`, little-endian. */
export const u32 = (at: number): U32 => new U32(at, true);
/** Eight bytes at `at`, little-endian. */
export const u64 = (at: number): U64 => new U64(at, true);
/** Two bytes at `at`, big-endian. */
export const be16 = (at: number): U16 => new U16(at, false);
/** Four bytes at `at`, big-endian. */
export const be32 = (at: number): U32 => new U32(at, false);
/** Eight bytes at `at`, big-endian. */
export const be64 = (at: number): U64 => new U64(at, false);
/** `bitCount` bits from bit `shift` of the little-endian 32-bit word at `at`. */
export const bits = (at: number, shift: number, bitCount: number): Bits =>
  new Bits(at, shift, bitCount);
/** Bit `shift` of the little-endian 32-bit word at `at`. */
export const flag = (at: number, shift: number): Flag => new Flag(at, shift);
/** `width` bytes at `at`. */
export const bytes = (at: number, width: number): Bytes => new Bytes(at, width);
/** `width` characters at `at`, filled with spaces (or with `pad`, a character code). */
export const ascii = (at: number, width: number, pad = 0x20): Ascii => new Ascii(at, width, pad);

/** What a layout knows of itself beside its fields. */
export interface LayoutInfo {
  /** Name of the structure. */
  readonly layoutName: string;
  /** Size in bytes. */
  readonly byteLength: number;
  /** Its fields by name. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** Declares a structure of `byteLength` bytes; its fields are properties of the result. */
export function layout<Fields extends Record<string, Field>>(
  layoutName: string,
  byteLength: number,
  fields: Fields,
): Fields & LayoutInfo {
  for (const [name, field] of Object.entries(fields)) {
    assert(field.at >= 0 && field.at + field.width <= byteLength, `${layoutName}.${name} fits`);
  }
  return { ...fields, layoutName, byteLength, fields };
}
