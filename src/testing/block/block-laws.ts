/** The laws of block devices, schedulers, blk-mq drivers and media, and the error that names the broken one. */

/** What they promise, by name. The messages of {@link BlockLawError} begin with these. */
export const BlockLaw = {
  endsOnce: 'everything that is submitted ends exactly once',
  endsLater: 'nothing ends inside the call that submits it',
  endsWell: 'what is allowed ends without an error',
  refuses: 'what lies outside of the device is refused with an I/O error',
  readsSeeWrites: 'a read gives what the last write of each sector stored',
  durability:
    'what was flushed, or written with FUA or without a write cache, survives a power cut',
  wholeSectors: 'a power cut leaves each sector as it was after one of its writes',
  limits: 'no request exceeds a limit of the driver',
  everyByteOnce: 'every sector of a bio reaches the driver once',
  tags: 'a tag is held by one request at a time, and by none at idle',
  scheduled: 'a scheduler gives each request that it took once',
  noStarvation: 'no request is overtaken for ever',
  reuse: 'a bio may be submitted again inside its own end',
} as const;
/** One of {@link BlockLaw}. */
export type BlockLaw = (typeof BlockLaw)[keyof typeof BlockLaw];

/** Thrown when a block device, a driver or a medium breaks a law. */
export class BlockLawError extends Error {
  override readonly name: string = 'BlockLawError';
  /** The law that is broken. */
  readonly law: BlockLaw;

  constructor(law: BlockLaw, what: string) {
    super(`${law}: ${what}`);
    this.law = law;
  }
}

/** Throws {@link BlockLawError} unless `condition` holds. */
export function blockLaw(condition: boolean, law: BlockLaw, what: string): asserts condition {
  if (!condition) throw new BlockLawError(law, what);
}
