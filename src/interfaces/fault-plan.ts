/** Harm: which requests are hurt, and how. Faults are wrappers around interfaces; they ask this plan. */
import type { Layer } from './tracer.ts';

/** What happens to a matched request. */
export const FaultAction = {
  /** Nothing: the request goes on. */
  none: 0,
  /** The request ends with the status of the fault and never reaches the layer below. */
  status: 1,
  /** The request reaches the layer below after a delay. */
  delay: 2,
  /** The request is swallowed: it ends only by abort or reset. */
  hang: 3,
  /** The bytes of the request are changed on their way. */
  corrupt: 4,
  /** The request is swallowed and reported as done. */
  drop: 5,
} as const;

/** One of {@link FaultAction}. */
export type FaultAction = (typeof FaultAction)[keyof typeof FaultAction];

/** What a {@link FaultPlan} decided for one request. Reused: read it before the next question. */
export interface FaultDecision {
  /** What to do. */
  action: FaultAction;
  /** For `status`: in the layer's own words. */
  status: number;
  /** For `delay`, in virtual nanoseconds. */
  delayNs: number;
}

/** Decides, from a seed, which requests are hurt. */
export interface FaultPlan {
  /** Asks about one request; `op` is the layer's own operation number, `lba` where it starts. */
  decide(layer: Layer, op: number, lba: number, ioId: number): FaultDecision;
}
