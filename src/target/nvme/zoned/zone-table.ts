/**
 * The zones of one namespace: states, write pointers, limits, random write areas. Zoned Namespaces 1.1, 2.
 *
 * A write moves the write pointer when it is let in, so that several of them may be in flight. One that fails on its way to the medium
 * takes the pointer back as long as none came after it; otherwise what its blocks hold is not determined. Blocks of a zone that nobody wrote since it was reset
 * read as zeroes: `readable` says where they begin.
 *
 * Does not model: states that survive the process, variable capacities, zones that the device finishes or resets by itself.
 */
import { assert } from '../../../base/assert.ts';
import { NvmeStatus } from '../../../wire/nvme-status.ts';
import {
  ZONE_TYPE_SEQUENTIAL,
  ZoneAttribute,
  ZoneSendAction,
  ZoneState,
  zoneDescriptor,
} from '../../../wire/nvme-zoned.ts';
import type { ZoneShape } from './zone-shape.ts';
import {
  hasWritePointer,
  isActive,
  isOpen,
  isSelected,
  mayEnter,
  nextState,
} from './zone-state.ts';

const ALL_ONES = 0xffff_ffff;

/** Zones by number; positions inside a zone are logical blocks from its start. */
export class ZoneTable {
  readonly shape: ZoneShape;
  readonly #states: Uint8Array;
  readonly #attributes: Uint8Array;
  /** Write pointers. */
  readonly #wps: Int32Array;
  /** One behind the last block that was written since the zone was empty. */
  readonly #written: Int32Array;
  /** One behind the last block that was ever written: beyond it the medium holds zeroes still. */
  readonly #dirty: Int32Array;
  /** When the zone was opened implicitly, for the order in which such zones are closed. */
  readonly #openedAt: Float64Array;
  /** 1 while the medium below a new random write area is made to hold zeroes. */
  readonly #preparing: Uint8Array;
  /** How often each zone was emptied. */
  readonly #lives: Uint32Array;
  readonly #extensions: Uint8Array;
  readonly #emptied: (zone: number) => void;
  #opens = 0;
  #openCount = 0;
  #implicitCount = 0;
  #activeCount = 0;
  #zrwaCount = 0;
  #preparingCount = 0;

  /** @param emptied called when a zone was emptied: what its blocks held is gone */
  constructor(shape: ZoneShape, emptied: (zone: number) => void = () => {}) {
    const { zoneCount } = shape;
    this.shape = shape;
    this.#states = new Uint8Array(zoneCount).fill(ZoneState.empty);
    this.#attributes = new Uint8Array(zoneCount);
    this.#wps = new Int32Array(zoneCount);
    this.#written = new Int32Array(zoneCount);
    this.#dirty = new Int32Array(zoneCount);
    this.#openedAt = new Float64Array(zoneCount);
    this.#preparing = new Uint8Array(zoneCount);
    this.#lives = new Uint32Array(zoneCount);
    this.#emptied = emptied;
    this.#extensions = new Uint8Array(zoneCount * shape.extensionBytes);
  }

  /** How many zones are open now. */
  get openCount(): number {
    return this.#openCount;
  }

  /** How many zones are active now: open or closed. */
  get activeCount(): number {
    return this.#activeCount;
  }

  /** How many zones have a random write area now. */
  get zrwaCount(): number {
    return this.#zrwaCount;
  }

  /** The zone that block `lba` of the namespace lies in. */
  zoneOf(lba: number): number {
    return Math.floor(lba / this.shape.zoneBlocks);
  }

  /** State of a zone. */
  state(zone: number): ZoneState {
    return this.#states[zone]! as ZoneState;
  }

  /** The write pointer; it means nothing in a zone that is full, read-only or offline. */
  writePointer(zone: number): number {
    return this.#wps[zone]!;
  }

  /** Where the blocks begin that read as zeroes. */
  readable(zone: number): number {
    return this.#written[zone]!;
  }

  /** The medium holds zeroes from here on. */
  dirty(zone: number): number {
    return this.#dirty[zone]!;
  }

  /** How often the zone was emptied. */
  life(zone: number): number {
    return this.#lives[zone]!;
  }

  /** Has the zone a random write area? */
  hasZrwa(zone: number): boolean {
    return (this.#attributes[zone]! & ZoneAttribute.zrwaValid) !== 0;
  }

  /** The descriptor extensions of all zones, one after the other. */
  get extensions(): Uint8Array {
    return this.#extensions;
  }

  /** Is the medium being prepared, in one zone or (-1) in any? */
  isPreparing(zone: number): boolean {
    return zone < 0 ? this.#preparingCount > 0 : this.#preparing[zone]! !== 0;
  }

  /** Lets a write of `count` blocks at block `at` of a zone in: moves the write pointer and opens the zone, or returns why not. */
  write(zone: number, at: number, count: number): number {
    const state = this.state(zone);
    if (state === ZoneState.full) return NvmeStatus.zoneFull;
    if (state === ZoneState.readOnly) return NvmeStatus.zoneReadOnly;
    if (state === ZoneState.offline) return NvmeStatus.zoneOffline;
    if (this.#preparing[zone]! !== 0) return NvmeStatus.commandInterrupted;
    const { zoneCapacity, zrwa } = this.shape;
    const wp = this.#wps[zone]!;
    const end = at + count;
    if (this.hasZrwa(zone)) {
      if (at < wp || end > wp + 2 * zrwa.blocks) return NvmeStatus.zoneInvalidWrite;
    } else if (at !== wp) {
      return NvmeStatus.zoneInvalidWrite;
    }
    if (end > zoneCapacity) return NvmeStatus.zoneBoundaryError;
    if (!isOpen(state)) {
      const status = this.#open(zone, ZoneState.implicitlyOpen, false);
      if (status !== NvmeStatus.success) return status;
    }
    if (end > this.#written[zone]!) this.#written[zone] = end;
    if (end > this.#dirty[zone]!) this.#dirty[zone] = end;
    if (!this.hasZrwa(zone)) {
      this.#moveTo(zone, end);
    } else if (end > wp + zrwa.blocks) {
      const steps = Math.ceil((end - wp - zrwa.blocks) / zrwa.granularity);
      this.#moveTo(zone, wp + steps * zrwa.granularity);
    }
    return NvmeStatus.success;
  }

  /** A write of blocks `at` to `end` that came in life `life` of the zone failed: if it was the last, the pointer goes back. */
  takeBack(zone: number, at: number, end: number, life: number): void {
    if (life !== this.life(zone) || end !== this.#written[zone] || this.hasZrwa(zone)) return;
    this.#written[zone] = at;
    if (hasWritePointer(this.state(zone))) this.#wps[zone] = at;
  }

  /** Flush Explicit ZRWA Range: commits the blocks up to and with block `at` of a zone. Zoned Namespaces 1.1, 3.4.1. */
  commit(zone: number, at: number): number {
    const { zrwa, zoneCapacity } = this.shape;
    if (zrwa.count === 0) return NvmeStatus.invalidField;
    if (!this.hasZrwa(zone)) return NvmeStatus.invalidZoneOperation;
    const wp = this.#wps[zone]!;
    if (at < wp || at >= Math.min(wp + zrwa.blocks, zoneCapacity)) {
      return NvmeStatus.invalidZoneOperation;
    }
    const count = at + 1 - wp;
    if (count % zrwa.granularity !== 0 && at + 1 !== zoneCapacity) return NvmeStatus.invalidField;
    this.#moveTo(zone, wp + count);
    return NvmeStatus.success;
  }

  /** Does an action of Zone Management Send that changes states. @param withZrwa the zone is to have a random write area */
  act(zone: number, action: number, withZrwa: boolean): number {
    const state = this.state(zone);
    if (withZrwa && state !== ZoneState.empty) return NvmeStatus.invalidZoneOperation;
    const next = nextState(action, state);
    if (next === 0) return NvmeStatus.invalidZoneTransition;
    if (next === state) return NvmeStatus.success;
    return isActive(next) ? this.#open(zone, next, withZrwa) : this.#enter(zone, next);
  }

  /** Does an action on all zones whose state it selects: all of them, or none when there are not enough resources. */
  actOnAll(action: number): number {
    const { maxOpen, zoneCount } = this.shape;
    if (action === ZoneSendAction.open && maxOpen > 0) {
      const closed = this.#activeCount - this.#openCount;
      if (this.#openCount + closed > maxOpen) return NvmeStatus.tooManyOpenZones;
    }
    for (let zone = 0; zone < zoneCount; zone++) {
      if (isSelected(action, this.state(zone))) this.act(zone, action, false);
    }
    return NvmeStatus.success;
  }

  /** Sets the descriptor extension, which makes an empty zone a closed one. @param from at least as many bytes as an extension has */
  setExtension(zone: number, from: Uint8Array): number {
    const status = this.act(zone, ZoneSendAction.setExtension, false);
    if (status !== NvmeStatus.success) return status;
    const { extensionBytes } = this.shape;
    this.#extensions.set(from.subarray(0, extensionBytes), zone * extensionBytes);
    this.#attributes[zone]! |= ZoneAttribute.extensionValid;
    return status;
  }

  /** The medium below the zone's new random write area is about to be zeroed; no write comes in before `prepared`. */
  prepare(zone: number): void {
    this.#preparing[zone] = 1;
    this.#preparingCount += 1;
  }

  /** The end of what `prepare` began; a zone whose medium could not be zeroed is empty again. */
  prepared(zone: number, isGood: boolean): void {
    this.#preparing[zone] = 0;
    this.#preparingCount -= 1;
    if (isGood) this.#dirty[zone] = 0;
    else if (isActive(this.state(zone))) this.#enter(zone, ZoneState.empty);
  }

  /** The device itself takes a zone out of service: it can be read no more, or only read. False where it was in that state, or worse. */
  fail(zone: number, state: typeof ZoneState.readOnly | typeof ZoneState.offline): boolean {
    if (!mayEnter(this.state(zone), state)) return false;
    this.#enter(zone, state);
    return true;
  }

  /** Writes the descriptor of a zone, without its extension, to 64 zeroed bytes of `view`. */
  describe(zone: number, view: DataView): void {
    const { zoneBlocks, zoneCapacity } = this.shape;
    const state = this.state(zone);
    zoneDescriptor.type.set(view, 0, ZONE_TYPE_SEQUENTIAL);
    zoneDescriptor.state.set(view, 0, state);
    zoneDescriptor.attributes.set(view, 0, this.#attributes[zone]!);
    zoneDescriptor.zcap.set(view, 0, zoneCapacity);
    zoneDescriptor.zslba.set(view, 0, zone * zoneBlocks);
    if (hasWritePointer(state)) {
      zoneDescriptor.wp.set(view, 0, zone * zoneBlocks + this.#wps[zone]!);
    } else {
      zoneDescriptor.wp.lo.set(view, 0, ALL_ONES);
      zoneDescriptor.wp.hi.set(view, 0, ALL_ONES);
    }
  }

  #moveTo(zone: number, wp: number): void {
    const { zoneCapacity } = this.shape;
    this.#wps[zone] = Math.min(wp, zoneCapacity);
    if (wp >= zoneCapacity) this.#enter(zone, ZoneState.full);
  }

  /** Enters an active state if there are resources for it, and makes room among the implicitly open zones if that helps. */
  #open(zone: number, next: ZoneState, withZrwa: boolean): number {
    const { maxActive, maxOpen, implicitClose, zrwa } = this.shape;
    const state = this.state(zone);
    if (!isActive(state) && maxActive > 0 && this.#activeCount === maxActive) {
      return NvmeStatus.tooManyActiveZones;
    }
    const isOneMore = !isOpen(state) && isOpen(next);
    const isTooMany = isOneMore && maxOpen > 0 && this.#openCount === maxOpen;
    if (isTooMany && !(implicitClose && this.#implicitCount > 0)) {
      return NvmeStatus.tooManyOpenZones;
    }
    if (withZrwa && this.#zrwaCount === zrwa.count) return NvmeStatus.zrwaUnavailable;
    if (isTooMany) this.#closeOldest();
    this.#enter(zone, next);
    if (withZrwa) {
      this.#attributes[zone]! |= ZoneAttribute.zrwaValid;
      this.#zrwaCount += 1;
    }
    return NvmeStatus.success;
  }

  #closeOldest(): void {
    let oldest = -1;
    for (let zone = 0; zone < this.#states.length; zone++) {
      if (this.#states[zone] !== ZoneState.implicitlyOpen) continue;
      if (oldest < 0 || this.#openedAt[zone]! < this.#openedAt[oldest]!) oldest = zone;
    }
    this.#enter(oldest, ZoneState.closed);
  }

  /** The one place where a state changes. */
  #enter(zone: number, next: ZoneState): number {
    const state = this.state(zone);
    assert(mayEnter(state, next), 'a zone follows the arrows of the state diagram');
    this.#states[zone] = next;
    this.#openCount += Number(isOpen(next)) - Number(isOpen(state));
    this.#activeCount += Number(isActive(next)) - Number(isActive(state));
    if (state === ZoneState.implicitlyOpen) this.#implicitCount -= 1;
    if (next === ZoneState.implicitlyOpen) {
      this.#implicitCount += 1;
      this.#opens += 1;
      this.#openedAt[zone] = this.#opens;
    }
    if (!isActive(next) && this.hasZrwa(zone)) {
      this.#attributes[zone]! &= ~ZoneAttribute.zrwaValid;
      this.#zrwaCount -= 1;
    }
    if (next === ZoneState.empty) this.#clear(zone);
    return NvmeStatus.success;
  }

  #clear(zone: number): void {
    const { extensionBytes } = this.shape;
    this.#wps[zone] = 0;
    this.#written[zone] = 0;
    this.#attributes[zone] = 0;
    this.#lives[zone]! += 1;
    this.#emptied(zone);
    this.#extensions.fill(0, zone * extensionBytes, (zone + 1) * extensionBytes);
  }
}
