/** Everything of the process that the command line uses, in one place, so that a test can stand in for it. */
import { readFileSync } from 'node:fs';

/** The world of one invocation. */
export interface CliIo {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Standard error is a terminal. */
  readonly isTerminal: boolean;
  /** Milliseconds from some point on, never going back. */
  clockMs(): number;
  /** The text of a file. @throws what `node:fs` throws */
  readText(path: string): string;
  /** Calls `handler` when the user asks to stop; the returned function takes that back. */
  onInterrupt(handler: () => void): () => void;
  /** Gives signals and output a turn. */
  turn(): Promise<void>;
}

/** The real process. A reader of its output that goes away ends it quietly. */
export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    clockMs: () => performance.now(),
    readText: (path) => readFileSync(path, 'utf8'),
    onInterrupt: (handler) => {
      process.once('SIGINT', handler);
      return () => void process.off('SIGINT', handler);
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
