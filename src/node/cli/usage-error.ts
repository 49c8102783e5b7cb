/** A command line, or a file that it names, that cannot be used: the program ends with code 2 and has written nothing. */

/** Thrown for bad usage; the message is for the user, in whole. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
