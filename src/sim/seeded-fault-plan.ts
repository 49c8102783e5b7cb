/** A fault plan from rules and a seed. */
import { assert } from '../base/assert.ts';
import { FaultAction, type FaultDecision, type FaultPlan } from '../interfaces/fault-plan.ts';
import type { Prng } from '../interfaces/prng.ts';
import type { Layer } from '../interfaces/tracer.ts';

/** One rule: which requests it matches, how often it strikes, and what it does. */
export interface FaultRule {
  /** The layer it watches. */
  readonly layer: Layer;
  /** The layer's operation number; any when absent. */
  readonly op?: number;
  /** First LBA of the range it watches; any when absent. */
  readonly firstLba?: number;
  /** Last LBA of the range. */
  readonly lastLba?: number;
  /** Strikes only the nth match (1 is the first). */
  readonly nth?: number;
  /** Strikes once in so many matches, by chance; every time when neither this nor `nth` is given. */
  readonly oneIn?: number;
  /** Strikes at most so often. */
  readonly times?: number;
  /** What it does. */
  readonly action: FaultAction;
  /** For `status`. */
  readonly status?: number;
  /** For `delay`, in virtual nanoseconds. */
  readonly delayNs?: number;
}

/** Asks its rules in order; the first that strikes decides. The same seed and questions give the same answers. */
export class SeededFaultPlan implements FaultPlan {
  readonly #rules: readonly FaultRule[];
  readonly #matches: number[];
  readonly #strikes: number[];
  readonly #chance: Prng;
  readonly #decision: FaultDecision = { action: FaultAction.none, status: 0, delayNs: 0 };

  constructor(rules: readonly FaultRule[], chance: Prng) {
    for (const rule of rules) {
      assert(
        rule.nth === undefined || rule.oneIn === undefined,
        'a rule has nth or oneIn, not both',
      );
    }
    this.#rules = rules;
    this.#matches = rules.map(() => 0);
    this.#strikes = rules.map(() => 0);
    this.#chance = chance;
  }

  /** How often rule `index` has struck. */
  strikes(index: number): number {
    return this.#strikes[index] ?? 0;
  }

  decide(layer: Layer, op: number, lba: number, _ioId: number): FaultDecision {
    const decision = this.#decision;
    decision.action = FaultAction.none;
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i]!;
      if (!matches(rule, layer, op, lba) || !this.#strike(rule, i)) continue;
      decision.action = rule.action;
      decision.status = rule.status ?? 0;
      decision.delayNs = rule.delayNs ?? 0;
      break;
    }
    return decision;
  }

  #strike(rule: FaultRule, index: number): boolean {
    this.#matches[index]! += 1;
    if (this.#strikes[index]! >= (rule.times ?? Number.POSITIVE_INFINITY)) return false;
    if (rule.nth !== undefined && rule.nth !== this.#matches[index]) return false;
    if (rule.oneIn !== undefined && !this.#chance.oneIn(rule.oneIn)) return false;
    this.#strikes[index]! += 1;
    return true;
  }
}

function matches(rule: FaultRule, layer: Layer, op: number, lba: number): boolean {
  return (
    rule.layer === layer &&
    (rule.op === undefined || rule.op === op) &&
    lba >= (rule.firstLba ?? 0) &&
    lba <= (rule.lastLba ?? Number.POSITIVE_INFINITY)
  );
}
