/** The striped device of a recording, built again from what its A events tell: partitions of the disk, and chunks in turn over them. */
import { RemapDevice } from '../../block/remap-device.ts';
import { LinearMap, type LowerRange, StripedMap } from '../../block/sector-map.ts';
import type { Bio, QueueLimits } from '../../interfaces/bio.ts';
import type { BlockObserver } from '../../interfaces/block-observer.ts';
import type { SimExecutor } from '../../sim/sim-executor.ts';
import type { RecordedCase } from './recorded-case.ts';
import type { ReplayedBlockLayer } from './replay-world.ts';

/** Chunks of a device-mapper stripe are powers of two of at least a page, in sectors. */
const SMALLEST_CHUNK = 8;
const LARGEST_CHUNK = 1 << 16;

/** A piece of a bio on its way down: where it was on the stripe, on its partition, and where that partition starts. */
interface Step {
  readonly at: number;
  readonly below: number;
  readonly start: number;
  readonly sectors: number;
}

/** A stripe in front of a block layer that is replayed; its submitters sleep on the queue of the disk. */
export class RecordedStripe implements ReplayedBlockLayer {
  readonly limits: QueueLimits;
  readonly capacitySectors: number;
  readonly #device: RemapDevice;
  readonly #disk: ReplayedBlockLayer;

  private constructor(device: RemapDevice, disk: ReplayedBlockLayer) {
    this.limits = device.limits;
    this.capacitySectors = device.capacitySectors;
    this.#device = device;
    this.#disk = disk;
  }

  /** The stripe over `disk`, or `undefined` when the case was not on one. */
  static over(
    each: RecordedCase,
    executor: SimExecutor,
    disk: ReplayedBlockLayer,
    observer: BlockObserver,
  ): RecordedStripe | undefined {
    const steps = stepsOf(each);
    const starts = [...new Set(steps.map(({ start }) => start))].sort((a, b) => a - b);
    if (starts.length < 2) return undefined;
    const ordered = inTurn(starts, steps);
    const chunk = chunkOf(ordered, steps);
    if (chunk === undefined) return undefined;
    const gaps = starts.map((start, i) => (starts[i + 1] ?? disk.capacitySectors) - start);
    const sectorCount = Math.floor(Math.min(...gaps) / chunk) * chunk;
    const ranges = ordered.map((startSector): LowerRange => {
      const map = new LinearMap([{ device: disk, startSector, sectorCount }]);
      const device = new RemapDevice(executor, map, { isPartition: true, observer });
      return { device, startSector: 0, sectorCount };
    });
    const device = new RemapDevice(executor, new StripedMap(ranges, chunk), { observer });
    return new RecordedStripe(device, disk);
  }

  get isCongested(): boolean {
    return this.#disk.isCongested;
  }

  submitBio(bio: Bio): void {
    this.#device.submitBio(bio);
  }

  plug(): void {
    this.#disk.plug();
  }

  unplug(): void {
    this.#disk.unplug();
  }

  sleep(): void {
    this.#disk.sleep();
  }
}

/** The pieces that went down two A events in a row: stripe to partition, partition to disk. */
function stepsOf({ events }: RecordedCase): Step[] {
  const steps: Step[] = [];
  for (const [i, [, action, , below, sectors, , extra]] of events.entries()) {
    const next = events[i + 1];
    if (action !== 'A' || next?.[1] !== 'A' || next[6]?.remap?.from_sector !== below) continue;
    steps.push({ at: extra!.remap!.from_sector, below, start: next[3] - below, sectors });
  }
  return steps;
}

/** The partitions in their turn: that of the first sectors comes first. */
function inTurn(starts: readonly number[], steps: readonly Step[]): number[] {
  const firstAt = (start: number): number =>
    Math.min(...steps.filter((step) => step.start === start).map(({ at, below }) => at - below));
  return [...starts].sort((a, b) => firstAt(a) - firstAt(b));
}

/** The smallest chunk with which every piece lies where it went, and none is cut but at the end of a chunk. */
function chunkOf(starts: readonly number[], steps: readonly Step[]): number | undefined {
  for (let chunk = SMALLEST_CHUNK; chunk <= LARGEST_CHUNK; chunk *= 2) {
    const fits = steps.every(({ at, below, start, sectors }) => {
      const index = Math.floor(at / chunk);
      const row = Math.floor(index / starts.length);
      const isThere = below === row * chunk + (at % chunk) && sectors <= chunk - (at % chunk);
      return isThere && starts[index % starts.length] === start;
    });
    if (fits) return chunk;
  }
  return undefined;
}
