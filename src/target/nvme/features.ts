/**
 * The features that belong to the target and not to queues: power, temperature, error recovery, write cache, atomicity, and whether
 * Timestamp (whose data is in its own file) may be set.
 * NVMe Base 2.0, 5.15, 5.27.1; NVM Command Set 1.0, 4.1.3.
 *
 * None is saveable: the saved value is the default one. Does not model: power states but 0, temperature sensors but the composite
 * one, an effect of the time limit of error recovery, effects of Host Behavior Support but extended formats and those of Copy.
 */
import { FeatureId, FeatureSelect, NSID_ALL } from '../../wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../wire/nvme-status.ts';
import { DEFAULT_CAPABILITIES, type NvmeCapabilities } from './capabilities.ts';
import { COMPOSITE_KELVIN, WARNING_KELVIN } from './health.ts';
import { missingNamespace } from './io-rules.ts';
import type { NvmeSubsystem } from './nvme-subsystem.ts';

/** Capabilities as Get Features tells them: bit 1 namespace specific, bit 2 changeable. */
const NAMESPACE_SPECIFIC = 2;
const CHANGEABLE = 4;

const ALL_SENSORS = 15;
/** Error Recovery: deallocated or unwritten logical block error enable. */
const DULBE = 0x1_0000;
/** Bytes of the data structure of Host Behavior Support, and where its fields lie. NVMe Base 2.0, 5.27.1.18. */
export const HOST_BEHAVIOR_BYTES = 512;
const LBAFEE_AT = 2;
const CDFE_AT = 4;

/** Feature values of one controller. */
export class Features {
  readonly #subsystem: NvmeSubsystem;
  readonly #can: NvmeCapabilities;
  readonly #index: number;
  readonly #hasCommandSets: boolean;
  /** Time limited error recovery and DULBE, by namespace id. */
  readonly #errorRecovery: Uint32Array;
  /** The data structure of Host Behavior Support. */
  readonly hostBehavior = new Uint8Array(HOST_BEHAVIOR_BYTES);
  #overKelvin = WARNING_KELVIN;
  #underKelvin = 0;
  #workload = 0;
  #disableNormal = 0;
  #writeCache = true;
  /** The value that the last `get` found. */
  value = 0;

  /** @param index of the controller in its subsystem; absent: features of a namespace that is active anywhere @param hasCommandSets command sets can be selected */
  constructor(
    subsystem: NvmeSubsystem,
    can: NvmeCapabilities = DEFAULT_CAPABILITIES,
    index = -1,
    hasCommandSets = false,
  ) {
    this.#hasCommandSets = hasCommandSets;
    this.#subsystem = subsystem;
    this.#can = can;
    this.#index = index;
    this.#errorRecovery = new Uint32Array(subsystem.maxNamespaces + 1);
  }

  /** The host left the volatile write cache on. */
  get writeCache(): boolean {
    return this.#writeCache;
  }

  /** The composite temperature is at or beyond a threshold. */
  get isBeyondThreshold(): boolean {
    return COMPOSITE_KELVIN >= this.#overKelvin || COMPOSITE_KELVIN <= this.#underKelvin;
  }

  /** The host wants to be told of reads of deallocated blocks of the namespace. */
  reportsDeallocated(nsid: number): boolean {
    return (this.#errorRecovery[nsid]! & DULBE) !== 0;
  }

  /** The host took formats with more than a 16-bit guard into use (LBAFEE). */
  get hasExtendedFormats(): boolean {
    return this.hostBehavior[LBAFEE_AT] === 1;
  }

  /** Formats of Copy that the host enabled (CDFE), as a bit set. */
  get copyFormats(): number {
    return this.hostBehavior[CDFE_AT]!;
  }

  /** Set Features, Host Behavior Support: takes over what is supported of `bytes`; returns a status. */
  setHostBehavior(bytes: Uint8Array): number {
    if (bytes[0]! > 1 || bytes[LBAFEE_AT]! > 1) return NvmeStatus.invalidField;
    const wanted = bytes[CDFE_AT]! | (bytes[CDFE_AT + 1]! << 8);
    if ((wanted & ~(this.#can.copyFormats & 0b1100)) !== 0) return NvmeStatus.invalidField;
    this.hostBehavior[0] = bytes[0]!;
    this.hostBehavior[LBAFEE_AT] = bytes[LBAFEE_AT]!;
    this.hostBehavior[CDFE_AT] = wanted;
    return NvmeStatus.success;
  }

  /** All features have their defaults again, as after a controller reset. */
  reset(): void {
    this.#errorRecovery.fill(0);
    this.hostBehavior.fill(0);
    this.#overKelvin = WARNING_KELVIN;
    this.#underKelvin = 0;
    this.#workload = 0;
    this.#disableNormal = 0;
    this.#writeCache = true;
  }

  /** Get Features: leaves the answer in `value`; returns a status. */
  get(feature: number, select: number, nsid: number, cdw11: number): number {
    this.value = 0;
    const capabilities = this.#capabilities(feature);
    if (capabilities === 0 || select > FeatureSelect.capabilities) return NvmeStatus.invalidField;
    if (select === FeatureSelect.capabilities) {
      this.value = capabilities;
      return NvmeStatus.success;
    }
    if (
      feature === FeatureId.errorRecovery &&
      this.#subsystem.namespace(nsid, this.#index) === undefined
    ) {
      return missingNamespace(this.#subsystem, nsid);
    }
    const value = this.#read(feature, nsid, cdw11, select !== FeatureSelect.current);
    if (value < 0) return NvmeStatus.invalidField;
    this.value = value;
    return NvmeStatus.success;
  }

  /** Set Features; returns a status. The caller flushes before it answers a host that switched the write cache off. */
  set(feature: number, save: boolean, nsid: number, cdw11: number): number {
    const capabilities = this.#capabilities(feature);
    if (capabilities === 0) return NvmeStatus.invalidField;
    if (save) return NvmeStatus.featureNotSaveable;
    if ((capabilities & NAMESPACE_SPECIFIC) !== 0) return this.#setErrorRecovery(nsid, cdw11);
    if (nsid !== 0 && nsid !== NSID_ALL) {
      return this.#subsystem.isValidNsid(nsid)
        ? NvmeStatus.featureNotNamespaceSpecific
        : NvmeStatus.invalidNamespace;
    }
    switch (feature) {
      case FeatureId.powerManagement:
        if ((cdw11 & 0x1f) !== 0) return NvmeStatus.invalidField;
        this.#workload = (cdw11 >>> 5) & 7;
        return NvmeStatus.success;
      case FeatureId.temperatureThreshold:
        return this.#setThreshold(cdw11);
      case FeatureId.timestamp:
      case FeatureId.hostBehavior:
        return NvmeStatus.success;
      case FeatureId.commandSetProfile:
        return (cdw11 & 0x1ff) === 0 ? NvmeStatus.success : NvmeStatus.commandSetRejected;
      case FeatureId.volatileWriteCache:
        this.#writeCache = (cdw11 & 1) !== 0;
        return NvmeStatus.success;
      default:
        this.#disableNormal = cdw11 & 1;
        return NvmeStatus.success;
    }
  }

  /** 0 for a feature that this target does not have. */
  #capabilities(feature: number): number {
    switch (feature) {
      case FeatureId.powerManagement:
      case FeatureId.temperatureThreshold:
      case FeatureId.writeAtomicity:
        return CHANGEABLE;
      case FeatureId.timestamp:
        return this.#can.timestamp ? CHANGEABLE : 0;
      case FeatureId.hostBehavior:
        return this.#can.hostBehavior ? CHANGEABLE : 0;
      case FeatureId.commandSetProfile:
        return this.#can.hostBehavior && this.#hasCommandSets ? CHANGEABLE : 0;
      case FeatureId.errorRecovery:
        return CHANGEABLE | NAMESPACE_SPECIFIC;
      case FeatureId.volatileWriteCache:
        return this.#subsystem.writeCache ? CHANGEABLE : 0;
      default:
        return 0;
    }
  }

  /** The value, or -1 where the select fields of dword 11 name nothing. */
  #read(feature: number, nsid: number, cdw11: number, isDefault: boolean): number {
    switch (feature) {
      case FeatureId.powerManagement:
        return isDefault ? 0 : this.#workload << 5;
      case FeatureId.timestamp:
      case FeatureId.hostBehavior:
      case FeatureId.commandSetProfile:
        return 0;
      case FeatureId.temperatureThreshold:
        return this.#readThreshold(cdw11, isDefault);
      case FeatureId.errorRecovery:
        return isDefault ? 0 : this.#errorRecovery[nsid]!;
      case FeatureId.volatileWriteCache:
        return isDefault || this.#writeCache ? 1 : 0;
      default:
        return isDefault ? 0 : this.#disableNormal;
    }
  }

  #setErrorRecovery(nsid: number, cdw11: number): number {
    if (nsid === NSID_ALL) {
      const all = this.#subsystem;
      for (let at = 0; ; ) {
        at = all.nextNsid(at, this.#index);
        if (at === 0) break;
        if (!this.#canReport(at, cdw11)) return NvmeStatus.invalidField;
      }
      this.#errorRecovery.fill(cdw11 & (DULBE | 0xffff));
      return NvmeStatus.success;
    }
    if (this.#subsystem.namespace(nsid, this.#index) === undefined) {
      return missingNamespace(this.#subsystem, nsid);
    }
    if (!this.#canReport(nsid, cdw11)) return NvmeStatus.invalidField;
    this.#errorRecovery[nsid] = cdw11 & (DULBE | 0xffff);
    return NvmeStatus.success;
  }

  /** DULBE may be set only where NSFEAT says so. */
  #canReport(nsid: number, cdw11: number): boolean {
    if ((cdw11 & DULBE) === 0) return true;
    return this.#subsystem.namespace(nsid, this.#index)!.tracksBlocks;
  }

  #setThreshold(cdw11: number): number {
    const sensor = (cdw11 >>> 16) & 15;
    const side = (cdw11 >>> 20) & 3;
    if ((sensor !== 0 && sensor !== ALL_SENSORS) || side > 1) return NvmeStatus.invalidField;
    if (side === 0) this.#overKelvin = cdw11 & 0xffff;
    else this.#underKelvin = cdw11 & 0xffff;
    return NvmeStatus.success;
  }

  #readThreshold(cdw11: number, isDefault: boolean): number {
    const sensor = (cdw11 >>> 16) & 15;
    const side = (cdw11 >>> 20) & 3;
    if (sensor !== 0 || side > 1) return -1;
    if (side === 0) return isDefault ? WARNING_KELVIN : this.#overKelvin;
    return isDefault ? 0 : this.#underKelvin;
  }
}
