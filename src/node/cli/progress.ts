/** One line on a terminal that says how far a long run is. */
import { countText, type WorkloadProgress } from '../../workload/index.ts';
import type { CliIo } from './cli-io.ts';

/** Runs up to this long show nothing. */
const QUIET_MS = 2_000;
const INTERVAL_MS = 200;
const BAR_WIDTH = 24;
/** Back to the start of the line, and clear it. */
const CLEAR = '\r\u001b[K';

/** Shows progress on standard error, and only where that is a terminal. */
export class ProgressLine {
  readonly #io: CliIo;
  readonly #startMs: number;
  #shownMs: number;
  #isShown = false;

  constructor(io: CliIo) {
    this.#io = io;
    this.#startMs = io.clockMs();
    this.#shownMs = this.#startMs + QUIET_MS - INTERVAL_MS;
  }

  /** Shows the progress, if it is time to. */
  update(progress: WorkloadProgress): void {
    const now = this.#io.clockMs();
    if (!this.#io.isTerminal || now - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = now;
    this.#isShown = true;
    const filled = Math.round(progress.share * BAR_WIDTH);
    const bar = '='.repeat(filled).padEnd(BAR_WIDTH);
    const percent = Math.floor(progress.share * 100);
    const rate = countText((progress.ios * 1000) / (now - this.#startMs));
    const group =
      progress.groupCount > 1 ? `, group ${progress.group + 1}/${progress.groupCount}` : '';
    this.#io.err(
      `${CLEAR}[${bar}] ${percent}%, ${countText(progress.ios)} I/Os, ${rate} IO/s${group}`,
    );
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) this.#io.err(CLEAR);
    this.#isShown = false;
  }
}
