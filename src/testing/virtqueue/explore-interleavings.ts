/**
 * Every interleaving of the ring accesses of a driver and a device, for queues of one or two descriptors and a few buffers.
 *
 * Each side is a program that runs on ring memory which stops it at every access. To take a step, a side is run anew with the values that it has read so far,
 * up to its next access; states that were seen before (ring bytes, both sides' histories, both notifications) are not explored again. Between two verbs the history of a
 * side that can `save()` gives way to its saved state, so that roads which meet are walked once.
 *
 * Does not model: accesses that overtake each other (weak memory), and interleaving inside indirect tables.
 */
import { SgList } from '../../base/sg-list.ts';
import type { RingMemory } from '../../interfaces/ring-memory.ts';
import { NO_TOKEN, PopResult, type VirtqueueAreas } from '../../interfaces/virtqueue.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { type RingLayout, ringLayout } from '../../virtqueue/ring-layout.ts';
import type { VirtqueueImplementation } from './implementation.ts';
import { makeChain, type QueueConfig } from './queue-world.ts';
import type { ScriptedBuffer } from './run-queue-script.ts';

/** What an exploration found. */
export interface ExploreReport {
  /** Distinct states. */
  readonly states: number;
  /** Distinct ways in which the driver came to its end. */
  readonly ends: number;
  /** What went wrong first and the order that leads there (`d` a step of the driver, `v` one of the device), or `undefined`. */
  readonly violation: string | undefined;
}

interface RingAccess {
  readonly kind: 'read' | 'write';
  readonly at: number;
  readonly bytes: 2 | 4;
  readonly value: number;
}

type Access =
  | RingAccess
  | { readonly kind: 'signal' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'end'; readonly violation: string | undefined };

const DATA = 0x1000;
const PLACE = 0x100;

/** Runs both programs through all orders, up to `maxStates` states (more is a violation). The queue's `indirect` must be off. */
export function exploreInterleavings(
  implementation: VirtqueueImplementation,
  config: QueueConfig,
  buffers: readonly ScriptedBuffer[],
  maxStates = 1_000_000,
): ExploreReport {
  return new Exploration(implementation, config, buffers).run(maxStates);
}

interface State {
  readonly bytes: Uint8Array;
  /** History of each side, as a number. */
  readonly driver: number;
  readonly device: number;
  /** Pending notifications: bit 0 the kick, bit 1 the call. */
  readonly pending: number;
  readonly parent: State | undefined;
  readonly step: 'd' | 'v';
}

class Exploration {
  readonly #layout: RingLayout;
  readonly #driver: Side;
  readonly #device: Side;
  readonly #seen = new Set<string>();
  readonly #ends = new Set<number>();

  constructor(
    implementation: VirtqueueImplementation,
    config: QueueConfig,
    buffers: readonly ScriptedBuffer[],
  ) {
    this.#layout = ringLayout(config.format, config.size);
    this.#driver = new Side(this.#layout, driverProgram(implementation, config, buffers));
    this.#device = new Side(this.#layout, deviceProgram(implementation, config));
  }

  run(maxStates: number): ExploreReport {
    const bytes = new Uint8Array(4 * Math.ceil(this.#layout.byteLength / 4));
    const stack: State[] = [];
    this.#push(stack, { bytes, driver: 0, device: 0, pending: 0, parent: undefined, step: 'd' });
    let violation: string | undefined;
    while (violation === undefined && stack.length > 0) {
      if (this.#seen.size > maxStates) violation = `more than ${maxStates} states`;
      else violation = this.#expand(stack, stack.pop()!);
    }
    return { states: this.#seen.size, ends: this.#ends.size, violation };
  }

  #expand(stack: State[], state: State): string | undefined {
    const driver = this.#driver.next(state.driver);
    const device = this.#device.next(state.device);
    for (const access of [driver, device]) {
      if (access.kind === 'end' && access.violation !== undefined) {
        return `${access.violation} after ${orderOf(state)}`;
      }
    }
    if (driver.kind === 'end') {
      this.#ends.add(state.driver);
      return undefined;
    }
    const driverMoved = this.#step(stack, state, 'd', driver);
    const deviceMoved = this.#step(stack, state, 'v', device);
    return driverMoved || deviceMoved
      ? undefined
      : `both sides wait: a notification was missed after ${orderOf(state)}`;
  }

  /** Pushes the state behind one access; false when the side waits. */
  #step(stack: State[], state: State, step: 'd' | 'v', access: Access): boolean {
    let { bytes, pending } = state;
    let value = 0;
    const mine = step === 'd' ? 1 : 2;
    if (access.kind === 'end') return false;
    if (access.kind === 'signal') pending |= mine;
    else if (access.kind === 'wait') {
      if ((pending & (3 - mine)) === 0) return false;
      pending &= mine;
    } else if (access.kind === 'read') value = read(bytes, access);
    else bytes = written(bytes, access);
    const driver = step === 'd' ? this.#driver.append(state.driver, value) : state.driver;
    const device = step === 'v' ? this.#device.append(state.device, value) : state.device;
    this.#push(stack, { bytes, driver, device, pending, parent: state, step });
    return true;
  }

  #push(stack: State[], state: State): void {
    const { bytes, driver, device, pending } = state;
    const key = `${driver},${device},${pending},${String.fromCharCode(...bytes)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    stack.push(state);
  }
}

function read(bytes: Uint8Array, { at, bytes: width }: RingAccess): number {
  const view = new DataView(bytes.buffer);
  return width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
}

function written(bytes: Uint8Array, { at, bytes: width, value }: RingAccess): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (width === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return copy;
}

function orderOf(state: State): string {
  let order = '';
  for (let at: State | undefined = state; at?.parent !== undefined; at = at.parent) {
    order = at.step + order;
  }
  return order;
}

/** Thrown at the access behind a side's history. */
class Suspended {
  readonly access: Access;

  constructor(access: Access) {
    this.access = access;
  }
}

/** What a program may do; every call but `mark` is an access. */
interface Port {
  readonly areas: VirtqueueAreas;
  signal(): void;
  wait(): void;
  /** Here the past is no more than the queue's saved state and these values of the program, at a place with a name. */
  mark(place: string, queue: object, ...locals: unknown[]): void;
}

/** Runs until it is suspended or returns; what it returns is a violation or `undefined`. */
type Program = (port: Port) => string | undefined;

/** A program and its histories: each a number, made of an earlier one and a value that was read. */
class Side {
  readonly #layout: RingLayout;
  readonly #program: Program;
  readonly #parents = [-1];
  readonly #values = [0];
  readonly #ids = new Map<string, number>();
  readonly #marks = new Map<string, number>();
  readonly #next: (Access | undefined)[] = [undefined];
  #mark: string | undefined;

  constructor(layout: RingLayout, program: Program) {
    this.#layout = layout;
    this.#program = program;
  }

  /** The history `id` and one more value, or an earlier one that came to the same state. */
  append(id: number, value: number): number {
    const key = `${id}:${value}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const next = this.#parents.length;
    this.#parents.push(id);
    this.#values.push(value);
    const access = this.#replay(next);
    const same = this.#mark === undefined ? undefined : this.#marks.get(this.#mark);
    if (same === undefined) {
      if (this.#mark !== undefined) this.#marks.set(this.#mark, next);
      this.#next[next] = access;
    } else {
      this.#parents.pop();
      this.#values.pop();
    }
    this.#ids.set(key, same ?? next);
    return same ?? next;
  }

  /** The access that follows the history `id`. */
  next(id: number): Access {
    return (this.#next[id] ??= this.#replay(id));
  }

  #replay(id: number): Access {
    const forced: number[] = [];
    for (let at = id; at > 0; at = this.#parents[at]!) forced.push(this.#values[at]!);
    this.#mark = undefined;
    const access = (wanted: Access): number => {
      if (forced.length === 0) throw new Suspended(wanted);
      return forced.pop()!;
    };
    const area = (base: number): RingMemory => ({
      get16: (at) => access({ kind: 'read', at: base + at, bytes: 2, value: 0 }),
      get32: (at) => access({ kind: 'read', at: base + at, bytes: 4, value: 0 }),
      set16: (at, value) => void access({ kind: 'write', at: base + at, bytes: 2, value }),
      set32: (at, value) => void access({ kind: 'write', at: base + at, bytes: 4, value }),
    });
    const { descriptorsAt, driverAt, deviceAt } = this.#layout;
    try {
      const violation = this.#program({
        areas: {
          descriptors: area(descriptorsAt),
          driver: area(driverAt),
          device: area(deviceAt),
        },
        signal: () => void access({ kind: 'signal' }),
        wait: () => void access({ kind: 'wait' }),
        mark: (place, queue, ...locals) => {
          if (forced.length > 0) return;
          if ('save' in queue && typeof queue.save === 'function') {
            this.#mark = JSON.stringify([place, queue.save(), locals]);
          }
        },
      });
      return { kind: 'end', violation };
    } catch (stopped) {
      if (stopped instanceof Suspended) return stopped.access;
      return { kind: 'end', violation: `threw ${String(stopped)}` };
    }
  }
}

const memory = new RegionMemory([{ base: DATA, size: 0x1000 }]);

function driverProgram(
  implementation: VirtqueueImplementation,
  config: QueueConfig,
  buffers: readonly ScriptedBuffer[],
): Program {
  return ({ areas, signal, wait, mark }) => {
    const notify = (): boolean => {
      signal();
      return true;
    };
    const driver = implementation.createDriver({
      ...config,
      areas,
      memory,
      notify,
      tables: undefined,
      callback: () => {},
    });
    const out = new Set<number>();
    let sent = 0;
    let got = 0;
    while (got < buffers.length) {
      while (sent < buffers.length && add(sent)) {
        out.add(sent);
        sent += 1;
        mark('added', driver, sent, [...out]);
        driver.kick();
        mark('kicked', driver, sent, [...out]);
      }
      let token = driver.getBuf();
      const found = token !== NO_TOKEN;
      for (; token !== NO_TOKEN; token = driver.getBuf()) {
        if (!out.delete(token)) return `token ${token} came back and was not out`;
        if (driver.usedLength !== lengthOf(token)) return `token ${token} has another length`;
        got += 1;
        mark('got', driver, sent, [...out]);
      }
      mark('collected', driver, sent, [...out], found);
      if (driver.isBroken) return `driver: ${driver.brokenReason}`;
      if (found || got === buffers.length || !driver.enableCb()) continue;
      mark('resting', driver, sent, [...out]);
      wait();
      mark('woken', driver, sent, [...out]);
      driver.interrupt();
      driver.disableCb();
      mark('going on', driver, sent, [...out]);
    }
    return undefined;

    function add(token: number): boolean {
      const lists = [new SgList(), new SgList()];
      let gpa = DATA + PLACE * token;
      [buffers[token]!.out, buffers[token]!.into].forEach((lengths, side) => {
        for (const length of lengths) {
          lists[side]!.pushAddress(gpa, length);
          gpa += length;
        }
      });
      return driver.addSgs(lists[0]!, lists[1]!, token) === 0;
    }
  };
}

function deviceProgram(implementation: VirtqueueImplementation, config: QueueConfig): Program {
  return ({ areas, signal, wait, mark }) => {
    const device = implementation.createDevice({
      ...config,
      areas,
      memory,
      leniency: 'strict',
      acceptUnmapped: false,
    });
    const chain = makeChain();
    for (;;) {
      let result = device.pop(chain);
      for (; result === PopResult.chain; result = device.pop(chain)) {
        const first = chain.readable.count > 0 ? chain.readable : chain.writable;
        const token = Math.floor((first.gpa(0) - DATA) / PLACE);
        mark('popped', device, token, chain.id, chain.descriptorCount);
        device.addUsed(chain.id, chain.descriptorCount, lengthOf(token));
        mark('used', device);
        if (device.signalNeeded()) signal();
        mark('signalled', device);
      }
      mark('empty', device);
      if (result === PopResult.broken) return `device: ${device.brokenReason}`;
      const isMore = device.enableNotify();
      mark('enabled', device, isMore);
      if (isMore) continue;
      wait();
      mark('woken', device);
      device.disableNotify();
      mark('going on', device);
    }
  };
}

/** A length of its own for each token. */
function lengthOf(token: number): number {
  return token + 1;
}
