/** CRC-64/NVME, reflected, polynomial AD93D23594C93659h: the 64-bit guard of protection information. NVM Command Set 1.0, 5.2.1.3. */

/** The polynomial with its bits in reverse, as two halves. */
const POLYNOMIAL_LO = 0x94c9_3659 | 0;
const POLYNOMIAL_HI = 0xad93_d235 | 0;

/** Remainders of the 256 bytes, as low and high halves. */
const LO = new Int32Array(256);
const HI = new Int32Array(256);
fillTables();

/** A CRC that grows piece by piece; its value is two 32-bit halves, so that no BigInt is made. */
export class Crc64Nvme {
  #lo = -1;
  #hi = -1;

  /** Begins anew. */
  reset(): void {
    this.#lo = -1;
    this.#hi = -1;
  }

  /** Goes on with `bytes[at .. at + length - 1]`. */
  update(bytes: Uint8Array, at: number, length: number): void {
    let lo = this.#lo;
    let hi = this.#hi;
    for (let i = at; i < at + length; i++) {
      const index = (lo ^ bytes[i]!) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ LO[index]!;
      hi = (hi >>> 8) ^ HI[index]!;
    }
    this.#lo = lo;
    this.#hi = hi;
  }

  /** Low half, an unsigned number: 0A799888h for the text `123456789`. */
  get lo(): number {
    return ~this.#lo >>> 0;
  }

  /** High half, an unsigned number: AE8B1486h for the text `123456789`. */
  get hi(): number {
    return ~this.#hi >>> 0;
  }
}

function fillTables(): void {
  const [polynomialLo, polynomialHi] = [reversed(POLYNOMIAL_HI), reversed(POLYNOMIAL_LO)];
  for (let byte = 0; byte < 256; byte++) {
    let lo = byte;
    let hi = 0;
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (lo & 1) !== 0;
      lo = (lo >>> 1) | (hi << 31);
      hi >>>= 1;
      if (!isOdd) continue;
      lo ^= polynomialLo;
      hi ^= polynomialHi;
    }
    LO[byte] = lo;
    HI[byte] = hi;
  }
}

function reversed(word: number): number {
  let out = 0;
  for (let bit = 0; bit < 32; bit++) out = (out << 1) | ((word >>> bit) & 1);
  return out;
}
