/** The laws of PCI functions and command ports, and the error that names the broken one. */

/** What a function or a port promises, by name. The messages of {@link NvmeLawError} begin with these. */
export const NvmeLaw = {
  total: 'any access of any size, anywhere, answers a number of that size and throws nothing',
  halves: 'eight bytes at once are the same as two reads of four',
  quiet: 'no memory is touched and no interrupt sent inside an access',
  identity: 'vendor, device and class stay whatever is written',
  sizing: 'BAR0 answers all ones with its size, a power of two',
  outside: 'beyond its end configuration space reads as ones and BAR0 as zero',
  harmless: 'a controller that is not enabled touches no memory',
  adminQueue: 'the admin queue registers hold what was last written, after a reset too',
  ready: 'a controller that is set up becomes ready, and not ready when it is disabled',
  confined: 'no memory is touched but queues, and what a command in flight names',
  onlyFetched: 'every completion is that of a command that was fetched and not yet completed',
  settles: 'a controller that is left alone comes to rest',
  recovers: 'a controller reset makes good whatever happened',
  endsOnce: 'every command ends exactly once',
  endsLater: 'no command ends inside submit, and no done is called inside its call',
  endsReusable: 'a command may be submitted again inside its own end',
  readsSeeWrites: 'a read gives what the last write of each block stored',
  unmapped: 'unmapped memory ends a command with Data Transfer Error',
  outOfRange: 'blocks past the end of the namespace end a command with LBA Out of Range',
  unknownOpcode: 'an opcode that does not exist ends with Invalid Command Opcode',
  unknownNamespace:
    'a namespace that does not exist has no format and ends a command with an error',
  abort: 'abort tells the truth, and the command ends once whatever it answers',
  reset: 'reset ends all in flight, then calls done once, and the port works on',
  shutdown: 'shutdown calls done once, later',
} as const;
/** One of {@link NvmeLaw}. */
export type NvmeLaw = (typeof NvmeLaw)[keyof typeof NvmeLaw];

/** Thrown when a function or a port breaks a law. */
export class NvmeLawError extends Error {
  override readonly name: string = 'NvmeLawError';
  /** The law that is broken. */
  readonly law: NvmeLaw;

  constructor(law: NvmeLaw, what: string) {
    super(`${law}: ${what}`);
    this.law = law;
  }
}

/** Throws {@link NvmeLawError} unless `condition` holds. */
export function nvmeLaw(condition: boolean, law: NvmeLaw, what: string): asserts condition {
  if (!condition) throw new NvmeLawError(law, what);
}
