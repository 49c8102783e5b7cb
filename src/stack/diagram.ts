/** A stack as text: one row per layer, with its counters, and what crosses each boundary between them. */

/** One layer of a built stack. */
export interface LayerRow {
  /** Where it runs: `guest`, `VMM`, `host kernel`, `hardware`; rows of one place follow each other. */
  readonly place: string;
  /** What it is. */
  readonly name: string;
  /** What crosses to the row below; absent on the last one. */
  readonly below?: string;
  /** Its counters now, by name. */
  readonly counters: () => Readonly<Record<string, number>>;
}

/** Draws the rows, top to bottom. */
export function drawLayers(rows: readonly LayerRow[]): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  const lines: string[] = [];
  let place = '';
  for (const row of rows) {
    const label = row.place === place ? '' : row.place;
    place = row.place;
    const counters = Object.entries(row.counters())
      .map(([name, count]) => `${name} ${count}`)
      .join('  ');
    lines.push(` ${label.padEnd(12)} ${row.name.padEnd(width)}  ${counters}`.trimEnd());
    if (row.below !== undefined) lines.push(`   |  ${row.below}`);
  }
  return lines.join('\n');
}
