import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { DEFAULT_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { Features, HOST_BEHAVIOR_BYTES } from '../../../src/target/nvme/features.ts';
import { COMPOSITE_KELVIN, WARNING_KELVIN } from '../../../src/target/nvme/health.ts';
import { NvmeSubsystem } from '../../../src/target/nvme/nvme-subsystem.ts';
import { FeatureId, FeatureSelect, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';

const { current, default: standard, saved, capabilities } = FeatureSelect;
const OVER = 0;
const UNDER = 1 << 20;
const ALL_SENSORS = 15 << 16;
const owned = [
  FeatureId.powerManagement,
  FeatureId.temperatureThreshold,
  FeatureId.errorRecovery,
  FeatureId.volatileWriteCache,
  FeatureId.writeAtomicity,
  FeatureId.timestamp,
];

function make(writeCache = true): Features {
  const subsystem = new NvmeSubsystem({ maxNamespaces: 4 });
  const backend = new NullioBackend(new SimExecutor(), 1 << 20);
  const geometry = { ...backend.geometry, writeCache };
  for (const nsid of [1, 2]) subsystem.addNamespace(nsid, { geometry } as never);
  return new Features(subsystem);
}

/** The value, or the status when it is not success. */
function get(
  features: Features,
  id: number,
  select: number = current,
  nsid = 1,
  cdw11 = 0,
): number {
  const status = features.get(id, select, nsid, cdw11);
  return status === NvmeStatus.success ? features.value : -status;
}

describe('Features', () => {
  it('are these and no others', () => {
    const features = make();
    const known = [...Array(256).keys()].filter((id) => get(features, id) >= 0);
    expect(known).toEqual(owned);
    for (let id = 0; id < 256; id++) {
      if (owned.includes(id as never)) continue;
      expect(features.set(id, false, 0, 0)).toBe(NvmeStatus.invalidField);
    }
    expect(get(make(false), FeatureId.volatileWriteCache)).toBe(-NvmeStatus.invalidField);
  });

  it('say what can be done with them', () => {
    const features = make();
    expect(owned.map((id) => get(features, id, capabilities, 99))).toEqual([4, 4, 6, 4, 4, 4]);
    for (const select of [4, 5, 6, 7]) {
      expect(get(features, FeatureId.powerManagement, select)).toBe(-NvmeStatus.invalidField);
    }
  });

  it('change the current value, while default and saved ones stay', () => {
    const features = make();
    for (const [id, nsid, cdw11, value, initial] of [
      [FeatureId.powerManagement, 0, 0x60, 0x60, 0],
      [FeatureId.temperatureThreshold, NSID_ALL, 400, 400, WARNING_KELVIN],
      [FeatureId.errorRecovery, 1, 0x1234, 0x1234, 0],
      [FeatureId.volatileWriteCache, 0, 0, 0, 1],
      [FeatureId.writeAtomicity, 0, 1, 1, 0],
    ] as const) {
      expect(get(features, id)).toBe(initial);
      expect(features.set(id, false, nsid, cdw11)).toBe(NvmeStatus.success);
      expect(get(features, id)).toBe(value);
      expect(get(features, id, standard)).toBe(initial);
      expect(get(features, id, saved)).toBe(initial);
    }
    expect(features.writeCache).toBe(false);
    features.reset();
    expect(owned.map((id) => get(features, id))).toEqual([0, WARNING_KELVIN, 0, 1, 0, 0]);
  });

  it('cannot be saved', () => {
    for (const id of owned) {
      expect(make().set(id, true, 1, 0)).toBe(NvmeStatus.featureNotSaveable);
    }
  });

  it('belong to the controller, but for error recovery', () => {
    const features = make();
    for (const id of owned.filter((each) => each !== FeatureId.errorRecovery)) {
      expect(features.set(id, false, 1, 0)).toBe(NvmeStatus.featureNotNamespaceSpecific);
      expect(features.set(id, false, 99, 0)).toBe(NvmeStatus.invalidNamespace);
      expect(features.set(id, false, NSID_ALL, 0)).toBe(NvmeStatus.success);
    }
  });
});

describe('error recovery', () => {
  const id = FeatureId.errorRecovery;

  it('is kept for each namespace, and set for all at once', () => {
    const features = make();
    features.set(id, false, 1, 5);
    expect([get(features, id, current, 1), get(features, id, current, 2)]).toEqual([5, 0]);
    features.set(id, false, NSID_ALL, 9);
    expect([get(features, id, current, 1), get(features, id, current, 2)]).toEqual([9, 9]);
  });

  it('wants an active namespace', () => {
    const features = make();
    for (const [nsid, status] of [
      [0, NvmeStatus.invalidNamespace],
      [3, NvmeStatus.invalidField],
      [5, NvmeStatus.invalidNamespace],
    ] as const) {
      expect(features.set(id, false, nsid, 0)).toBe(status);
      expect(get(features, id, current, nsid)).toBe(-status);
    }
    expect(get(features, id, current, NSID_ALL)).toBe(-NvmeStatus.invalidNamespace);
  });

  it('has no DULBE', () => {
    for (const nsid of [1, NSID_ALL]) {
      expect(make().set(id, false, nsid, 0x1_0000)).toBe(NvmeStatus.invalidField);
    }
  });
});

describe('the temperature threshold', () => {
  const id = FeatureId.temperatureThreshold;

  it('has an upper and a lower side', () => {
    const features = make();
    features.set(id, false, 0, OVER | 350);
    features.set(id, false, 0, UNDER | 280);
    expect(get(features, id, current, 0, OVER)).toBe(350);
    expect(get(features, id, current, 0, UNDER)).toBe(280);
    expect(get(features, id, standard, 0, UNDER)).toBe(0);
    features.set(id, false, 0, ALL_SENSORS | UNDER | 270);
    expect(get(features, id, current, 0, UNDER)).toBe(270);
  });

  it('is crossed when the temperature is at it or beyond', () => {
    const features = make();
    const at = (cdw11: number): boolean => {
      features.reset();
      features.set(id, false, 0, cdw11);
      return features.isBeyondThreshold;
    };
    expect(features.isBeyondThreshold).toBe(false);
    expect(at(OVER | (COMPOSITE_KELVIN + 1))).toBe(false);
    expect(at(OVER | COMPOSITE_KELVIN)).toBe(true);
    expect(at(UNDER | (COMPOSITE_KELVIN - 1))).toBe(false);
    expect(at(UNDER | COMPOSITE_KELVIN)).toBe(true);
  });

  it('refuses sides and sensors that are not there', () => {
    for (const cdw11 of [2 << 20, 3 << 20, 1 << 16, 8 << 16]) {
      expect(make().set(id, false, 0, cdw11 | 300)).toBe(NvmeStatus.invalidField);
      expect(get(make(), id, current, 0, cdw11)).toBe(-NvmeStatus.invalidField);
    }
    expect(get(make(), id, current, 0, ALL_SENSORS)).toBe(-NvmeStatus.invalidField);
  });
});

describe('power management', () => {
  it('has one state', () => {
    expect(make().set(FeatureId.powerManagement, false, 0, 1)).toBe(NvmeStatus.invalidField);
  });

  it('report deallocated blocks only where the namespace knows them', () => {
    const subsystem = new NvmeSubsystem({ maxNamespaces: 4 });
    const { geometry } = new NullioBackend(new SimExecutor(), 1 << 20);
    for (const nsid of [1, 2]) {
      subsystem.addNamespace(nsid, { geometry } as never, { tracksBlocks: nsid === 1 });
    }
    const features = new Features(subsystem);
    const set = (nsid: number, value: number) =>
      features.set(FeatureId.errorRecovery, false, nsid, value);
    expect([set(1, 0x1_0007), set(2, 0x1_0007)]).toEqual([0, NvmeStatus.invalidField]);
    expect(get(features, FeatureId.errorRecovery)).toBe(0x1_0007);
    expect([features.reportsDeallocated(1), features.reportsDeallocated(2)]).toEqual([true, false]);
    expect([set(NSID_ALL, 0x1_0000), set(NSID_ALL, 3)]).toEqual([NvmeStatus.invalidField, 0]);
    expect(features.reportsDeallocated(1)).toBe(false);
  });

  it('take the behavior of the host as far as it is supported, until a reset', () => {
    const features = new Features(new NvmeSubsystem(), { ...DEFAULT_CAPABILITIES, copyFormats: 7 });
    const behavior = (at: number, value: number) => {
      const bytes = new Uint8Array(HOST_BEHAVIOR_BYTES);
      bytes[at] = value;
      return features.setHostBehavior(bytes);
    };
    expect([
      behavior(0, 2),
      behavior(2, 2),
      behavior(4, 1),
      behavior(4, 8),
      behavior(5, 1),
    ]).toEqual(new Array(5).fill(NvmeStatus.invalidField));
    expect([behavior(4, 4), features.copyFormats]).toEqual([0, 4]);
    expect([behavior(2, 1), features.hasExtendedFormats, features.copyFormats]).toEqual([
      0,
      true,
      0,
    ]);
    expect([behavior(0, 1), features.hostBehavior[0]]).toEqual([0, 1]);
    features.reset();
    expect(features.hostBehavior).toEqual(new Uint8Array(HOST_BEHAVIOR_BYTES));
  });

  it('have one combination of command sets, where there are several sets', () => {
    const can = { ...DEFAULT_CAPABILITIES, hostBehavior: true };
    const features = new Features(new NvmeSubsystem(), can, -1, true);
    const id = FeatureId.commandSetProfile;
    expect([features.set(id, false, 0, 0), features.set(id, false, 0, 1)]).toEqual([
      0,
      NvmeStatus.commandSetRejected,
    ]);
    expect([get(features, id), get(features, id, capabilities)]).toEqual([0, 4]);
    const without = new Features(new NvmeSubsystem(), can);
    expect(get(without, id)).toBe(-NvmeStatus.invalidField);
    expect(get(without, FeatureId.hostBehavior, capabilities)).toBe(4);
  });
});
