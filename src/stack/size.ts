/** Sizes as people write them. */

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1024,
  KiB: 1024,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
};

/** What {@link parseSize} accepts, for messages. */
export const SIZE_FORMAT =
  "a whole number of bytes, or text such as '512', '64KiB', '64MiB', '2GiB'";

/** Bytes that `text` names (units are powers of 1024), or `undefined` when it names none exactly. */
export function parseSize(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) && text >= 0 ? text : undefined;
  const match = /^(\d{1,16})\s*([KMGT]?(?:i?B)?)$/.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2]!];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `bytes` with the largest unit that divides it, such as `64MiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    if (bytes > 0 && bytes % UNITS[unit]! === 0) return `${bytes / UNITS[unit]!}${unit}`;
  }
  return `${bytes}B`;
}
