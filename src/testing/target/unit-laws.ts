/** The laws of a unit, a backend or a target port, and the error that names the broken one. */

/** What a unit promises, by name. The messages of {@link LawError} begin with these. */
export const UnitLaw = {
  endsOnce: 'every command ends exactly once',
  endsLater: 'no command ends inside submit, and no done is called inside reset',
  endsReusable: 'a command may be submitted again inside its own end',
  readsSeeWrites: 'a read gives what the last write of each block stored',
  staysInside: 'nothing but the blocks of the command is written, in the store or in memory',
  refusesUnmapped: 'unmapped memory ends a command with dataTransferError and changes nothing',
  durability:
    'what was flushed, or written with FUA or without a write cache, survives a power cut',
  abort: 'abort tells the truth, and the command ends once whatever it answers',
  reset: 'reset ends all in flight, then calls done once, and the unit works on',
  full: 'a unit that is full ends commands as busy and loses none',
  geometry: 'the geometry is whole and does not change',
  refusals: 'what the geometry does not allow is refused with the status that says why',
} as const;
/** One of {@link UnitLaw}. */
export type UnitLaw = (typeof UnitLaw)[keyof typeof UnitLaw];

/** Thrown when a unit breaks a law. */
export class LawError extends Error {
  override readonly name: string = 'LawError';
  /** The law that is broken. */
  readonly law: UnitLaw;

  constructor(law: UnitLaw, what: string) {
    super(`${law}: ${what}`);
    this.law = law;
  }
}

/** Throws {@link LawError} unless `condition` holds. Give `what` as a function where it has to be put together. */
export function law(
  condition: boolean,
  broken: UnitLaw,
  what: string | (() => string),
): asserts condition {
  if (!condition) throw new LawError(broken, typeof what === 'string' ? what : what());
}
