/** Traces as JSON lines: `{"t":ns,"layer":…,"event":…,"io":…,"a":…,"b":…}`, one event a line, in order. */
import type { Executor } from '../interfaces/executor.ts';
import type { Layer, Tracer } from '../interfaces/tracer.ts';

/** Writes each event as one line of JSON to a sink of the caller's. */
export class TraceRecorder implements Tracer {
  readonly #executor: Executor;
  readonly #write: (line: string) => void;

  /** @param write receives one line without its line end */
  constructor(executor: Executor, write: (line: string) => void) {
    this.#executor = executor;
    this.#write = write;
  }

  event(layer: Layer, name: string, ioId: number, a: number, b: number): void {
    this.#write(
      `{"t":${this.#executor.now},"layer":"${layer}","event":"${name}","io":${ioId},"a":${a},"b":${b}}`,
    );
  }
}
