/** What zones do, in the plainest words that we found: objects and arrays, no counters, no bits. */
import { NvmeStatus } from '../../../../src/wire/nvme-status.ts';
import { ZoneSendAction, ZoneState } from '../../../../src/wire/nvme-zoned.ts';

export interface ModelShape {
  zoneBlocks: number;
  zoneCapacity: number;
  zoneCount: number;
  maxOpen: number;
  maxActive: number;
  extensionBytes: number;
  readAcross: boolean;
  implicitClose: boolean;
  zrwa: { blocks: number; granularity: number; count: number } | undefined;
}

export interface ModelZone {
  state: ZoneState;
  wp: number;
  hasZrwa: boolean;
  extension: number;
  openedAt: number;
  blocks: number[];
}

const { empty, implicitlyOpen, explicitlyOpen, closed, full, readOnly, offline } = ZoneState;

export class ZoneModel {
  readonly shape: ModelShape;
  readonly zones: ModelZone[];
  #clock = 0;

  constructor(shape: ModelShape) {
    this.shape = shape;
    this.zones = Array.from({ length: shape.zoneCount }, () => this.#fresh());
  }

  get blockCount(): number {
    return this.shape.zoneBlocks * this.shape.zoneCount;
  }

  write(lba: number, tags: number[]): number {
    if (lba + tags.length > this.blockCount) return NvmeStatus.lbaOutOfRange;
    const at = lba % this.shape.zoneBlocks;
    return this.#put(this.#zone(lba), at, tags);
  }

  append(lba: number, tags: number[]): { status: number; lba: number } {
    if (lba + tags.length > this.blockCount) return { status: NvmeStatus.lbaOutOfRange, lba: 0 };
    if (lba % this.shape.zoneBlocks !== 0) return { status: NvmeStatus.invalidField, lba: 0 };
    const zone = this.#zone(lba);
    if (zone.hasZrwa) return { status: NvmeStatus.invalidZoneOperation, lba: 0 };
    const { wp } = zone;
    return { status: this.#put(zone, wp, tags), lba: lba + wp };
  }

  read(lba: number, count: number): { status: number; tags: number[] } {
    const { zoneBlocks, readAcross } = this.shape;
    const tags: number[] = [];
    if (lba + count > this.blockCount) return { status: NvmeStatus.lbaOutOfRange, tags };
    const crosses = Math.floor(lba / zoneBlocks) !== Math.floor((lba + count - 1) / zoneBlocks);
    if (crosses && !readAcross) return { status: NvmeStatus.zoneBoundaryError, tags };
    for (let i = 0; i < count; i++) {
      const zone = this.#zone(lba + i);
      if (zone.state === offline) return { status: NvmeStatus.zoneOffline, tags: [] };
      tags.push(zone.blocks[(lba + i) % zoneBlocks]!);
    }
    return { status: NvmeStatus.success, tags };
  }

  deallocate(lba: number, count: number): number {
    if (lba + count > this.blockCount) return NvmeStatus.lbaOutOfRange;
    for (let i = lba; i < lba + count; i++) {
      this.#zone(i).blocks[i % this.shape.zoneBlocks] = 0;
    }
    return NvmeStatus.success;
  }

  send(action: number, lba: number, withZrwa: boolean, extension: number): number {
    const { zrwa, zoneBlocks, extensionBytes } = this.shape;
    if (withZrwa && zrwa === undefined) return NvmeStatus.invalidField;
    if (lba >= this.blockCount) return NvmeStatus.lbaOutOfRange;
    const zone = this.#zone(lba);
    if (action === ZoneSendAction.commit) return this.#commit(zone, lba % zoneBlocks);
    if (lba % zoneBlocks !== 0) return NvmeStatus.invalidField;
    if (action === ZoneSendAction.setExtension) {
      if (extensionBytes === 0) return NvmeStatus.invalidField;
      if (zone.state !== empty) return NvmeStatus.invalidZoneTransition;
      const status = this.#activate(zone, closed, false);
      if (status === NvmeStatus.success) zone.extension = extension;
      return status;
    }
    if (withZrwa && zone.state !== empty) return NvmeStatus.invalidZoneOperation;
    return this.#act(zone, action, withZrwa);
  }

  sendAll(action: number): number {
    const selected: Record<number, ZoneState[]> = {
      [ZoneSendAction.close]: [implicitlyOpen, explicitlyOpen],
      [ZoneSendAction.finish]: [implicitlyOpen, explicitlyOpen, closed],
      [ZoneSendAction.open]: [closed],
      [ZoneSendAction.reset]: [implicitlyOpen, explicitlyOpen, closed, full],
      [ZoneSendAction.offline]: [readOnly],
    };
    const zones = this.zones.filter(({ state }) => selected[action]!.includes(state));
    if (action === ZoneSendAction.open && this.shape.maxOpen > 0) {
      if (this.#open().length + zones.length > this.shape.maxOpen) {
        return NvmeStatus.tooManyOpenZones;
      }
    }
    for (const zone of zones) this.#act(zone, action, false);
    return NvmeStatus.success;
  }

  fail(index: number, state: typeof readOnly | typeof offline): void {
    const zone = this.zones[index]!;
    if (zone.state === offline || zone.state === state) return;
    zone.state = state;
    zone.hasZrwa = false;
  }

  #zone(lba: number): ModelZone {
    return this.zones[Math.floor(lba / this.shape.zoneBlocks)]!;
  }

  #fresh(): ModelZone {
    const blocks = Array.from({ length: this.shape.zoneBlocks }, () => 0);
    return { state: empty, wp: 0, hasZrwa: false, extension: 0, openedAt: 0, blocks };
  }

  #open(): ModelZone[] {
    return this.zones.filter((z) => z.state === implicitlyOpen || z.state === explicitlyOpen);
  }

  #act(zone: ModelZone, action: number, withZrwa: boolean): number {
    const { state } = zone;
    const isActive = state === implicitlyOpen || state === explicitlyOpen || state === closed;
    switch (action) {
      case ZoneSendAction.close:
        if (!isActive) return NvmeStatus.invalidZoneTransition;
        zone.state = closed;
        return NvmeStatus.success;
      case ZoneSendAction.finish:
        if (state === readOnly || state === offline) return NvmeStatus.invalidZoneTransition;
        this.#fill(zone);
        return NvmeStatus.success;
      case ZoneSendAction.open:
        if (state !== empty && !isActive) return NvmeStatus.invalidZoneTransition;
        return this.#activate(zone, explicitlyOpen, withZrwa);
      case ZoneSendAction.reset:
        if (state === readOnly || state === offline) return NvmeStatus.invalidZoneTransition;
        Object.assign(zone, this.#fresh());
        return NvmeStatus.success;
      default:
        if (state !== readOnly && state !== offline) return NvmeStatus.invalidZoneTransition;
        zone.state = offline;
        return NvmeStatus.success;
    }
  }

  #commit(zone: ModelZone, at: number): number {
    const { zrwa, zoneCapacity } = this.shape;
    if (zrwa === undefined) return NvmeStatus.invalidField;
    const isInside = at >= zone.wp && at < zone.wp + zrwa.blocks && at < zoneCapacity;
    if (!zone.hasZrwa || !isInside) return NvmeStatus.invalidZoneOperation;
    const isWhole = (at + 1 - zone.wp) % zrwa.granularity === 0 || at + 1 === zoneCapacity;
    if (!isWhole) return NvmeStatus.invalidField;
    zone.wp = at + 1;
    if (zone.wp === zoneCapacity) this.#fill(zone);
    return NvmeStatus.success;
  }

  #put(zone: ModelZone, at: number, tags: number[]): number {
    const { zrwa, zoneCapacity } = this.shape;
    const end = at + tags.length;
    if (zone.state === full) return NvmeStatus.zoneFull;
    if (zone.state === readOnly) return NvmeStatus.zoneReadOnly;
    if (zone.state === offline) return NvmeStatus.zoneOffline;
    if (zone.hasZrwa) {
      if (at < zone.wp || end > zone.wp + 2 * zrwa!.blocks) return NvmeStatus.zoneInvalidWrite;
    } else if (at !== zone.wp) return NvmeStatus.zoneInvalidWrite;
    if (end > zoneCapacity) return NvmeStatus.zoneBoundaryError;
    if (zone.state === empty || zone.state === closed) {
      const status = this.#activate(zone, implicitlyOpen, false);
      if (status !== NvmeStatus.success) return status;
      this.#clock += 1;
      zone.openedAt = this.#clock;
    }
    for (const [i, tag] of tags.entries()) zone.blocks[at + i] = tag;
    if (!zone.hasZrwa) zone.wp = end;
    else while (end > zone.wp + zrwa!.blocks) zone.wp += zrwa!.granularity;
    if (zone.wp >= zoneCapacity) this.#fill(zone);
    return NvmeStatus.success;
  }

  #fill(zone: ModelZone): void {
    zone.state = full;
    zone.hasZrwa = false;
  }

  #activate(zone: ModelZone, next: ZoneState, withZrwa: boolean): number {
    const { maxActive, maxOpen, implicitClose, zrwa } = this.shape;
    const open = this.#open();
    const active = open.length + this.zones.filter((z) => z.state === closed).length;
    if (zone.state === empty && maxActive > 0 && active >= maxActive) {
      return NvmeStatus.tooManyActiveZones;
    }
    const implicit = open.filter(({ state }) => state === implicitlyOpen);
    const needsOpen = next !== closed && !open.includes(zone);
    const isFull = needsOpen && maxOpen > 0 && open.length >= maxOpen;
    if (isFull && (!implicitClose || implicit.length === 0)) return NvmeStatus.tooManyOpenZones;
    if (withZrwa && this.zones.filter((z) => z.hasZrwa).length >= zrwa!.count) {
      return NvmeStatus.zrwaUnavailable;
    }
    if (isFull) implicit.sort((a, b) => a.openedAt - b.openedAt)[0]!.state = closed;
    zone.state = next;
    zone.hasZrwa ||= withZrwa;
    return NvmeStatus.success;
  }
}
