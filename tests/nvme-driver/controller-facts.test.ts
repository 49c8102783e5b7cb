import { expect, it } from 'vitest';
import { parseCapabilities, readControllerFacts } from '../../src/nvme-driver/controller-facts.ts';
import { IDENTIFY_BYTES, identifyController } from '../../src/wire/nvme-identify.ts';

function view(): DataView {
  return new DataView(new ArrayBuffer(IDENTIFY_BYTES));
}

it('takes CAP apart', () => {
  expect(parseCapabilities(0x0f01_03ff, 0x0031_0024)).toEqual({
    entries: 1024,
    readyTimeoutNs: 7_500_000_000,
    stride: 64,
    minPageShift: 1,
    maxPageShift: 3,
    hasAllSets: false,
  });
  expect(parseCapabilities(0, 1 << 11).hasAllSets).toBe(true);
});

it('knows little of a controller that says nothing', () => {
  expect(readControllerFacts(view(), 0, 1 << 20)).toEqual({
    maxTransferBytes: 1 << 20,
    volatileWriteCache: false,
    abortLimit: 1,
    eventLimit: 1,
    events: 0,
    sglSupport: 0,
    doorbellBuffer: false,
    shutdownNs: 10e9,
    retryDelaysNs: [0, 0, 0, 0],
  });
});

it('reads what a controller says, in its units', () => {
  const at = view();
  identifyController.mdts.set(at, 0, 3);
  identifyController.vwc.set(at, 0, 7);
  identifyController.acl0.set(at, 0, 3);
  identifyController.aerl0.set(at, 0, 7);
  identifyController.oaes.set(at, 0, 0x300);
  identifyController.sgls.set(at, 0, 0x4_0002);
  identifyController.oacs.set(at, 0, 0x100);
  identifyController.rtd3e.set(at, 0, 12_000_000);
  identifyController.crdt2.set(at, 0, 5);
  expect(readControllerFacts(at, 1, 1 << 20)).toEqual({
    maxTransferBytes: 65_536,
    volatileWriteCache: true,
    abortLimit: 4,
    eventLimit: 8,
    events: 0x300,
    sglSupport: 2,
    doorbellBuffer: true,
    shutdownNs: 12e9,
    retryDelaysNs: [0, 0, 500_000_000, 0],
  });
});

it('waits for no shutdown longer than a minute', () => {
  const at = view();
  identifyController.rtd3e.set(at, 0, 0xffff_ffff);
  expect(readControllerFacts(at, 0, 4096).shutdownNs).toBe(60e9);
});
