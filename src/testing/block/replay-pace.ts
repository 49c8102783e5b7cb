/**
 * When a submitter of a replay goes on: whose turn it was in the recording, and how much had ended by then.
 *
 * That is chance in a recording (how fast a device was, which process ran), so a replay takes it from there.
 */
import type { RecordedEvent } from './recorded-case.ts';

/** A C by which a driver tells about itself: of no request, or of the nothing that it did before it failed. */
export function isDriversOwn(events: readonly RecordedEvent[], at: number): boolean {
  const [, action, rwbs, sector, sectors] = events[at]!;
  if (action !== 'C' || sectors > 0) return false;
  const [, next = '', , start, , , extra] = events[at + 1] ?? [];
  return rwbs.startsWith('N') || (next === 'C' && start === sector && extra?.err !== undefined);
}

/** Keeps the place of a replay in its recording. */
export class ReplayPace {
  readonly #turns: { role: string; ends: number }[] = [];
  #queued = 0;
  #ended = 0;

  constructor(events: readonly RecordedEvent[]) {
    let ends = 0;
    for (const [i, event] of events.entries()) {
      const [, action, , , , role] = event;
      if (action === 'C' && !isDriversOwn(events, i)) ends += 1;
      if (action === 'Q') this.#turns.push({ role, ends });
    }
  }

  /** The next bio came in. */
  queued(): void {
    this.#queued += 1;
  }

  /** A request, or a bio that made none, ended. */
  ended(): void {
    this.#ended += 1;
  }

  /**
   * May a submitter of this role submit its next bio?
   *
   * @param isLive is there a submitter of that role?
   */
  mayGo(role: string, isLive: (role: string) => boolean): boolean {
    const turn = this.#turns[this.#queued];
    if (turn === undefined) return true;
    return this.#ended >= turn.ends && (turn.role === role || !isLive(turn.role));
  }
}
