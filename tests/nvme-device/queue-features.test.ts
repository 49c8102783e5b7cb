import { beforeEach, describe, expect, it } from 'vitest';
import { AsyncEvents } from '../../src/nvme-device/async-events.ts';
import { InterruptUnit } from '../../src/nvme-device/interrupt-unit.ts';
import { QueueFeatures } from '../../src/nvme-device/queue-features.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { FeatureId, FeatureSelect, NSID_ALL } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';

function sqe(cdw10: number, cdw11 = 0, nsid = 0): Int32Array {
  const words = new Int32Array(16);
  words[SqeWord.cdw10] = cdw10;
  words[SqeWord.cdw11] = cdw11;
  words[SqeWord.nsid] = nsid;
  return words;
}

describe('QueueFeatures', () => {
  let features: QueueFeatures;
  let events: AsyncEvents;

  beforeEach(() => {
    events = new AsyncEvents(4);
    const sink = { raise: () => {}, lower: () => {} };
    features = new QueueFeatures(8, new InterruptUnit(new SimExecutor(), sink, 9), events);
  });

  const get = (feature: number, select = 0, cdw11 = 0) => [
    features.get(sqe(feature | (select << 8), cdw11)),
    features.dw0,
  ];

  it('owns the features of queues alone', () => {
    const owned = Array.from({ length: 256 }, (_, id) => id).filter((id) => features.owns(id));
    expect(owned).toEqual([0x01, 0x07, 0x08, 0x09, 0x0b]);
  });

  it('grants no more queues than there are, and holds the host to what it asked for', () => {
    const wanted = sqe(FeatureId.numberOfQueues, 31 | (3 << 16));
    expect([features.set(wanted, false), features.dw0]).toEqual([0, 7 | (3 << 16)]);
    expect([features.sqLimit, features.cqLimit]).toEqual([8, 4]);
    expect(get(FeatureId.numberOfQueues)).toEqual([0, 7 | (3 << 16)]);
    expect(get(FeatureId.numberOfQueues, FeatureSelect.default)).toEqual([0, 7 | (7 << 16)]);
  });

  it('refuses 65536 queues, and any change once queues exist', () => {
    const { invalidField, commandSequenceError } = NvmeStatus;
    expect(features.set(sqe(FeatureId.numberOfQueues, 0xffff), false)).toBe(invalidField);
    expect(features.set(sqe(FeatureId.numberOfQueues, -65_536), false)).toBe(invalidField);
    expect(features.set(sqe(FeatureId.numberOfQueues, 0), true)).toBe(commandSequenceError);
    expect(features.sqLimit).toBe(8);
  });

  it('limits the burst by its power of two, 7 meaning none', () => {
    features.set(sqe(FeatureId.arbitration, 3), false);
    expect(features.burst).toBe(8);
    features.set(sqe(FeatureId.arbitration, 7), false);
    expect(features.burst).toBeGreaterThan(65_536);
  });

  it('keeps coalescing and the settings of each vector, and reports them', () => {
    features.set(sqe(FeatureId.interruptCoalescing, 0x7f_0a05), false);
    expect(get(FeatureId.interruptCoalescing)).toEqual([0, 0x0a05]);
    features.set(sqe(FeatureId.interruptVectorConfig, 3 | (1 << 16)), false);
    expect(get(FeatureId.interruptVectorConfig, 0, 3)).toEqual([0, 3 | (1 << 16)]);
    expect(get(FeatureId.interruptVectorConfig, 0, 4)).toEqual([0, 4]);
    expect(get(FeatureId.interruptVectorConfig, 0, 9)).toEqual([NvmeStatus.invalidField, 0]);
    const beyond = features.set(sqe(FeatureId.interruptVectorConfig, 9), false);
    expect(beyond).toBe(NvmeStatus.invalidField);
  });

  it('configures asynchronous events', () => {
    features.set(sqe(FeatureId.asyncEventConfig, 0x1ff), false);
    expect(events.config).toBe(0x1ff);
    expect(get(FeatureId.asyncEventConfig)).toEqual([0, 0x1ff]);
    expect(get(FeatureId.asyncEventConfig, FeatureSelect.default)).toEqual([0, 0]);
  });

  it('says that they can be changed and are neither saved nor of a namespace', () => {
    expect(get(FeatureId.arbitration, FeatureSelect.capabilities)).toEqual([0, 4]);
    expect(get(FeatureId.arbitration, 5)).toEqual([NvmeStatus.invalidField, 0]);
    const saved = features.set(sqe(FeatureId.arbitration | 0x8000_0000, 1), false);
    expect(saved).toBe(NvmeStatus.featureNotSaveable);
    const ofNamespace = features.set(sqe(FeatureId.arbitration, 1, 1), false);
    expect(ofNamespace).toBe(NvmeStatus.featureNotNamespaceSpecific);
    expect(features.set(sqe(FeatureId.arbitration, 1, NSID_ALL), false)).toBe(0);
  });

  it('is as new after a reset', () => {
    const before = get(FeatureId.arbitration);
    features.set(sqe(FeatureId.numberOfQueues, 0), false);
    features.set(sqe(FeatureId.arbitration, 1), false);
    features.set(sqe(FeatureId.interruptCoalescing, 5), false);
    features.reset();
    expect([features.sqLimit, features.cqLimit]).toEqual([8, 8]);
    expect(get(FeatureId.arbitration)).toEqual(before);
    expect(get(FeatureId.interruptCoalescing)).toEqual([0, 0]);
  });
});
