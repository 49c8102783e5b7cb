/** A trace as a file: lines are gathered and written in large pieces. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from './usage-error.ts';

const PIECE_CHARACTERS = 1 << 16;

/** Writes lines to a file that is made, or emptied, at once. */
export class TraceFile {
  readonly #descriptor: number;
  #gathered = '';

  /** @throws UsageError when the file cannot be made */
  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, 'w');
    } catch (error) {
      throw new UsageError(`--trace ${path}: ${(error as Error).message}`);
    }
  }

  /** Adds a line, given without its end. */
  line(text: string): void {
    this.#gathered += `${text}\n`;
    if (this.#gathered.length >= PIECE_CHARACTERS) this.#write();
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.#write();
    closeSync(this.#descriptor);
  }

  #write(): void {
    writeSync(this.#descriptor, this.#gathered);
    this.#gathered = '';
  }
}
