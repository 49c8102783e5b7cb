/** The types of values in fio job files. Each parses a text totally and says what it accepts. */
import { type Pattern, parsePattern } from './pattern.ts';

/** One type of value. */
export interface KeyType<T> {
  /** What a value looks like, for messages and for help. */
  readonly expected: string;
  /** Texts of values, for tests and for help; `undefined` is the bare key. */
  readonly samples: readonly (string | undefined)[];
  /** The value that `text` means, or `undefined` when it means none; a bare key has no text. */
  parse(text: string | undefined): T | undefined;
  /** Why a value is refused although fio knows it, or `undefined`. */
  refusal?(text: string): string | undefined;
}

/** A number of bytes, or a share of the disk. */
export interface Amount {
  readonly value: number;
  /** `value` is a percentage, 0 .. 100. */
  readonly isPercent: boolean;
}

const SHIFTS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};

const NS_PER: Readonly<Record<string, number>> = {
  us: 1e3,
  ms: 1e6,
  '': 1e9,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

/** Whole numbers between two limits. */
export function count(least: number, most: number): KeyType<number> {
  return {
    expected: `a whole number from ${least} to ${most}`,
    samples: [String(least), String(Math.min(most, least + 7))],
    parse: (text) => {
      const value = parseInteger(text);
      return value !== undefined && value >= least && value <= most ? value : undefined;
    },
  };
}

/** Numbers of bytes of 1 and more; every unit is a power of 1024. */
export const size: KeyType<number> = {
  expected: 'a size such as 512, 4k, 64KiB, 1m or 2g (units are powers of 1024)',
  samples: ['512', '4k', '64KiB', '1m', '0x1000'],
  parse: (text) => {
    const bytes = parseBytes(text);
    return bytes === 0 ? undefined : bytes;
  },
};

/** Bytes or a percentage. */
export const amount: KeyType<Amount> = {
  expected:
    'a size such as 64KiB, 1m or 2g (units are powers of 1024), or a percentage such as 50%',
  samples: ['0', '1m', '50%', '100%'],
  parse: (text) => {
    const percent = /^(\d{1,3})%$/.exec(text ?? '');
    if (percent !== null) {
      const value = Number(percent[1]);
      return value <= 100 ? { value, isPercent: true } : undefined;
    }
    const value = parseBytes(text);
    return value === undefined ? undefined : { value, isPercent: false };
  },
};

/** Times, in virtual nanoseconds; a number without a unit is seconds. */
export const time: KeyType<number> = {
  expected: 'a time such as 5, 5s, 200ms, 50us or 2m (seconds without a unit)',
  samples: ['1', '5s', '200ms', '50us'],
  parse: (text) => {
    const match = /^(\d{1,15})(us|ms|s|m|h|d|)$/i.exec(text ?? '');
    if (match === null) return undefined;
    const ns = Number(match[1]) * NS_PER[match[2]!.toLowerCase()]!;
    return Number.isSafeInteger(ns) ? ns : undefined;
  },
};

/** Bare keys, 0 and 1. */
export const flag: KeyType<boolean> = {
  expected: '0, 1 or no value (1)',
  samples: [undefined, '0', '1'],
  parse: (text) => (text === undefined || text === '1' ? true : text === '0' ? false : undefined),
};

/** Any text. */
export const text: KeyType<string> = {
  expected: 'a text',
  samples: ['some text'],
  parse: (value) => (value === '' ? undefined : value),
};

/** Patterns; see `pattern.ts`. */
export const pattern: KeyType<Pattern> = {
  expected: 'a pattern of up to 512 bytes such as 0xdeadbeef, "text", 123, %o, or several in a row',
  samples: ['0xdeadbeef', '"text"', '0xff%o"abcd"-21'],
  parse: (value) => (value === undefined ? undefined : parsePattern(value)),
};

/** One of the keys of `values`; `refused` has reasons for those that fio knows and this library does not. */
export function choice<const T>(
  values: Readonly<Record<string, T>>,
  refused: Readonly<Record<string, string>> = {},
): KeyType<T> {
  return {
    expected: `one of ${Object.keys(values).join(', ')}`,
    samples: Object.keys(values),
    parse: (value) => own(values, value),
    refusal: (value) => own(refused, value),
  };
}

function own<T>(record: Readonly<Record<string, T>>, key: string | undefined): T | undefined {
  return key !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function parseInteger(value: string | undefined): number | undefined {
  if (value === undefined || !/^(?:0x[0-9a-f]{1,14}|\d{1,16})$/i.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function parseBytes(value: string | undefined): number | undefined {
  const match = /^(0x[0-9a-f]+|\d+)(?:b|([kmgtp])(?:i?b|i)?)?$/i.exec(value ?? '');
  const digits = parseInteger(match?.[1]);
  if (match === null || digits === undefined) return undefined;
  const bytes = digits * SHIFTS[(match[2] ?? '').toLowerCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
