/** Recordings whose facts we do not show, and why; only ever shortened. */
export const UNMATCHED: Readonly<Record<string, string>> = {
  'part/dm-stripe16k': 'a striped device cuts bios before they come to the queue',
};
