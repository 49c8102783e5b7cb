import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataDirection } from '../../src/interfaces/nvme-command-port.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { AdminOpcode, FeatureId, IoOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';
import { makeTransfer, transferOf } from '../../src/wire/nvme-transfer.ts';
import { checkProperty, runs } from '../support/runs.ts';

const plain = { blockBytes: 512, metadataBytes: 0, extended: false };

function transfer(
  admin: boolean,
  words: Partial<Record<keyof typeof SqeWord, number>>,
  format: typeof plain | undefined = plain,
) {
  const sqe = new Int32Array(16);
  for (const [name, value] of Object.entries(words)) {
    sqe[SqeWord[name as keyof typeof SqeWord]] = value;
  }
  const into = makeTransfer();
  const status = transferOf(sqe, admin, format, into);
  return [status, into.direction, into.dataBytes, into.metadataBytes];
}

const { none, toDevice, fromDevice } = DataDirection;

describe('transferOf', () => {
  it('moves the blocks of a read and a write, zero-based', () => {
    expect(transfer(false, { cdw0: IoOpcode.read, cdw12: 0 })).toEqual([0, fromDevice, 512, 0]);
    expect(transfer(false, { cdw0: IoOpcode.write, cdw12: 0x4000_ffff })).toEqual([
      0,
      toDevice,
      65_536 * 512,
      0,
    ]);
  });

  it('counts metadata apart, or with the data when it is interleaved', () => {
    const apart = { blockBytes: 4096, metadataBytes: 8, extended: false };
    expect(transfer(false, { cdw0: IoOpcode.read, cdw12: 3 }, apart)).toEqual([
      0,
      fromDevice,
      16_384,
      32,
    ]);
    expect(
      transfer(false, { cdw0: IoOpcode.read, cdw12: 3 }, { ...apart, extended: true }),
    ).toEqual([0, fromDevice, 16_416, 0]);
  });

  it('moves nothing for a flush, an unknown opcode and a namespace without a format', () => {
    expect(transfer(false, { cdw0: IoOpcode.flush })).toEqual([0, none, 0, 0]);
    expect(transfer(false, { cdw0: 0x7f })).toEqual([0, none, 0, 0]);
    expect(transfer(true, { cdw0: 0xff })).toEqual([0, none, 0, 0]);
    const into = makeTransfer();
    const sqe = Int32Array.of(IoOpcode.read, ...new Array<number>(15).fill(0));
    expect([transferOf(sqe, false, undefined, into), into.dataBytes]).toEqual([0, 0]);
  });

  it('refuses fused operations and SGLs before anything else', () => {
    for (const bit of [0x100, 0x200, 0x4000, 0x8000]) {
      for (const admin of [false, true]) {
        expect(transfer(admin, { cdw0: 0x02 | bit })).toEqual([
          NvmeStatus.invalidField,
          none,
          0,
          0,
        ]);
      }
    }
  });

  it.each([
    ['Identify', { cdw0: AdminOpcode.identify }, fromDevice, 4096],
    [
      'Get Log Page with both halves of NUMD',
      { cdw0: AdminOpcode.getLogPage, cdw10: 0xffff_0002, cdw11: 1 },
      fromDevice,
      0x2_0000 * 4,
    ],
    [
      'Get Log Page of all dwords there can be',
      { cdw0: AdminOpcode.getLogPage, cdw10: -1, cdw11: -1 },
      fromDevice,
      2 ** 34,
    ],
    ['Set Features of a number', { cdw0: AdminOpcode.setFeatures, cdw10: 7 }, none, 0],
    [
      'Set Features of the timestamp',
      { cdw0: AdminOpcode.setFeatures, cdw10: FeatureId.timestamp },
      toDevice,
      8,
    ],
    [
      'Get Features of the timestamp',
      { cdw0: AdminOpcode.getFeatures, cdw10: FeatureId.timestamp },
      fromDevice,
      8,
    ],
    [
      'Get Features of what it can do',
      { cdw0: AdminOpcode.getFeatures, cdw10: FeatureId.timestamp | 0x300 },
      none,
      0,
    ],
    [
      'Get Features of an extended host identifier',
      { cdw0: AdminOpcode.getFeatures, cdw10: FeatureId.hostIdentifier, cdw11: 1 },
      fromDevice,
      16,
    ],
    ['namespace creation', { cdw0: AdminOpcode.namespaceManagement }, toDevice, 4096],
    ['namespace deletion', { cdw0: AdminOpcode.namespaceManagement, cdw10: 1 }, none, 0],
    ['Firmware Image Download', { cdw0: AdminOpcode.firmwareDownload, cdw10: 1 }, toDevice, 8],
    ['Security Send', { cdw0: AdminOpcode.securitySend, cdw11: 100 }, toDevice, 100],
    ['Security Receive of nothing', { cdw0: AdminOpcode.securityReceive }, none, 0],
  ])('knows the admin command %s', (_name, words, direction, bytes) => {
    expect(transfer(true, words)).toEqual([0, direction, bytes, 0]);
  });

  it.each([
    ['Dataset Management', { cdw0: IoOpcode.datasetManagement, cdw10: 1 }, toDevice, 32],
    ['Copy of format 0', { cdw0: IoOpcode.copy, cdw12: 2 }, toDevice, 96],
    ['Copy of format 1', { cdw0: IoOpcode.copy, cdw12: 0x102 }, toDevice, 120],
    ['Reservation Report', { cdw0: IoOpcode.reservationReport, cdw10: 15 }, fromDevice, 64],
    ['Reservation Register', { cdw0: IoOpcode.reservationRegister }, toDevice, 16],
    ['Zone Management Receive', { cdw0: IoOpcode.zoneManagementReceive, cdw12: 0 }, fromDevice, 4],
    ['Write Zeroes', { cdw0: IoOpcode.writeZeroes, cdw12: 7 }, none, 0],
  ])('knows the I/O command %s', (_name, words, direction, bytes) => {
    expect(transfer(false, words)).toEqual([0, direction, bytes, 0]);
  });

  it('is total: any words give a whole number of bytes, and a direction exactly when there are some', () => {
    checkProperty(
      fc.property(
        fc.array(fc.integer(), { minLength: 16, maxLength: 16 }),
        fc.boolean(),
        fc.boolean(),
        (words, admin, hasFormat) => {
          const into = makeTransfer();
          const status = transferOf(
            Int32Array.from(words),
            admin,
            hasFormat ? plain : undefined,
            into,
          );
          expect([0, NvmeStatus.invalidField]).toContain(status);
          expect(Number.isInteger(into.dataBytes) && into.dataBytes >= 0).toBe(true);
          expect(into.direction !== none).toBe(into.dataBytes > 0);
        },
      ),
      runs(300),
    );
  });
});
