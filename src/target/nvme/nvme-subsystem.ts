/** An NVM subsystem: namespaces on devices of the LIO core, under one name. NVMe Base 2.0, 3. */
import { ConfigError } from '../../base/assert.ts';
import type { TargetPort } from '../../interfaces/target.ts';
import { Firmware } from './firmware.ts';
import { eui64Bytes, hex, nguidBytes, uuidBytes, uuidText } from './identity.ts';
import type { LbaFormat } from './lba-format.ts';
import { NvmeNamespace, type NvmeNamespaceOptions } from './nvme-namespace.ts';
import { Sanitizer } from './sanitizer.ts';

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
  /** Says that it may have several controllers (CMIC, NMIC) even while it has one. False by default. */
  readonly isShared?: boolean;
  /** What namespaces are created from; none by default: creation ends with Namespace Insufficient Capacity. */
  readonly pool?: NamespacePool;
}

/** Hears of what changes in the namespaces of one controller. */
export type NamespaceListener = (nsid: number) => void;

/** Room for namespaces that hosts create. */
export interface NamespacePool {
  /** Bytes of all namespaces that can be created together. */
  readonly capacityBytes: number;
  /** Formats of a namespace that is created. */
  readonly formats: readonly LbaFormat[];
  /** Makes the unit of a new namespace: at least so many bytes, zeroes. */
  readonly makeUnit: (bytes: number) => TargetPort;
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
  /** Room for namespaces that hosts create. */
  readonly pool: NamespacePool | undefined;
  /** Firmware images. */
  readonly firmwareSlots: Firmware;
  /** The sanitize operation. */
  readonly sanitizer: Sanitizer;
  readonly #mayBeShared: boolean;
  readonly #namespaces: (NvmeNamespace | undefined)[];
  readonly #listeners: NamespaceListener[] = [];
  /** Bytes that created namespaces take from the pool. */
  #createdBytes = 0;
  #usesWriteGates = false;
  #hasZones = false;
  #writeCache = false;
  #unmap = true;
  #writeZeroes = true;

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
    this.firmwareSlots = new Firmware(this.firmware);
    this.sanitizer = new Sanitizer(this);
    this.#mayBeShared = options.isShared ?? false;
    this.pool = options.pool;
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

  /** More than one controller was made for this subsystem, or may be. */
  get isShared(): boolean {
    return this.#mayBeShared || this.#listeners.length > 1;
  }

  /** Controllers that were made for this subsystem. */
  get controllerCount(): number {
    return this.#listeners.length;
  }

  /** Some controller takes fused pairs: from now on writers stand back for them. Nothing is in flight. */
  useWriteGates(): void {
    this.#usesWriteGates = true;
    for (const namespace of this.#namespaces) namespace?.useWriteGate();
  }

  /** Bytes that a host can still create namespaces from. */
  get unallocatedBytes(): number {
    return (this.pool?.capacityBytes ?? 0) - this.#createdBytes;
  }

  /** Takes a controller in and gives it its id: one after the other, from `firstControllerId` on. */
  attachController(listener: NamespaceListener = () => {}): number {
    const index = this.#listeners.length;
    this.#listeners.push(listener);
    for (const namespace of this.#namespaces) {
      if (namespace?.joinsNewControllers !== true) continue;
      namespace.setAttached(index, true);
      if (namespace.isPrivate) namespace.joinsNewControllers = false;
    }
    return this.firstControllerId + index;
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
    const { writeCache, unmap, writeZeroes } = port.geometry;
    const names = {
      uuid: checkName('uuid', options.uuid ?? uuidBytes(this.#seed, `${name}/uuid`), 16),
      nguid: checkName('nguid', options.nguid ?? nguidBytes(this.#seed, `${name}/nguid`), 16),
      eui64: checkName('eui64', options.eui64 ?? eui64Bytes(this.#seed, `${name}/eui64`), 8),
    };
    const namespace = new NvmeNamespace(nsid, port, names, options);
    this.#namespaces[nsid] = namespace;
    if (this.#usesWriteGates) namespace.useWriteGate();
    this.#hasZones ||= namespace.zones !== undefined;
    this.#writeCache ||= writeCache;
    this.#unmap &&= unmap;
    this.#writeZeroes &&= writeZeroes;
    if (namespace.joinsNewControllers) this.#attachToAll(namespace);
    return namespace;
  }

  /** Creates a namespace from the pool, attached to none; `undefined` when it is too large or there is no id for it. */
  createNamespace(bytes: number, options: NvmeNamespaceOptions): NvmeNamespace | undefined {
    const nsid = this.freeNsid;
    if (this.pool === undefined || nsid === 0 || bytes > this.unallocatedBytes) return undefined;
    this.#createdBytes += bytes;
    const unit = this.pool.makeUnit(bytes);
    const namespace = this.addNamespace(nsid, unit, { ...options, isAttached: false });
    namespace.createdBytes = bytes;
    return namespace;
  }

  /** Deletes a namespace; what it took from the pool can be had again. Commands that its unit has already go on there. */
  removeNamespace(nsid: number): void {
    const namespace = this.allocatedNamespace(nsid);
    if (namespace === undefined) return;
    this.#namespaces[nsid] = undefined;
    this.#createdBytes -= namespace.createdBytes;
    this.tellControllers(namespace);
  }

  /** The smallest id that no namespace has, or 0. */
  get freeNsid(): number {
    return Math.max(this.#namespaces.indexOf(undefined, 1), 0);
  }

  /** Attaches a namespace to controller `controllerId` or detaches it there, and tells that controller. */
  setAttached(namespace: NvmeNamespace, controllerId: number, isAttached: boolean): void {
    const index = controllerId - this.firstControllerId;
    namespace.joinsNewControllers = false;
    namespace.setAttached(index, isAttached);
    this.#listeners[index]?.(namespace.nsid);
  }

  /** Tells the controllers that have a namespace that something about it changed. */
  tellControllers(namespace: NvmeNamespace): void {
    for (const [index, listener] of this.#listeners.entries()) {
      if (namespace.isAttachedTo(index)) listener(namespace.nsid);
    }
  }

  /** The active namespace `nsid`; any number may be asked. @param index of the controller; absent: active on any */
  namespace(nsid: number, index = -1): NvmeNamespace | undefined {
    const namespace = this.allocatedNamespace(nsid);
    if (namespace === undefined) return undefined;
    const isActive = index < 0 ? namespace.isAttached : namespace.isAttachedTo(index);
    return isActive ? namespace : undefined;
  }

  /** The namespace `nsid`, attached or not; any number may be asked. */
  allocatedNamespace(nsid: number): NvmeNamespace | undefined {
    return nsid <= this.maxNamespaces ? this.#namespaces[nsid] : undefined;
  }

  /** May a namespace have this id, active or not? */
  isValidNsid(nsid: number): boolean {
    return nsid >= 1 && nsid <= this.maxNamespaces;
  }

  /** The smallest id of an active namespace that is larger than `nsid`, or 0. @param index as for `namespace` */
  nextNsid(nsid: number, index = -1): number {
    let next = this.nextAllocated(nsid);
    while (next !== 0 && this.namespace(next, index) === undefined) next = this.nextAllocated(next);
    return next;
  }

  /** The smallest id of a namespace, attached or not, that is larger than `nsid`, or 0. */
  nextAllocated(nsid: number): number {
    for (let next = nsid + 1; next <= this.maxNamespaces; next++) {
      if (this.#namespaces[next] !== undefined) return next;
    }
    return 0;
  }

  #attachToAll(namespace: NvmeNamespace): void {
    const count = namespace.isPrivate
      ? Math.min(this.#listeners.length, 1)
      : this.#listeners.length;
    for (let index = 0; index < count; index++) namespace.setAttached(index, true);
    if (namespace.isPrivate && count > 0) namespace.joinsNewControllers = false;
    this.tellControllers(namespace);
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
