/** A namespace: a device of the LIO core with a number, names and a format of its own. NVMe Base 2.0, 3.2.1. */
import { ConfigError } from '../../base/assert.ts';
import type { TargetPort } from '../../interfaces/target.ts';
import { BlockStates } from './block-states.ts';
import {
  checkFormats,
  type FormatChoice,
  type FormatInUse,
  formatOf,
  type LbaFormat,
} from './lba-format.ts';
import { WriteGate } from './write-gate.ts';
import { checkZoneShape, type ZonedOptions } from './zoned/zone-shape.ts';
import { ZoneTable } from './zoned/zone-table.ts';

/** How a namespace is attached, named and formatted; a name that is not given is drawn from the seed. */
export interface NvmeNamespaceOptions {
  /** Attached to the controllers of the subsystem: active. True by default; a namespace that is not can only be identified. */
  readonly isAttached?: boolean;
  /** One controller at a time may have it; attached, that is the first one. False by default. */
  readonly isPrivate?: boolean;
  /** 16 bytes; all zeroes for none. */
  readonly uuid?: Uint8Array;
  /** 16 bytes; all zeroes for none. */
  readonly nguid?: Uint8Array;
  /** 8 bytes; all zeroes for none. */
  readonly eui64?: Uint8Array;
  /** What Format NVM can choose from, 1 to 16; by default the blocks of the unit without metadata. */
  readonly formats?: readonly LbaFormat[];
  /** The format to begin with; the first one by default. */
  readonly format?: FormatChoice;
  /**
   * The unit holds nothing yet and reads as zeroes wherever it is unmapped, so that the namespace can tell deallocated blocks from written
   * ones (DULBE, NUSE). False by default.
   */
  readonly tracksBlocks?: boolean;
  /** Write Zeroes deallocates even when it is asked not to, which is but a wish. False by default. */
  readonly zeroesDeallocate?: boolean;
  /** It consists of zones that are written in order: it is of the Zoned Namespace command set, and has one format without metadata. */
  readonly zoned?: ZonedOptions;
}

/** Names of a namespace: 16, 16 and 8 bytes. */
export interface NamespaceNames {
  readonly uuid: Uint8Array;
  readonly nguid: Uint8Array;
  readonly eui64: Uint8Array;
}

/** What all controllers of a subsystem know of one namespace. */
export class NvmeNamespace {
  readonly nsid: number;
  /** The unit below, whose blocks may be smaller than those of the namespace. */
  readonly port: TargetPort;
  readonly uuid: Uint8Array;
  readonly nguid: Uint8Array;
  readonly eui64: Uint8Array;
  /** One controller at a time may have it. */
  readonly isPrivate: boolean;
  readonly formats: readonly LbaFormat[];
  /** Deallocated blocks are told from written ones. */
  readonly tracksBlocks: boolean;
  /** Write Zeroes deallocates. */
  readonly zeroesDeallocate: boolean;
  /** Format NVM is at work: no other command is taken. */
  isFormatting = false;
  /** Where writers stand back for fused pairs, once a controller takes such pairs. */
  gate: WriteGate | undefined = undefined;
  /** What is known of the blocks beside their data, where something is. */
  states: BlockStates | undefined = undefined;
  /** The zones of a zoned namespace, `undefined` for one of the NVM command set. */
  zones: ZoneTable | undefined = undefined;
  /** Bytes that it takes from the pool of its subsystem; 0 unless a host created it. */
  createdBytes = 0;
  /** Controllers that are made from now on have it too. */
  joinsNewControllers: boolean;
  /** The format in use. Changed by {@link NvmeNamespace.reformat} alone. */
  format: FormatInUse;
  /** Size in blocks of the namespace: what fits on the unit if metadata lay there too. */
  blockCount = 0;
  /** Blocks of the unit in one block of the namespace. */
  unitBlocks = 1;
  readonly #zoned: ZonedOptions | undefined;
  /** By controller, counting from the first one of the subsystem: 1 where the namespace is attached. */
  #attached = new Uint8Array(8);

  /** @throws ConfigError for formats that the unit cannot have */
  constructor(
    nsid: number,
    port: TargetPort,
    names: NamespaceNames,
    options: NvmeNamespaceOptions = {},
  ) {
    const { blockBytes } = port.geometry;
    this.nsid = nsid;
    this.port = port;
    this.uuid = names.uuid;
    this.nguid = names.nguid;
    this.eui64 = names.eui64;
    this.isPrivate = options.isPrivate ?? false;
    this.joinsNewControllers = options.isAttached ?? true;
    this.formats = options.formats ?? [{ blockBytes }];
    this.tracksBlocks = options.tracksBlocks ?? false;
    this.zeroesDeallocate = options.zeroesDeallocate ?? false;
    checkFormats(this.formats, blockBytes);
    this.#zoned = options.zoned;
    if (options.zoned !== undefined) checkZoned(options.zoned, this.formats, port);
    const choice = options.format ?? { index: 0 };
    const format = formatOf(this.formats, choice);
    if (format === undefined) {
      throw new ConfigError('namespace.format', choice.index, 'one of the formats');
    }
    this.format = format;
    this.reformat(format);
  }

  /** Takes another of the formats: all blocks are deallocated. What the unit holds is the caller's to see to. */
  reformat(format: FormatInUse): void {
    const { geometry } = this.port;
    const unitBytes = geometry.blockBytes * geometry.blockCount;
    this.format = format;
    this.blockCount = Math.floor(unitBytes / (format.blockBytes + format.metadataBytes));
    this.unitBlocks = format.blockBytes / geometry.blockBytes;
    if (this.#zoned !== undefined) {
      const shape = checkZoneShape(this.#zoned, this.blockCount);
      this.format = { ...format, zoneExtensionBytes: shape.extensionBytes };
      this.zones = new ZoneTable(shape, (zone) => {
        this.states?.deallocated(zone * shape.zoneBlocks, shape.zoneBlocks);
      });
    }
    const hasStates = this.tracksBlocks || format.metadataBytes > 0;
    this.states = hasStates ? new BlockStates(format, this.blockCount) : undefined;
  }

  /** Marks blocks as uncorrectable until they are written. */
  spoil(slba: number, blocks: number): void {
    this.states ??= new BlockStates(this.format, this.blockCount);
    this.states.spoil(slba, blocks);
  }

  /** Blocks that are not deallocated, as far as that is known. */
  get usedBlocks(): number {
    return this.tracksBlocks ? this.states!.writtenCount : this.blockCount;
  }

  /** From now on, writers stand back for fused pairs. */
  useWriteGate(): void {
    this.gate ??= new WriteGate();
  }

  /** Is the namespace active on controller number `index` of the subsystem? */
  isAttachedTo(index: number): boolean {
    return this.#attached[index] === 1;
  }

  /** Some controller has the namespace, or the next one will. */
  get isAttached(): boolean {
    return this.joinsNewControllers || this.#attached.includes(1);
  }

  /** Attaches the namespace to controller number `index`, or detaches it. */
  setAttached(index: number, isAttached: boolean): void {
    if (index >= this.#attached.length) {
      const larger = new Uint8Array(2 * index);
      larger.set(this.#attached);
      this.#attached = larger;
    }
    this.#attached[index] = isAttached ? 1 : 0;
  }

  /** Lies a range inside it? Never by the sum, which could round. */
  holds(slba: number, nlb: number): boolean {
    return nlb <= this.blockCount && slba <= this.blockCount - nlb;
  }
}

function checkZoned(zoned: ZonedOptions, formats: readonly LbaFormat[], port: TargetPort): void {
  if (formats.length > 1 || (formats[0]!.metadataBytes ?? 0) > 0) {
    throw new ConfigError('namespace.formats', formats.length, 'one format without metadata');
  }
  if (zoned.zrwa !== undefined && !port.geometry.writeZeroes) {
    throw new ConfigError('zoned.zrwa', zoned.zrwa, 'nothing, where the unit cannot write zeroes');
  }
}
