/** Replays recorded hostile rings on the device side of an implementation and compares its verdicts with vringh's. */
import { SgList } from '../../base/sg-list.ts';
import { PopResult } from '../../interfaces/virtqueue.ts';
import { RegionMemory } from '../../memory/region-memory.ts';
import { DeviceFault, type Leniency } from '../../virtqueue/device-options.ts';
import { mapAreas, ringLayout } from '../../virtqueue/ring-layout.ts';
import { libraryVirtqueue, type VirtqueueImplementation } from './implementation.ts';
import { addressText, bytesOfHex, type TraceSegment } from './trace.ts';

/** One call and its recorded verdict: 1 a chain, 0 empty, -22 and -40 refused. */
export interface HostileCall {
  readonly r: number;
  readonly head?: number;
  readonly riov?: readonly TraceSegment[];
  readonly wiov?: readonly TraceSegment[];
}

/** One ring that breaks rules, or not. */
export interface HostileRing {
  readonly num: number;
  readonly layout: { readonly desc: number; readonly avail: number; readonly used: number };
  /** Ring bytes from offset 0; the rest is zero. */
  readonly ring: string;
  /** Indirect tables: address, bytes. */
  readonly ind?: readonly (readonly [string, string])[];
  readonly calls: readonly HostileCall[];
}

/** A file of hostile rings, format `vring-golden-1-fuzz`. */
export interface HostileRings {
  readonly format: string;
  readonly name: string;
  readonly ringBase: string;
  readonly indirectBase: string;
  readonly cases: readonly HostileRing[];
}

/** What a replay of hostile rings found. */
export interface HostileReport {
  /** Cases that were replayed. */
  readonly cases: number;
  /** Calls that were compared. */
  readonly calls: number;
  /** Chains that the device took, and chains that it refused. */
  readonly accepted: number;
  readonly refused: number;
  /** One line for each call that went another way. */
  readonly differences: readonly string[];
}

/**
 * Replays all cases, each on a fresh device.
 *
 * With the leniency `vringh` every verdict must be the recorded one. With `strict` the device may refuse what vringh takes, and then latches; it may
 * never take what vringh refuses, nor take a chain otherwise.
 *
 * @throws Error when the file is of another format
 */
export function replayHostileRings(
  file: HostileRings,
  implementation: VirtqueueImplementation = libraryVirtqueue,
  leniency: Leniency = 'vringh',
): HostileReport {
  if (file.format !== 'vring-golden-1-fuzz') throw new Error(`unknown format '${file.format}'`);
  const tally = { calls: 0, accepted: 0, refused: 0 };
  const differences: string[] = [];
  file.cases.forEach((ring, index) => {
    const difference = replayRing(file, ring, implementation, leniency, tally);
    if (difference !== undefined) differences.push(`${file.name}: case ${index}: ${difference}`);
  });
  return { cases: file.cases.length, ...tally, differences };
}

/** Room behind the last table, which reads as zero. */
const SLACK_BYTES = 65536 * 16;

function replayRing(
  file: HostileRings,
  ring: HostileRing,
  implementation: VirtqueueImplementation,
  leniency: Leniency,
  tally: { calls: number; accepted: number; refused: number },
): string | undefined {
  const { num, layout, ind = [], calls } = ring;
  const base = Number(file.ringBase);
  const shape = ringLayout('split', num);
  const lastTable = ind.reduce(
    (end, [gpa]) => Math.max(end, Number(gpa)),
    Number(file.indirectBase),
  );
  const memory = new RegionMemory([
    { base, size: 4 * Math.ceil((layout.used + shape.deviceBytes) / 4) },
    { base: Number(file.indirectBase), size: lastTable - Number(file.indirectBase) + SLACK_BYTES },
  ]);
  memory.store(base, bytesOfHex(ring.ring), 0, ring.ring.length / 2);
  for (const [gpa, hex] of ind) memory.store(Number(gpa), bytesOfHex(hex), 0, hex.length / 2);
  const areas = mapAreas(memory, shape, {
    descriptors: base + layout.desc,
    driver: base + layout.avail,
    device: base + layout.used,
  })!;
  const device = implementation.createDevice({
    format: 'split',
    size: num,
    areas,
    memory,
    eventIdx: false,
    inOrder: false,
    indirect: true,
    leniency,
    acceptUnmapped: true,
  });
  const chain = { id: -1, descriptorCount: 0, readable: new SgList(), writable: new SgList() };
  for (const [at, call] of calls.entries()) {
    tally.calls += 1;
    const result = device.pop(chain);
    if (result === PopResult.chain) tally.accepted += 1;
    if (result === PopResult.broken) tally.refused += 1;
    // A strict device has latched: what follows on this ring is not comparable.
    if (leniency === 'strict' && result === PopResult.broken) return undefined;
    const found: HostileCall =
      result === PopResult.chain
        ? {
            r: 1,
            head: chain.id,
            riov: segmentsOf(chain.readable),
            wiov: segmentsOf(chain.writable),
          }
        : result === PopResult.empty
          ? { r: 0 }
          : verdict(device.brokenReason, chain.id);
    if (JSON.stringify(found) !== JSON.stringify(call)) {
      return `call ${at}: ${JSON.stringify(found)} for ${JSON.stringify(call)}`;
    }
  }
  return undefined;
}

function verdict(reason: string | undefined, head: number): HostileCall {
  const r = reason === DeviceFault.loop ? -40 : -22;
  return head < 0 ? { r } : { r, head };
}

function segmentsOf(list: SgList): TraceSegment[] {
  const segments: TraceSegment[] = [];
  for (let i = 0; i < list.count; i++) {
    segments.push([addressText(list.lo[i]!, list.hi[i]!), list.lengths[i]!]);
  }
  return segments;
}
