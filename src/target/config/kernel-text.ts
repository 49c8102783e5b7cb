/** How the kernel reads what is written into an attribute: booleans by their first letter, integers in three bases. */

/** Errors of the configuration by the kernel's names. */
export type ErrnoName =
  | 'EACCES'
  | 'EBUSY'
  | 'EEXIST'
  | 'EFAULT'
  | 'EINVAL'
  | 'EISDIR'
  | 'ENAMETOOLONG'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOSYS'
  | 'ENOTBLK'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENOTSUP'
  | 'EPERM'
  | 'ERANGE'
  | 'ESRCH';

/** The bounds of an integer of the kernel. */
export interface IntegerRange {
  readonly least: number;
  readonly most: number;
}

/** `u32` of the kernel. */
export const U32: IntegerRange = { least: 0, most: 0xffff_ffff };
/** `u8` of the kernel. */
export const U8: IntegerRange = { least: 0, most: 255 };
/** `s8` of the kernel. */
export const S8: IntegerRange = { least: -128, most: 127 };
/** `s32` of the kernel. */
export const S32: IntegerRange = { least: -0x8000_0000, most: 0x7fff_ffff };
/** `u64` of the kernel, as near as a number comes. */
export const U64: IntegerRange = { least: 0, most: 2 ** 64 - 1 };

/** A boolean by its first letter, and its second after an `o`: `1`, `y`, `t`, `on`; `0`, `n`, `f`, `of`. */
export function parseKernelBoolean(text: string): boolean | 'EINVAL' {
  switch (text[0]?.toLowerCase()) {
    case '1':
    case 'y':
    case 't':
      return true;
    case '0':
    case 'n':
    case 'f':
      return false;
    case 'o': {
      const second = text[1]?.toLowerCase();
      return second === 'n' ? true : second === 'f' ? false : 'EINVAL';
    }
    default:
      return 'EINVAL';
  }
}

/** Digits of a base, after a sign; the value may be far above the range. */
const FORM = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/;

/**
 * An integer: decimal, octal with a leading 0 or hexadecimal with 0x; one newline at the end is allowed. What is no integer, and a
 * negative one for an unsigned range, is EINVAL; what does not fit is ERANGE.
 */
export function parseKernelInteger(text: string, range: IntegerRange): number | ErrnoName {
  const match = FORM.exec(text.endsWith('\n') ? text.slice(0, -1) : text);
  if (match === null) return 'EINVAL';
  const [, sign, hex, octal, decimal] = match;
  if (sign === '-' && range.least === 0) return 'EINVAL';
  const size =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : Number(decimal);
  const value = sign === '-' ? 0 - size : size;
  // 2^64 - 1 is no number here: what rounds up to 2^64 counts as too large.
  return value < range.least || value > range.most || value >= 2 ** 64 ? 'ERANGE' : value;
}
