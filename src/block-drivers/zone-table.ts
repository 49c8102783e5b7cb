/**
 * The zones of a device and the rules of their states. ZBC-2, 4.4.3; ZNS Command Set 1.1, 2.1.1.
 *
 * A write goes to the write pointer or fails. It opens its zone; where no more zones may be open, one that a write opened is closed for
 * it, in turn, and without such a one it fails. Does not model: read-only and offline zones, zones that are only preferred sequential.
 */
import { assert, ConfigError } from '../base/assert.ts';
import { BioOp, BlkStatus } from '../interfaces/bio.ts';
import { type Zone, ZoneCondition, type ZoneReporter, ZoneType } from '../interfaces/zoned.ts';

/** How zones are laid out. */
export interface ZoneOptions {
  /** Sectors of a zone (`zone_size`); a power of two. */
  zoneSectors: number;
  /** Sectors of it that can be written (`zone_capacity`); all unless given. */
  zoneCapacitySectors?: number;
  /** Zones at the beginning that are conventional (`zone_nr_conv`); none unless given. */
  conventionalZones?: number;
  /** Most zones that are open at once (`zone_max_open`); 0, the default, for no limit. */
  maxOpenZones?: number;
  /** Most that are open or closed at once (`zone_max_active`); 0, the default, for no limit. */
  maxActiveZones?: number;
}

const { empty, implicitOpen, explicitOpen, closed, full, notWritePointer } = ZoneCondition;

/** All zones of one device. */
export class ZoneTable implements ZoneReporter {
  readonly zoneSectors: number;
  readonly zoneCount: number;
  readonly maxOpenZones: number;
  readonly maxActiveZones: number;
  readonly #deviceSectors: number;
  readonly #capacity: number;
  readonly #conditions: Uint8Array;
  readonly #writePointers: Float64Array;
  #open = 0;
  #closed = 0;
  /** Where the search for a zone to close begins. */
  #turn = 0;

  /** @throws ConfigError when the zones do not fit the device */
  constructor(deviceSectors: number, options: ZoneOptions) {
    const { zoneSectors, conventionalZones = 0, maxOpenZones = 0, maxActiveZones = 0 } = options;
    check(
      isPowerOfTwo(zoneSectors) && zoneSectors >= 8,
      'zoneSectors',
      zoneSectors,
      'a power of two from 8',
    );
    this.zoneSectors = zoneSectors;
    this.zoneCount = Math.ceil(deviceSectors / zoneSectors);
    this.#capacity = options.zoneCapacitySectors ?? zoneSectors;
    const isCapacity =
      isCount(this.#capacity) && this.#capacity >= 8 && this.#capacity <= zoneSectors;
    check(isCapacity, 'zoneCapacitySectors', this.#capacity, `8 to ${zoneSectors}`);
    const isConventional = isCount(conventionalZones) && conventionalZones <= this.zoneCount;
    check(isConventional, 'conventionalZones', conventionalZones, `0 to ${this.zoneCount}`);
    check(isCount(maxOpenZones), 'maxOpenZones', maxOpenZones, 'an integer of 0 and more');
    const isActive =
      isCount(maxActiveZones) && (maxActiveZones === 0 || maxActiveZones >= maxOpenZones);
    check(isActive, 'maxActiveZones', maxActiveZones, '0, or maxOpenZones and more');
    this.maxOpenZones = maxOpenZones;
    this.maxActiveZones = maxActiveZones;
    this.#deviceSectors = deviceSectors;
    this.#conditions = new Uint8Array(this.zoneCount).fill(empty);
    this.#conditions.fill(notWritePointer, 0, conventionalZones);
    this.#writePointers = Float64Array.from({ length: this.zoneCount }, (_, zone) =>
      zone < conventionalZones ? this.#end(zone) : zone * zoneSectors,
    );
  }

  reportZone(index: number, into: Zone): void {
    assert(index >= 0 && index < this.zoneCount, 'a zone of the device');
    into.startSector = index * this.zoneSectors;
    into.sectorCount = this.#end(index) - into.startSector;
    into.writePointer = this.#writePointers[index]!;
    into.condition = this.#conditions[index] as ZoneCondition;
    const isConventional = into.condition === notWritePointer;
    into.type = isConventional ? ZoneType.conventional : ZoneType.sequential;
    into.capacitySectors = isConventional
      ? into.sectorCount
      : Math.min(into.sectorCount, this.#capacity);
  }

  /** Judges a write, and moves the write pointer over it when it may be done. */
  write(sector: number, sectorCount: number): BlkStatus {
    const zone = Math.floor(sector / this.zoneSectors);
    if (this.#conditions[zone] === notWritePointer) return BlkStatus.ok;
    const end = sector + sectorCount;
    const isNext = this.#conditions[zone] !== full && sector === this.#writePointers[zone];
    if (!isNext || end > this.#writableEnd(zone)) return BlkStatus.ioError;
    const status = this.#makeOpen(zone, implicitOpen);
    if (status !== BlkStatus.ok) return status;
    this.#writePointers[zone] = end;
    if (end === this.#writableEnd(zone)) this.#fill(zone);
    return BlkStatus.ok;
  }

  /** Does one of the zone operations on the zone that starts at `sector`. */
  manage(op: BioOp, sector: number): BlkStatus {
    const zone = sector / this.zoneSectors;
    const condition = this.#conditions[zone];
    if (condition === undefined || condition === notWritePointer) return BlkStatus.ioError;
    switch (op) {
      case BioOp.zoneOpen:
        return condition === full ? BlkStatus.ioError : this.#makeOpen(zone, explicitOpen);
      case BioOp.zoneClose:
        if (condition === closed) return BlkStatus.ok;
        if (condition !== implicitOpen && condition !== explicitOpen) return BlkStatus.ioError;
        this.#close(zone);
        return BlkStatus.ok;
      case BioOp.zoneFinish: {
        // Even a zone that is only finished is open for a moment.
        const status = condition === full ? BlkStatus.ok : this.#makeOpen(zone, implicitOpen);
        if (status === BlkStatus.ok) this.#fill(zone);
        return status;
      }
      case BioOp.zoneReset:
        this.#enter(zone, empty);
        this.#writePointers[zone] = sector;
        return BlkStatus.ok;
      default:
        return BlkStatus.notSupported;
    }
  }

  #end(zone: number): number {
    return Math.min((zone + 1) * this.zoneSectors, this.#deviceSectors);
  }

  #writableEnd(zone: number): number {
    return Math.min(zone * this.zoneSectors + this.#capacity, this.#end(zone));
  }

  /** All counting of states is here. */
  #enter(zone: number, next: ZoneCondition): void {
    const before = this.#conditions[zone];
    if (before === implicitOpen || before === explicitOpen) this.#open -= 1;
    if (before === closed) this.#closed -= 1;
    if (next === implicitOpen || next === explicitOpen) this.#open += 1;
    if (next === closed) this.#closed += 1;
    this.#conditions[zone] = next;
  }

  #fill(zone: number): void {
    this.#enter(zone, full);
    this.#writePointers[zone] = this.#end(zone);
  }

  #close(zone: number): void {
    const isUnwritten = this.#writePointers[zone] === zone * this.zoneSectors;
    this.#enter(zone, isUnwritten ? empty : closed);
  }

  /** Opens a zone that is not full, if the limits allow it; a write does not change who opened it. */
  #makeOpen(zone: number, as: ZoneCondition): BlkStatus {
    const condition = this.#conditions[zone];
    if (condition === implicitOpen || condition === explicitOpen) {
      if (as === explicitOpen) this.#enter(zone, explicitOpen);
      return BlkStatus.ok;
    }
    const active = this.#open + this.#closed;
    const isOneMore = condition === empty;
    if (isOneMore && this.maxActiveZones > 0 && active >= this.maxActiveZones) {
      return BlkStatus.zoneResource;
    }
    if (this.maxOpenZones > 0 && this.#open >= this.maxOpenZones && !this.#closeOne()) {
      return BlkStatus.zoneResource;
    }
    this.#enter(zone, as);
    return BlkStatus.ok;
  }

  /** Closes a zone that a write opened; false when there is none. */
  #closeOne(): boolean {
    for (let i = 0; i < this.zoneCount; i++) {
      const zone = (this.#turn + i) % this.zoneCount;
      if (this.#conditions[zone] !== implicitOpen) continue;
      this.#turn = zone + 1;
      this.#close(zone);
      return true;
    }
    return false;
  }
}

function isPowerOfTwo(value: number): boolean {
  return isCount(value) && 2 ** (31 - Math.clz32(value)) === value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function check(holds: boolean, name: string, value: number, expected: string): void {
  if (!holds) throw new ConfigError(`zoned.${name}`, value, expected);
}
