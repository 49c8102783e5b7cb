import { beforeEach, describe, expect, it } from 'vitest';
import { ALL_CAPABILITIES } from '../../../src/target/nvme/capabilities.ts';
import { AdminOpcode, LogPage, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { NvmeRig } from './nvme-rig.ts';

const MINUTE = 60_000_000_000;
let rig: NvmeRig;
beforeEach(() => {
  rig = new NvmeRig({ capabilities: ALL_CAPABILITIES });
});

const test = (code: number, nsid = 0) =>
  rig.admin({ opc: AdminOpcode.deviceSelfTest, nsid, cdw10: code }).code;

/** What runs, how far it is, and the results: code, result, namespace. */
function log(): { runs: number; percent: number; results: number[][] } {
  const cdw10 = LogPage.selfTest | (140 << 16);
  expect(rig.admin({ opc: AdminOpcode.getLogPage, nsid: 0, cdw10, bytes: 564 }).code).toBe(0);
  const view = rig.view(564);
  const results: number[][] = [];
  for (let at = 4; at < 564; at += 28) {
    const byte = view.getUint8(at);
    if ((byte & 15) === 15) continue;
    results.push([
      byte >>> 4,
      byte & 15,
      view.getUint8(at + 2) ? view.getUint32(at + 12, true) : 0,
    ]);
  }
  return { runs: view.getUint8(0) & 15, percent: view.getUint8(1) & 127, results };
}

const wait = (minutes: number) => rig.executor.runUntil(rig.executor.now + minutes * MINUTE);

describe('Device Self-test', () => {
  it('takes its time, one at a time, and is remembered', () => {
    expect(test(2, 1)).toBe(0);
    wait(5);
    expect(log()).toEqual({ runs: 2, percent: 50, results: [] });
    expect(test(1)).toBe(NvmeStatus.selfTestInProgress);
    wait(5);
    expect(log()).toEqual({ runs: 0, percent: 0, results: [[2, 0, 1]] });
    expect(test(1, NSID_ALL)).toBe(0);
    wait(1);
    expect(log().results).toEqual([
      [1, 0, NSID_ALL],
      [2, 0, 1],
    ]);
  });

  it('can be stopped, and stopping none is no error', () => {
    expect(test(15)).toBe(0);
    test(1);
    expect(test(15)).toBe(0);
    wait(2);
    expect(log()).toEqual({ runs: 0, percent: 0, results: [[1, 1, 0]] });
  });

  it('ends with a reset when it is short, and goes on when it is extended', () => {
    test(1);
    rig.controller.reset(() => {});
    test(2);
    rig.controller.reset(() => {});
    expect(log()).toMatchObject({ runs: 2, results: [[1, 2, 0]] });
  });

  it('gives way to Format NVM and Sanitize', () => {
    test(2);
    expect(rig.admin({ opc: AdminOpcode.formatNvm, nsid: 1 }).code).toBe(0);
    test(2);
    expect(rig.admin({ opc: AdminOpcode.sanitize, cdw10: 2 }).code).toBe(0);
    expect(log().results.map(([, result]) => result)).toEqual([9, 4]);
  });

  it('keeps twenty results', () => {
    for (let i = 0; i < 22; i++) {
      test(1);
      wait(1);
    }
    expect(log().results.length).toBe(20);
  });

  it('refuses what there is not', () => {
    expect([test(0), test(3), test(14)]).toEqual(new Array(3).fill(NvmeStatus.invalidField));
    expect([test(1, 5), test(1, 9)]).toEqual([
      NvmeStatus.invalidField,
      NvmeStatus.invalidNamespace,
    ]);
  });
});
