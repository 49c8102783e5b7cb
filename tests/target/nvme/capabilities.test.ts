import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import {
  ALL_CAPABILITIES,
  DEFAULT_CAPABILITIES,
  type NvmeCapabilities,
} from '../../../src/target/nvme/capabilities.ts';
import { identifyController, Oacs, Oncs } from '../../../src/wire/nvme-identify.ts';
import {
  AdminOpcode,
  FeatureId,
  IdentifyCns,
  IoOpcode,
  LogPage,
} from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../../support/runs.ts';
import { NvmeRig } from './nvme-rig.ts';

const flags = Object.keys(ALL_CAPABILITIES) as (keyof NvmeCapabilities)[];
const anyCapabilities = fc.record({
  ...Object.fromEntries(flags.map((flag) => [flag, fc.boolean()])),
  copyFormats: fc.nat(15),
}) as unknown as fc.Arbitrary<NvmeCapabilities>;

/** Opcodes that the controller in front keeps to itself. */
const OF_QUEUES: readonly number[] = [0, 1, 4, 5, 8, 0xc];

function rigOf(can: NvmeCapabilities, unmap: boolean, writeZeroes: boolean): NvmeRig {
  return new NvmeRig({ capabilities: can }, (executor) => {
    const backend = new RdMcpBackend(executor, new PageStore(1 << 20));
    const geometry = { ...backend.geometry, unmap, writeZeroes };
    return [
      {
        geometry,
        submit: (command) => backend.submit(command),
        abort: (command) => backend.abort(command),
        reset: (done) => backend.reset(done),
        close: () => backend.close(),
      },
    ];
  });
}

function page(rig: NvmeRig, opc: number, cdw10: number): DataView {
  expect(rig.admin({ opc, nsid: 0, cdw10, bytes: 4096 }).code).toBe(0);
  return rig.view();
}

describe('a controller of any capabilities', () => {
  it('takes every opcode that its effects log names and no other', () => {
    const property = fc.property(
      anyCapabilities,
      fc.boolean(),
      fc.boolean(),
      (can, unmap, zeroes) => {
        const rig = rigOf(can, unmap, zeroes);
        const log = page(rig, AdminOpcode.getLogPage, LogPage.commandEffects | (1023 << 16));
        for (let opc = 0; opc < 256; opc++) {
          const takes = (queueId: number) =>
            rig.do({ opc, queueId, bytes: 8192, gpa: 0x18_0000 }).code !== NvmeStatus.invalidOpcode;
          expect([opc, takes(1)]).toEqual([opc, (log.getUint32(1024 + 4 * opc, true) & 1) === 1]);
          if (OF_QUEUES.includes(opc)) continue;
          expect([opc, takes(0)]).toEqual([opc, (log.getUint32(4 * opc, true) & 1) === 1]);
        }
      },
    );
    checkProperty(property, runs(15, 100));
  });

  it('advertises in Identify what its effects log names', () => {
    const property = fc.property(
      anyCapabilities,
      fc.boolean(),
      fc.boolean(),
      (can, unmap, zeroes) => {
        const rig = rigOf(can, unmap, zeroes);
        const log = page(rig, AdminOpcode.getLogPage, LogPage.commandEffects | (1023 << 16));
        const id = page(rig, AdminOpcode.identify, IdentifyCns.controller);
        const oncs = identifyController.oncs.get(id, 0);
        const io: readonly [number, number][] = [
          [Oncs.compare, IoOpcode.compare],
          [Oncs.writeUncorrectable, IoOpcode.writeUncorrectable],
          [Oncs.datasetManagement, IoOpcode.datasetManagement],
          [Oncs.writeZeroes, IoOpcode.writeZeroes],
          [Oncs.verify, IoOpcode.verify],
          [Oncs.copy, IoOpcode.copy],
        ];
        for (const [bit, opc] of io) {
          expect([opc, (oncs & bit) !== 0]).toEqual([
            opc,
            log.getUint32(1024 + 4 * opc, true) !== 0,
          ]);
        }
        const oacs = identifyController.oacs.get(id, 0);
        const admin: readonly [number, number][] = [
          [Oacs.namespaceManagement, AdminOpcode.namespaceAttachment],
          [Oacs.formatNvm, AdminOpcode.formatNvm],
          [Oacs.firmware, AdminOpcode.firmwareDownload],
          [Oacs.firmware, AdminOpcode.firmwareCommit],
          [Oacs.selfTest, AdminOpcode.deviceSelfTest],
          [Oacs.directives, AdminOpcode.directiveReceive],
        ];
        for (const [bit, opc] of admin) {
          expect([opc, (oacs & bit) !== 0]).toEqual([opc, log.getUint32(4 * opc, true) !== 0]);
        }
        const timestamp = rig.admin({
          opc: AdminOpcode.getFeatures,
          cdw10: FeatureId.timestamp,
          bytes: 8,
        });
        expect(timestamp.code === 0).toBe((oncs & Oncs.timestamp) !== 0);
      },
    );
    checkProperty(property, runs(30, 200));
  });

  it('has Compare, Verify and Timestamp unless it is told otherwise', () => {
    const on = flags.filter((flag) => DEFAULT_CAPABILITIES[flag]);
    expect(on).toEqual(['compare', 'verify', 'timestamp']);
  });
});
