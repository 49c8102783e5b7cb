import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SgList } from '../../src/base/index.ts';
import { NO_TOKEN, PopResult } from '../../src/interfaces/index.ts';
import {
  DATA_BASE,
  libraryVirtqueue,
  makeChain,
  type QueueConfig,
  QueueWorld,
  queueConfigArbitrary,
} from '../../src/testing/virtqueue/index.ts';
import { checkProperty, runs } from '../support/runs.ts';

/** Where each buffer is: the tokens with the device to be, taken by it, and used, each in order. */
interface Model {
  readonly config: QueueConfig;
  /** Added and not popped: token, segments, writable bytes. */
  readonly available: [number, number, number][];
  readonly popped: [number, number, number][];
  /** Used and visible: token, length. */
  readonly used: [number, number][];
  /** In order: used by the device and waiting for an older one. */
  readonly waiting: Map<number, number>;
  /** Tokens in the order of their pops, used or not. */
  readonly popOrder: number[];
  nextToken: number;
}

interface Real {
  readonly world: QueueWorld;
  readonly taken: Map<number, [id: number, descriptorCount: number]>;
}

type Command = fc.Command<Model, Real>;

const PLACE = 0x1000;

/** Descriptors of the ring that a buffer takes. */
function cost(model: Model, segments: number, numFree: number): number {
  return model.config.indirect && segments > 1 && numFree > 0 ? 1 : segments;
}

class Add implements Command {
  readonly #out: number;
  readonly #into: number;

  constructor(out: number, into: number) {
    this.#out = out;
    this.#into = into;
  }

  check(model: Readonly<Model>): boolean {
    return model.nextToken < 200;
  }

  run(model: Model, { world }: Real): void {
    const token = model.nextToken;
    const out = new SgList();
    const into = new SgList();
    for (let i = 0; i < this.#out; i++) out.pushAddress(DATA_BASE + PLACE * token + i, 1);
    for (let i = 0; i < this.#into; i++) into.pushAddress(DATA_BASE + PLACE * token + 64 + i, 2);
    const segments = this.#out + this.#into;
    const free = world.driver.numFree;
    const fits = cost(model, segments, free) <= free;
    expect(world.driver.addSgs(out, into, token)).toBe(fits ? 0 : -28);
    expect(world.driver.numFree).toBe(fits ? free - cost(model, segments, free) : free);
    if (!fits) return;
    model.available.push([token, segments, 2 * this.#into]);
    model.nextToken = (token + 1) % 200;
  }

  toString(): string {
    return `add(${this.#out}, ${this.#into})`;
  }
}

class Pop implements Command {
  check(): boolean {
    return true;
  }

  run(model: Model, { world, taken }: Real): void {
    const chain = makeChain();
    const next = model.available.shift();
    expect(world.device.pop(chain)).toBe(next === undefined ? PopResult.empty : PopResult.chain);
    if (next === undefined) return;
    const [token, segments, writable] = next;
    expect(chain.readable.count + chain.writable.count).toBe(segments);
    expect(chain.writable.byteLength).toBe(writable);
    const first = chain.readable.count > 0 ? chain.readable : chain.writable;
    expect(Math.floor((first.gpa(0) - DATA_BASE) / PLACE)).toBe(token);
    taken.set(token, [chain.id, chain.descriptorCount]);
    model.popped.push(next);
    model.popOrder.push(token);
  }

  toString(): string {
    return 'pop';
  }
}

class Use implements Command {
  readonly #pick: number;

  constructor(pick: number) {
    this.#pick = pick;
  }

  check(model: Readonly<Model>): boolean {
    return model.popped.length > model.waiting.size;
  }

  run(model: Model, { world, taken }: Real): void {
    const candidates = model.popped.filter(([token]) => !model.waiting.has(token));
    const [token, , writable] = candidates[this.#pick % candidates.length]!;
    const length = this.#pick % (writable + 1);
    world.device.addUsed(...taken.get(token)!, length);
    model.waiting.set(token, length);
    if (!model.config.inOrder) {
      model.popped.splice(
        model.popped.findIndex(([other]) => other === token),
        1,
      );
      this.#show(model, token);
      return;
    }
    while (model.popped.length > 0 && model.waiting.has(model.popped[0]![0])) {
      this.#show(model, model.popped.shift()![0]);
    }
  }

  #show(model: Model, token: number): void {
    model.used.push([token, model.waiting.get(token)!]);
    model.waiting.delete(token);
  }

  toString(): string {
    return `use(${this.#pick})`;
  }
}

class Get implements Command {
  check(): boolean {
    return true;
  }

  run(model: Model, { world }: Real): void {
    const next = model.used.shift();
    expect(world.driver.getBuf()).toBe(next?.[0] ?? NO_TOKEN);
    if (next !== undefined) expect(world.driver.usedLength).toBe(next[1]);
  }

  toString(): string {
    return 'get';
  }
}

class Discard implements Command {
  check(model: Readonly<Model>): boolean {
    const last = model.popOrder.at(-1);
    return model.popped.at(-1)?.[0] === last && last !== undefined && !model.waiting.has(last);
  }

  run(model: Model, { world }: Real): void {
    world.device.discard(1);
    model.popOrder.pop();
    model.available.unshift(model.popped.pop()!);
  }

  toString(): string {
    return 'discard';
  }
}

class Restart implements Command {
  check(): boolean {
    return true;
  }

  run(model: Model, { world, taken }: Real): void {
    const out = [...model.available, ...model.popped, ...model.used].map(([token]) => token);
    const back: number[] = [];
    for (let token = world.driver.detachUnusedBuf(); token >= 0; ) {
      back.push(token);
      token = world.driver.detachUnusedBuf();
    }
    expect(back.sort((a, b) => a - b)).toEqual(out.sort((a, b) => a - b));
    world.driver.reinit();
    world.device.reinit();
    expect(world.driver.numFree).toBe(model.config.size);
    for (const list of [model.available, model.popped, model.used, model.popOrder]) list.length = 0;
    model.waiting.clear();
    taken.clear();
  }

  toString(): string {
    return 'restart';
  }
}

/** Verbs of notification: whatever they say, they must not change what is in the queue. */
class Verb implements Command {
  readonly #verb: 'kick' | 'disableCb' | 'enableCb' | 'enableCbDelayed' | 'interrupt' | 'notify';

  constructor(verb: Verb['verb']) {
    this.#verb = verb;
  }

  get verb() {
    return this.#verb;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { world }: Real): void {
    const result = world.driver[this.#verb]();
    if (this.#verb === 'enableCb') expect(result).toBe(model.used.length === 0);
    if (this.#verb === 'interrupt') expect(result).toBe(model.used.length > 0);
    if (this.#verb === 'disableCb') world.device.disableNotify();
    else expect(world.device.enableNotify()).toBe(model.available.length > 0);
  }

  toString(): string {
    return this.#verb;
  }
}

const commands = [
  fc.tuple(fc.nat(3), fc.nat(3)).map(([out, into]) => new Add(out, into + (out === 0 ? 1 : 0))),
  fc.constant(new Pop()),
  fc.nat(50).map((pick) => new Use(pick)),
  fc.constant(new Get()),
  fc.constant(new Discard()),
  fc
    .constantFrom('kick', 'disableCb', 'enableCb', 'enableCbDelayed', 'interrupt', 'notify')
    .map((verb) => new Verb(verb as Verb['verb'])),
  fc.constant(new Restart()),
];

it('any verbs of both sides keep every token in one place, and each used length (P9, P10)', () => {
  checkProperty(
    fc.property(
      queueConfigArbitrary(),
      fc.commands(commands, { maxCommands: 120, size: 'max' }),
      (config, sequence) => {
        const setup = () => ({
          model: {
            config,
            available: [],
            popped: [],
            used: [],
            waiting: new Map(),
            popOrder: [],
            nextToken: 0,
          },
          real: { world: new QueueWorld(libraryVirtqueue, config), taken: new Map() },
        });
        fc.modelRun(setup, sequence);
      },
    ),
    runs(200, 4_000),
  );
});
