/** An NVM subsystem: namespaces on devices of the LIO core, under one name. NVMe Base 2.0, 3. */
import { ConfigError } from '../../base/assert.ts';
import type { NamespaceFormat } from '../../interfaces/nvme-command-port.ts';
import type { TargetPort } from '../../interfaces/target.ts';
import { eui64Bytes, hex, nguidBytes, uuidBytes, uuidText } from './identity.ts';
import { checkZoneShape, type ZonedOptions } from './zoned/zone-shape.ts';
import { ZoneTable } from './zoned/zone-table.ts';

/** The largest namespace id that a subsystem may have. */
export const MAX_NAMESPACES = 1024;
/** Identifiers from FFF0h on are reserved. */
const MAX_FIRST_CONTROLLER_ID = 0xff00;

/** How a subsystem is named; what is not given is drawn from the seed. */
export interface NvmeSubsystemOptions {
  /** Decides all names that are not given. */
  readonly seed?: number;
  /** NVMe Qualified Name, up to 223 characters. */
  readonly nqn?: string;
  /** Serial number, up to 20 ASCII characters. */
  readonly serial?: string;
  /** Model number, up to 40 ASCII characters. */
  readonly model?: string;
  /** Firmware revision, up to 8 ASCII characters. */
  readonly firmware?: string;
  /** The largest valid namespace id (NN), {@link MAX_NAMESPACES} at most; 32 by default. */
  readonly maxNamespaces?: number;
  /** Identifier of the first controller; the others follow. 1 by default. */
  readonly firstControllerId?: number;
}

/** How a namespace is attached and named; a name that is not given is drawn from the seed. */
export interface NvmeNamespaceOptions {
  /** Attached to the controllers of the subsystem: active. True by default; a namespace that is not can only be identified. */
  readonly isAttached?: boolean;
  /** 16 bytes. */
  readonly uuid?: Uint8Array;
  /** 16 bytes. */
  readonly nguid?: Uint8Array;
  /** 8 bytes. */
  readonly eui64?: Uint8Array;
  /** The namespace consists of zones that are written in order: it is of the Zoned Namespace command set. */
  readonly zoned?: ZonedOptions;
}

/** A namespace: a device of the LIO core with a number and names of its own. */
export interface NvmeNamespace {
  readonly nsid: number;
  readonly port: TargetPort;
  /** Active on the controllers of the subsystem. */
  readonly isAttached: boolean;
  readonly format: NamespaceFormat;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /** 16 bytes. */
  readonly nguid: Uint8Array;
  /** 8 bytes. */
  readonly eui64: Uint8Array;
  /** The zones of a zoned namespace, `undefined` for one of the NVM command set. */
  readonly zones: ZoneTable | undefined;
}

/** Holds the namespaces that all controllers of the subsystem see. */
export class NvmeSubsystem {
  readonly nqn: string;
  readonly serial: string;
  readonly model: string;
  readonly firmware: string;
  /** The largest valid namespace id. */
  readonly maxNamespaces: number;
  /** Identifier of the first controller. */
  readonly firstControllerId: number;
  readonly #seed: number;
  readonly #namespaces: (NvmeNamespace | undefined)[];
  #controllers = 0;
  #writeCache = false;
  #unmap = true;
  #writeZeroes = true;
  #hasZones = false;

  /** @throws ConfigError for a name that is too long or not ASCII */
  constructor(options: NvmeSubsystemOptions = {}) {
    const seed = options.seed ?? 0;
    const name = uuidText(uuidBytes(seed, 'subsystem'));
    this.#seed = seed;
    this.nqn = checkText('nqn', options.nqn ?? `nqn.2014-08.org.nvmexpress:uuid:${name}`, 223);
    this.serial = checkText('serial', options.serial ?? name.replaceAll('-', '').slice(0, 20), 20);
    this.model = checkText('model', options.model ?? 'lio-nvme', 40);
    this.firmware = checkText('firmware', options.firmware ?? '1.0', 8);
    this.maxNamespaces = checkCount(options.maxNamespaces ?? 32);
    this.firstControllerId = checkControllerId(options.firstControllerId ?? 1);
    this.#namespaces = new Array<NvmeNamespace | undefined>(this.maxNamespaces + 1).fill(undefined);
  }

  /** Some namespace has a volatile write cache. */
  get writeCache(): boolean {
    return this.#writeCache;
  }

  /** All namespaces can deallocate. */
  get unmap(): boolean {
    return this.#unmap;
  }

  /** All namespaces can write zeroes. */
  get writeZeroes(): boolean {
    return this.#writeZeroes;
  }

  /** Some namespace is zoned. */
  get hasZones(): boolean {
    return this.#hasZones;
  }

  /** More than one controller was made for this subsystem. */
  get isShared(): boolean {
    return this.#controllers > 1;
  }

  /** Controllers that were made for this subsystem. */
  get controllerCount(): number {
    return this.#controllers;
  }

  /** Takes a controller in and gives it its id: one after the other, from `firstControllerId` on. */
  attachController(): number {
    this.#controllers += 1;
    return this.firstControllerId + this.#controllers - 1;
  }

  /** @throws ConfigError when the id is out of range or taken, or a name has another length */
  addNamespace(nsid: number, port: TargetPort, options: NvmeNamespaceOptions = {}): NvmeNamespace {
    if (!Number.isInteger(nsid) || nsid < 1 || nsid > this.maxNamespaces) {
      throw new ConfigError('namespace.nsid', nsid, `an integer 1..${this.maxNamespaces}`);
    }
    if (this.#namespaces[nsid] !== undefined) {
      throw new ConfigError('namespace.nsid', nsid, 'a namespace id that is not taken');
    }
    const name = `${this.nqn}/${nsid}`;
    const { blockBytes, blockCount, writeCache, unmap, writeZeroes } = port.geometry;
    const { zoned } = options;
    const zones =
      zoned === undefined ? undefined : new ZoneTable(checkZoneShape(zoned, blockCount));
    if (zoned?.zrwa !== undefined && !writeZeroes) {
      throw new ConfigError('zoned.zrwa', zoned.zrwa, 'a device that can write zeroes');
    }
    const namespace: NvmeNamespace = {
      nsid,
      port,
      isAttached: options.isAttached ?? true,
      format: {
        blockBytes,
        metadataBytes: 0,
        extended: false,
        zoneExtensionBytes: zones?.shape.extensionBytes ?? 0,
      },
      zones,
      uuid: checkName('uuid', options.uuid ?? uuidBytes(this.#seed, `${name}/uuid`), 16),
      nguid: checkName('nguid', options.nguid ?? nguidBytes(this.#seed, `${name}/nguid`), 16),
      eui64: checkName('eui64', options.eui64 ?? eui64Bytes(this.#seed, `${name}/eui64`), 8),
    };
    this.#namespaces[nsid] = namespace;
    this.#hasZones ||= zones !== undefined;
    this.#writeCache ||= writeCache;
    this.#unmap &&= unmap;
    this.#writeZeroes &&= writeZeroes;
    return namespace;
  }

  /** The active namespace `nsid`; any number may be asked. */
  namespace(nsid: number): NvmeNamespace | undefined {
    const namespace = this.allocatedNamespace(nsid);
    return namespace?.isAttached === true ? namespace : undefined;
  }

  /** The namespace `nsid`, attached or not; any number may be asked. */
  allocatedNamespace(nsid: number): NvmeNamespace | undefined {
    return nsid <= this.maxNamespaces ? this.#namespaces[nsid] : undefined;
  }

  /** May a namespace have this id, active or not? */
  isValidNsid(nsid: number): boolean {
    return nsid >= 1 && nsid <= this.maxNamespaces;
  }

  /** The smallest id of an active namespace that is larger than `nsid`, or 0. */
  nextNsid(nsid: number): number {
    let next = this.nextAllocated(nsid);
    while (next !== 0 && !this.#namespaces[next]!.isAttached) next = this.nextAllocated(next);
    return next;
  }

  /** The smallest id of a namespace, attached or not, that is larger than `nsid`, or 0. */
  nextAllocated(nsid: number): number {
    for (let next = nsid + 1; next <= this.maxNamespaces; next++) {
      if (this.#namespaces[next] !== undefined) return next;
    }
    return 0;
  }
}

/** The names of a namespace as text, for descriptions: UUID, NGUID and EUI-64. */
export function namespaceNames(namespace: NvmeNamespace): {
  uuid: string;
  nguid: string;
  eui64: string;
} {
  return {
    uuid: uuidText(namespace.uuid),
    nguid: hex(namespace.nguid),
    eui64: hex(namespace.eui64),
  };
}

function checkCount(count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > MAX_NAMESPACES) {
    throw new ConfigError('subsystem.maxNamespaces', count, `an integer 1..${MAX_NAMESPACES}`);
  }
  return count;
}

function checkControllerId(id: number): number {
  if (!Number.isInteger(id) || id < 0 || id > MAX_FIRST_CONTROLLER_ID) {
    const expected = `an integer 0..${MAX_FIRST_CONTROLLER_ID}`;
    throw new ConfigError('subsystem.firstControllerId', id, expected);
  }
  return id;
}

function checkName(key: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) {
    throw new ConfigError(`namespace.${key}`, bytes.length, `${length} bytes`);
  }
  return bytes;
}

function checkText(key: string, text: string, most: number): string {
  if (text.length < 1 || text.length > most || !/^[\x20-\x7e]+$/.test(text)) {
    throw new ConfigError(`subsystem.${key}`, text, `1 to ${most} printable ASCII characters`);
  }
  return text;
}
