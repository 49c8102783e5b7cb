/**
 * Replays a recording of a real block layer on another one and compares the events.
 *
 * Compared are the views that the recording marks as facts: `QX` (bios and cuts, in order), `submit` (all that a submitter causes, in order),
 * `D` (requests to the driver, in order) and `set` (all events, in any order). Not compared: times, what a driver tells about itself (a C of
 * no sectors), tries that a busy driver refused, and the order of C, which follows the speed of a machine.
 */

import { SgList } from '../../base/sg-list.ts';
import { makeScheduler } from '../../block/make-scheduler.ts';
import { RequestQueue } from '../../block/request-queue.ts';
import { type Bio, BioFlag, BioOp, BlkStatus, SECTOR_BYTES } from '../../interfaces/bio.ts';
import type { BlkMqOps } from '../../interfaces/blk-mq.ts';
import { BlockAction, type BlockObserver } from '../../interfaces/block-observer.ts';
import type { Executor } from '../../interfaces/executor.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { SimExecutor } from '../../sim/sim-executor.ts';
import {
  limitsOf,
  maxSectorsOf,
  numberOf,
  queueDepthOf,
  type RecordedCase,
  type RecordedEvent,
  rwbsOf,
  schedulerOf,
} from './recorded-case.ts';
import { RecordedStripe } from './recorded-stripe.ts';
import { errnoOf, ReplayDriver } from './replay-driver.ts';
import { isDriversOwn, ReplayPace } from './replay-pace.ts';
import { type ReplayedBlockLayer, Submitters } from './replay-world.ts';

/** What a replay asks of a block layer. */
export interface ReplaySettings {
  /** Name of the scheduler. */
  scheduler: string;
  /** Its parameters, by the names of `queue/iosched/*`. */
  parameters: Readonly<Record<string, number>>;
  /** `nr_requests`. */
  requestCount: number;
  /** `nomerges`. */
  noMerges: number;
  /** The device is zoned. */
  isZoned: boolean;
  /** Hears of the events. */
  observer: BlockObserver;
}

/** Makes the block layer under replay. */
export type BlockLayerFactory = (
  executor: Executor,
  ops: BlkMqOps,
  settings: ReplaySettings,
) => ReplayedBlockLayer;

/** The block layer of this library under replay. */
export const requestQueueLayer: BlockLayerFactory = (executor, ops, settings) =>
  new RequestQueue(executor, ops, {
    scheduler: makeScheduler(settings.scheduler, settings.parameters),
    requestCount: settings.requestCount,
    noMerges: settings.noMerges,
    isZoned: settings.isZoned,
    observer: settings.observer,
  });

/** Views of the events that can be compared. */
export const PROJECTIONS = ['QX', 'submit', 'D', 'set'] as const;
/** One of {@link PROJECTIONS}. */
export type Projection = (typeof PROJECTIONS)[number];

/** How a replay went. */
export interface BlockReplay {
  /** All facts of the case agree. */
  readonly passes: boolean;
  /** Views that were compared. */
  readonly judged: readonly Projection[];
  /** Those that differ. */
  readonly differing: readonly Projection[];
  /** Our events, in words. */
  readonly events: readonly string[];
  /** The recorded events, in the same words. */
  readonly recorded: readonly string[];
}

/** 250 ticks a second, and fifteen milliseconds a request in the recordings of schedulers. */
const SCHEDULER_SERVICE_NS = 15_000_000;
const SERVICE_NS = 1_000_000;
const SUBMIT = 'QXGMFA';

/** What a recording leaves open: of several values the one counts that agrees. */
interface Opening {
  maxSectors: number;
  /** Less than `nr_requests` when other devices had their share of the tags. */
  requestCount: number;
  /** Where writes ended that the device had before: a scheduler keeps its direction, its batch and its place. */
  writesBefore: readonly number[];
}

/** Replays a case. */
export function replayBlockTrace(
  each: RecordedCase,
  implementation: BlockLayerFactory = requestQueueLayer,
): BlockReplay {
  const recorded = each.events.filter((event, i) => !isNoise(each.events, event, i)).map(inWords);
  const judged = PROJECTIONS.filter((name) => each.stable?.[name] ?? false);
  let best: BlockReplay | undefined;
  for (const opening of openingsOf(each)) {
    const events = runCase(each, opening, implementation);
    const differing = judged.filter((name) => view(name, events) !== view(name, recorded));
    const passes = differing.length === 0;
    if (best === undefined || differing.length < best.differing.length) {
      best = { passes, judged, differing, events, recorded };
    }
    if (passes) break;
  }
  return best!;
}

function openingsOf(each: RecordedCase): Opening[] {
  const [maxSectors = 0, ...others] = maxSectorsOf(each);
  const requestCount = numberOf(each, 'nr_requests');
  const first: Opening = { maxSectors, requestCount, writesBefore: [] };
  const depths = each.events.flatMap(([, action, , , , , extra]) =>
    action === 'UT' ? [extra?.depth ?? 0] : [],
  );
  const share = Math.max(0, ...depths);
  const openings = [first, ...others.map((other) => ({ ...first, maxSectors: other }))];
  if (share > 0 && share < requestCount) openings.push({ ...first, requestCount: share });
  if (schedulerOf(each) === 'kyber') {
    const writes = Array.from({ length: 7 }, (_, i) => 2 ** 30 + 1_000 * i);
    for (let i = 1; i < 8; i++) openings.push({ ...first, writesBefore: writes.slice(0, i) });
  }
  if (schedulerOf(each) === 'bfq') {
    const bios = each.events.filter(([, action]) => action === 'Q');
    const ends = new Set(bios.map(([, , , sector, sectors]) => sector + sectors));
    for (const end of ends) openings.push({ ...first, writesBefore: [end] });
  }
  return openings;
}

function runCase(
  each: RecordedCase,
  { maxSectors, requestCount, writesBefore }: Opening,
  implementation: BlockLayerFactory,
): string[] {
  const executor = new SimExecutor();
  const events: string[] = [];
  const pace = new ReplayPace(each.events);
  const isSched = each.name.startsWith('sched/');
  const serviceNs = isSched ? SCHEDULER_SERVICE_NS : SERVICE_NS;
  const limits = limitsOf(each, maxSectors);
  const driver = new ReplayDriver(executor, limits, queueDepthOf(each), serviceNs, each.events);
  const sight = observerOf(events, pace);
  const observer = new SwitchedObserver(sight);
  const device = implementation(executor, driver, {
    scheduler: schedulerOf(each),
    parameters: parametersOf(each),
    requestCount,
    noMerges: numberOf(each, 'nomerges'),
    isZoned: !['none', '0'].includes(String(each.queue['zoned'] ?? 'none')),
    observer,
  });
  const memory = new RegionMemory([{ base: 0, size: 4096 }]);
  for (const end of writesBefore) {
    device.submitBio(blankWrite(memory, end, limits.logicalBlockSize));
    executor.runUntilIdle();
  }
  observer.isOn = true;
  const stripe = RecordedStripe.over(each, executor, device, sight);
  const move = stripe === undefined ? remapOf(each, events) : () => {};
  new Submitters(each, stripe ?? device, memory, pace, move).run(executor);
  return events;
}

/** Hears nothing before it is switched on. */
class SwitchedObserver implements BlockObserver {
  isOn = false;
  readonly #inner: BlockObserver;

  constructor(inner: BlockObserver) {
    this.#inner = inner;
  }

  event(...all: Parameters<BlockObserver['event']>): void {
    if (this.isOn) this.#inner.event(...all);
  }

  remapped(...all: Parameters<BlockObserver['remapped']>): void {
    if (this.isOn) this.#inner.remapped(...all);
  }
}

/** A write of one block that ends at a sector. */
function blankWrite(memory: RegionMemory, endSector: number, bytes: number): Bio {
  const data = new SgList();
  data.pushAddress(0, bytes);
  const sectorCount = bytes / SECTOR_BYTES;
  return {
    ioId: 0,
    op: BioOp.write,
    sector: endSector - sectorCount,
    sectorCount,
    flags: BioFlag.sync,
    memory,
    data,
    status: BlkStatus.ok,
    end: () => {},
  };
}

/** Parameters that our schedulers do not have, or have by another name. */
const OTHER_PARAMETERS = ['low_latency', 'slice_idle_us', 'strict_guarantees'];

function parametersOf({ queue }: RecordedCase): Record<string, number> {
  const found = Object.entries(queue).filter(
    ([name]) => name.startsWith('iosched/') && !OTHER_PARAMETERS.includes(name.slice(8)),
  );
  return Object.fromEntries(found.map(([name, value]) => [name.slice(8), Number(value)]));
}

const LETTERS: Readonly<Record<number, string>> = {
  [BlockAction.queued]: 'Q',
  [BlockAction.backMerged]: 'M',
  [BlockAction.frontMerged]: 'F',
  [BlockAction.gotRequest]: 'G',
  [BlockAction.slept]: 'S',
  [BlockAction.requeued]: 'R',
  [BlockAction.issued]: 'D',
  [BlockAction.completed]: 'C',
  [BlockAction.plugged]: 'P',
  [BlockAction.unplugged]: 'U',
  [BlockAction.unplugTimer]: 'UT',
  [BlockAction.inserted]: 'I',
  [BlockAction.split]: 'X',
};

function observerOf(events: string[], pace: ReplayPace): BlockObserver {
  return {
    event(action, _ioId, op, flags, sector, sectors, extra) {
      const letter = LETTERS[action]!;
      if (letter === 'R') return;
      if (letter === 'Q') pace.queued();
      if (letter === 'C') pace.ended();
      if (letter === 'P') events.push('P');
      else if (letter === 'U' || letter === 'UT') events.push(`${letter} of ${extra}`);
      else {
        const to = letter === 'X' ? ` to ${extra}` : '';
        const err = letter === 'C' && extra !== 0 ? ` err ${errnoOf(extra)}` : '';
        events.push(`${letter} ${rwbsOf(op, flags, sectors)} ${sector}+${sectors}${to}${err}`);
      }
    },
    remapped(_ioId, op, flags, sector, sectors, _fromDevice, fromSector) {
      events.push(`A ${rwbsOf(op, flags, sectors)} ${sector}+${sectors} from ${fromSector}`);
    },
  };
}

/** A partition: bios move by its start, which the first A tells. */
function remapOf(each: RecordedCase, events: string[]): (bio: Bio) => void {
  const first = each.events.find(([, action]) => action === 'A');
  if (first === undefined || each.target === undefined) return () => {};
  const start = first[3] - (first[6]?.remap?.from_sector ?? 0);
  return (bio) => {
    const from = bio.sector;
    // An empty flush has no place that could move.
    if (bio.sectorCount === 0) return;
    bio.sector += start;
    const rwbs = rwbsOf(bio.op, bio.flags, bio.sectorCount);
    events.push(`A ${rwbs} ${bio.sector}+${bio.sectorCount} from ${from}`);
  };
}

/** What is no fact of the block layer: see the file header. */
function isNoise(events: readonly RecordedEvent[], event: RecordedEvent, at: number): boolean {
  const [, action, , sector] = event;
  if (action === 'R') return true;
  if (action === 'C') return isDriversOwn(events, at);
  if (action !== 'D') return false;
  const next = events
    .slice(at + 1)
    .find(
      ([, name, , start]) => (name === 'C' || name === 'R' || name === 'D') && start === sector,
    );
  return next?.[1] === 'R';
}

function inWords([, action, rwbs, sector, sectors, , extra = {}]: RecordedEvent): string {
  if (action === 'P') return 'P';
  if (action === 'U' || action === 'UT') return `${action} of ${extra.depth}`;
  const to = action === 'X' ? ` to ${extra.to}` : '';
  const err = extra.err === undefined ? '' : ` err ${extra.err}`;
  const from = extra.remap === undefined ? '' : ` from ${extra.remap.from_sector}`;
  return `${action} ${rwbs} ${sector}+${sectors}${to}${err}${from}`;
}

function view(name: Projection, events: readonly string[]): string {
  const letters = name === 'submit' ? SUBMIT : name;
  if (name === 'set') return [...events].sort().join('\n');
  return events.filter((event) => letters.includes(event.split(' ')[0]!)).join('\n');
}
