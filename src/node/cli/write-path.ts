/** The path of one write: every event of every layer while one write, and nothing else, is in flight. */
import type { Layer, Tracer } from '../../interfaces/tracer.ts';

/** Keeps events while it listens. */
export class WritePath implements Tracer {
  readonly #clock: { readonly now: number };
  readonly #events: (readonly [ns: number, layer: Layer, name: string, a: number, b: number])[] =
    [];
  #isListening = false;

  constructor(clock: { readonly now: number }) {
    this.#clock = clock;
  }

  /** Starts to listen. */
  listen(): void {
    this.#isListening = true;
  }

  /** Keeps no more. */
  ignore(): void {
    this.#isListening = false;
  }

  event(layer: Layer, name: string, _ioId: number, a: number, b: number): void {
    if (this.#isListening) this.#events.push([this.#clock.now, layer, name, a, b]);
  }

  /** One line per event: virtual time since the first, layer, event and its two numbers. */
  text(): string {
    const first = this.#events[0]?.[0] ?? 0;
    const widest = Math.max(0, ...this.#events.map(([, , name]) => name.length));
    return this.#events
      .map(([ns, layer, name, a, b]) => {
        const time = `+${ns - first}`.padStart(9);
        return `${time} ns  ${layer.padEnd(13)} ${name.padEnd(widest)} ${a} ${b}`;
      })
      .join('\n');
  }
}
