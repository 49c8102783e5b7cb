/**
 * Lets a driver and a device work through a script of buffers as two independent actors, each a verb at a time, in an order that a seed decides.
 *
 * Finds: tokens lost, invented or returned twice, segments or lengths that changed on the way, and notifications that were missed (both asleep with work left).
 */
import { SgList } from '../../base/sg-list.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { NO_TOKEN, PopResult, type VirtqueueChain } from '../../interfaces/virtqueue.ts';
import { makePrng } from '../../sim/prng.ts';
import type { VirtqueueImplementation } from './implementation.ts';
import { DATA_BASE, DATA_BYTES, makeChain, type QueueConfig, QueueWorld } from './queue-world.ts';

/** One buffer of a script: lengths in bytes of what the device reads and of what it writes; at least one segment. */
export interface ScriptedBuffer {
  readonly out: readonly number[];
  readonly into: readonly number[];
}

/** How a run went. */
export interface ScriptReport {
  /** Tokens (positions in the script) in the order in which they came back, each with its used length. */
  readonly delivered: readonly (readonly [number, number])[];
  /** What went wrong first, or `undefined`. */
  readonly violation: string | undefined;
}

/** Each buffer has a place of its own in the data, by which the device knows it. */
const PLACE_BYTES = 0x1000;
/** Longest script. */
export const MAX_SCRIPT = DATA_BYTES / PLACE_BYTES;
/** More verbs for each buffer than any order needs. */
const STEPS_PER_BUFFER = 400;

/** Runs a script (of at most {@link MAX_SCRIPT} buffers, each of less than 4 KiB) on a fresh queue. */
export function runQueueScript(
  implementation: VirtqueueImplementation,
  config: QueueConfig,
  script: readonly ScriptedBuffer[],
  seed: number,
): ScriptReport {
  const world = new QueueWorld(implementation, config);
  const chance = makePrng(seed);
  const driver = new DriverActor(world, script, chance.split('driver'));
  const device = new DeviceActor(world, script, chance.split('device'));
  const order = chance.split('order');
  const limit = STEPS_PER_BUFFER * (script.length + 4);
  let first: DriverActor | DeviceActor = driver;
  let second: DriverActor | DeviceActor = device;
  for (let steps = 0; steps < limit; steps++) {
    // Turns of several verbs: much can happen to one side between two verbs of the other.
    if (order.oneIn(3)) [first, second] = [second, first];
    const isBusy = first.step() || second.step();
    const violation = driver.violation ?? device.violation;
    if (violation !== undefined) return { delivered: driver.delivered, violation };
    if (!isBusy) return { delivered: driver.delivered, violation: driver.atRest(config.size) };
  }
  return { delivered: driver.delivered, violation: `still busy after ${limit} verbs` };
}

/** What the device writes into buffer `token`: anything from nothing to all. */
function writtenLength(script: readonly ScriptedBuffer[], token: number): number {
  const capacity = script[token]!.into.reduce((sum, length) => sum + length, 0);
  return token % 3 === 0 ? capacity : (token * 37) % (capacity + 1);
}

function segments(script: readonly ScriptedBuffer[], token: number): [SgList, SgList] {
  const lists: [SgList, SgList] = [new SgList(), new SgList()];
  let gpa = DATA_BASE + token * PLACE_BYTES;
  [script[token]!.out, script[token]!.into].forEach((lengths, side) => {
    for (const length of lengths) {
      lists[side]!.pushAddress(gpa, length);
      gpa += length;
    }
  });
  return lists;
}

class DriverActor {
  violation: string | undefined;
  readonly delivered: [number, number][] = [];
  readonly #world: QueueWorld;
  readonly #script: readonly ScriptedBuffer[];
  readonly #chance: Prng;
  readonly #out = new Set<number>();
  #next = 0;
  #isAwake = true;
  #isFull = false;
  #hasUnkicked = false;
  #mustNotify = false;
  #isAboutToRest = false;

  constructor(world: QueueWorld, script: readonly ScriptedBuffer[], chance: Prng) {
    this.#world = world;
    this.#script = script;
    this.#chance = chance;
  }

  /** One verb; false when asleep and not called. */
  step(): boolean {
    const { driver } = this.#world;
    if (driver.isBroken) this.violation ??= `driver: ${driver.brokenReason}`;
    if (!this.#isAwake) return this.#wake();
    if (this.#mustNotify) {
      this.#mustNotify = false;
      driver.notify();
    } else if (this.#isAboutToRest) this.#rest();
    else if (this.#hasUnkicked && this.#chance.oneIn(3)) this.#kick();
    else if (this.#canAdd() && this.#chance.oneIn(2)) this.#add();
    else this.#collect();
    return true;
  }

  /** The verdict when nobody has anything to do. */
  atRest(size: number): string | undefined {
    const left = this.#script.length - this.delivered.length;
    if (left > 0) return `at rest with ${left} buffers not delivered: a notification was missed`;
    const { numFree } = this.#world.driver;
    return numFree === size ? undefined : `numFree is ${numFree} of ${size} at rest`;
  }

  #wake(): boolean {
    if (!this.#world.isCalled) return false;
    this.#world.isCalled = false;
    this.#world.driver.interrupt();
    if (this.#chance.oneIn(2)) this.#world.driver.disableCb();
    this.#isAwake = true;
    return true;
  }

  #canAdd(): boolean {
    return !this.#isFull && this.#next < this.#script.length;
  }

  #add(): void {
    const [out, into] = segments(this.#script, this.#next);
    const result = this.#world.driver.addSgs(out, into, this.#next);
    // Without a place the driver must know of a buffer that will come back, or it would wait for ever.
    if (result !== 0) {
      this.#isFull = true;
      if (this.#out.size === 0) this.violation = `add gave ${result} on an empty queue`;
      return;
    }
    this.#out.add(this.#next);
    this.#next += 1;
    this.#hasUnkicked = true;
  }

  #kick(): void {
    this.#hasUnkicked = false;
    this.#mustNotify = this.#world.driver.kickPrepare();
  }

  #collect(): void {
    const { driver } = this.#world;
    const token = driver.getBuf();
    if (token !== NO_TOKEN) {
      this.#take(token, driver.usedLength);
    } else if (this.#hasUnkicked) this.#kick();
    else if (!this.#canAdd()) this.#isAboutToRest = true;
  }

  /** A verb of its own: the device may use something between the last look and this. */
  #rest(): void {
    const { driver } = this.#world;
    this.#isAboutToRest = false;
    // True: nothing is left, and a call will come.
    const mayRest = this.#chance.oneIn(3) ? driver.enableCbDelayed() : driver.enableCb();
    if (mayRest) this.#isAwake = false;
  }

  #take(token: number, length: number): void {
    if (!this.#out.delete(token)) this.violation = `token ${token} came back and was not out`;
    else if (length !== writtenLength(this.#script, token)) {
      this.violation = `token ${token} came back with ${length} bytes`;
    }
    this.delivered.push([token, length]);
    this.#isFull = false;
  }
}

class DeviceActor {
  violation: string | undefined;
  readonly #world: QueueWorld;
  readonly #script: readonly ScriptedBuffer[];
  readonly #chance: Prng;
  readonly #chain: VirtqueueChain = makeChain();
  #held: { id: number; descriptorCount: number; token: number }[] = [];
  #isAwake = false;
  #hasUnsignalled = false;
  #isAboutToRest = false;

  constructor(world: QueueWorld, script: readonly ScriptedBuffer[], chance: Prng) {
    this.#world = world;
    this.#script = script;
    this.#chance = chance;
  }

  /** One verb; false when asleep and not kicked. */
  step(): boolean {
    const { device } = this.#world;
    if (!this.#isAwake) {
      if (!this.#world.isKicked) return false;
      this.#world.isKicked = false;
      this.#isAwake = true;
      if (this.#chance.oneIn(2)) device.disableNotify();
    } else if (this.#isAboutToRest) {
      this.#isAboutToRest = false;
      if (!device.enableNotify()) this.#isAwake = false;
    } else if (this.#hasUnsignalled && this.#chance.oneIn(3)) this.#signal();
    else if (this.#held.length > 0 && this.#chance.oneIn(2)) this.#use();
    else this.#pop();
    return true;
  }

  #pop(): void {
    const { device } = this.#world;
    const result = device.pop(this.#chain);
    if (result === PopResult.broken) this.violation = `device: ${device.brokenReason}`;
    else if (result === PopResult.chain) this.#hold();
    else if (this.#held.length > 0) this.#use();
    else if (this.#hasUnsignalled) this.#signal();
    else this.#isAboutToRest = true;
  }

  #hold(): void {
    const { id, descriptorCount, readable, writable } = this.#chain;
    const first = readable.count > 0 ? readable : writable;
    const token = Math.floor((first.gpa(0) - DATA_BASE) / PLACE_BYTES);
    const [out, into] = segments(this.#script, token);
    if (!isSame(out, readable) || !isSame(into, writable)) {
      this.violation = `buffer ${token} arrived with other segments`;
    }
    if (this.#chance.oneIn(8)) this.#world.device.discard(1);
    else this.#held.push({ id, descriptorCount, token });
  }

  #use(): void {
    // One or two at a time, in any order.
    const count = Math.min(this.#held.length, 1 + this.#chance.below(2));
    for (let i = 0; i < count; i++) {
      const at = this.#chance.below(this.#held.length);
      const [{ id, descriptorCount, token }] = this.#held.splice(at, 1) as [
        { id: number; descriptorCount: number; token: number },
      ];
      const length = writtenLength(this.#script, token);
      if (count === 1) this.#world.device.addUsed(id, descriptorCount, length);
      else this.#world.device.fillUsed(id, descriptorCount, length);
    }
    if (count > 1) this.#world.device.flushUsed();
    this.#hasUnsignalled = true;
  }

  #signal(): void {
    this.#hasUnsignalled = false;
    if (this.#world.device.signalNeeded()) this.#world.isCalled = true;
  }
}

function isSame(a: SgList, b: SgList): boolean {
  if (a.count !== b.count || a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.count; i++) {
    if (a.gpa(i) !== b.gpa(i) || a.lengths[i] !== b.lengths[i]) return false;
  }
  return true;
}
