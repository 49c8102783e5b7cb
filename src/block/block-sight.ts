/**
 * Where the block layer tells its events: to the tracer by blktrace's letters, to the observer of the device by its numbers.
 *
 * Trace events have the sector and the number of sectors; P, U and UT have 0 and the number of requests.
 */
import type { Bio } from '../interfaces/bio.ts';
import type { Request } from '../interfaces/blk-mq.ts';
import type { BlockAction, BlockObserver } from '../interfaces/block-observer.ts';
import { Layer, type Tracer } from '../interfaces/tracer.ts';

/** The letters of each {@link BlockAction}, by its number. */
export const ACTION_LETTERS: readonly string[] = '? Q M F G S R D C P U UT I X ? A'.split(' ');

/** Tells events; with neither tracer nor observer a call costs two tests. */
export class BlockSight {
  readonly #tracer: Tracer | undefined;
  readonly #observer: BlockObserver | undefined;

  constructor(tracer: Tracer | undefined, observer: BlockObserver | undefined) {
    this.#tracer = tracer;
    this.#observer = observer;
  }

  /** An event of a request, whose flags may have been others when it was made. */
  request(action: BlockAction, request: Request, flags = request.flags, extra = 0): void {
    const { ioId, op, sector, sectorCount } = request;
    this.#tracer?.event(Layer.block, ACTION_LETTERS[action]!, ioId, sector, sectorCount);
    this.#observer?.event(action, ioId, op, flags, sector, sectorCount, extra);
  }

  /** An event of the first sectors of a request. */
  part(action: BlockAction, request: Request, sectorCount: number): void {
    const { ioId, op, flags, sector, status } = request;
    this.#tracer?.event(Layer.block, ACTION_LETTERS[action]!, ioId, sector, sectorCount);
    this.#observer?.event(action, ioId, op, flags, sector, sectorCount, status);
  }

  /** An event of a part of a bio. */
  bio(
    action: BlockAction,
    bio: Bio,
    flags: number,
    sector: number,
    sectorCount: number,
    extra = 0,
  ): void {
    this.#tracer?.event(Layer.block, ACTION_LETTERS[action]!, bio.ioId, sector, sectorCount);
    this.#observer?.event(action, bio.ioId, bio.op, flags, sector, sectorCount, extra);
  }

  /** P, U or UT of a plug that holds `depth` requests; `request` is one of them. */
  plug(action: BlockAction, request: Request, depth: number): void {
    this.#tracer?.event(Layer.block, ACTION_LETTERS[action]!, request.ioId, 0, depth);
    this.#observer?.event(action, request.ioId, request.op, 0, 0, 0, depth);
  }
}
