/** Numbers as fio writes them: at most four digits and a unit. */

/** Up to four significant digits, as fio shows counts: `128k`, `12.8k`, `4733`. */
export function countText(value: number): string {
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

/** Bytes in powers of 1024: `16.0KiB`, `1024KiB`, `50.0MiB`. */
export function binaryBytes(value: number): string {
  return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

/** Bytes in powers of 1000: `16.4kB`. */
export function decimalBytes(value: number): string {
  return scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** A bandwidth both ways: `50.0MiB/s (52.4MB/s)`. */
export function bandwidthText(bytesPerSecond: number): string {
  return `${binaryBytes(bytesPerSecond)}/s (${decimalBytes(bytesPerSecond)}/s)`;
}

/** A time: `9856nsec`, `19.2usec`, `256msec`, `12.3sec`. */
export function timeText(ns: number): string {
  return scaled(ns, 1000, ['nsec', 'usec', 'msec', 'sec']);
}

/** What a table of latencies is shown in: nanoseconds, microseconds or milliseconds, by its least and greatest values. */
export function latencyUnit(min: number, max: number): { name: string; ns: number } {
  if (min >= 2_000_000 && max > 99_999_000) return { name: 'msec', ns: 1e6 };
  if (min >= 2_000 && max > 99_999) return { name: 'usec', ns: 1e3 };
  return { name: 'nsec', ns: 1 };
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let at = 0;
  let rest = value;
  // A unit is left when it needs more than four digits.
  while (Math.round(rest) >= 10_000 && at < units.length - 1) {
    rest /= step;
    at += 1;
  }
  return `${at === 0 ? Math.round(rest) : short(rest)}${units[at]}`;
}

/** Three significant digits and more for larger whole parts: `12.8`, `256`, `1049`. */
function short(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value.toFixed(value >= 9.995 ? 1 : 2);
}
