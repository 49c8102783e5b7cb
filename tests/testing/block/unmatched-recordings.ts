/** Recordings whose facts we do not show, and why; only ever shortened. */
export const UNMATCHED: Readonly<Record<string, string>> = {};
