/** Recorded cases that do not pass yet, by what is missing. The lists only shrink: a case that passes must be taken out. */
export const OWED_VECTORS: Readonly<Record<string, readonly string[]>> = {};
