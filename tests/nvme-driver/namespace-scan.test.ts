import { describe, expect, it } from 'vitest';
import type { NvmeNamespaceInfo } from '../../src/interfaces/nvme-host.ts';
import type { AdminAnswer, AdminChannel } from '../../src/nvme-driver/admin-channel.ts';
import { MAX_NAMESPACES, NamespaceScan } from '../../src/nvme-driver/namespace-scan.ts';
import { IDENTIFY_BYTES } from '../../src/wire/nvme-identify.ts';
import { IdentifyCns } from '../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../src/wire/nvme-status.ts';

/** A scan of a controller that answers by `answer`. */
function scanOf(answer: (view: DataView, cns: number, nsid: number) => number | 'full') {
  const view = new DataView(new ArrayBuffer(IDENTIFY_BYTES));
  const pending: (() => void)[] = [];
  const channel = {
    view,
    page: 0x1000,
    load: () => undefined,
    send: (_o: number, nsid: number, cns: number, _w: number, _p: number[], then: AdminAnswer) => {
      new Uint8Array(view.buffer).fill(0);
      const status = answer(view, cns, nsid);
      if (status === 'full') return false;
      pending.push(() => then(status, 0));
      return true;
    },
  } as unknown as AdminChannel;
  const results: [string | undefined, readonly NvmeNamespaceInfo[]][] = [];
  new NamespaceScan(channel).run((...result) => void results.push(result));
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) next();
  expect(results.length).toBe(1);
  return results[0]!;
}

function describeNamespace(view: DataView, blocks: number, lbads: number): number {
  view.setUint32(0, blocks, true);
  view.setUint8(130, lbads);
  return 0;
}

describe('NamespaceScan', () => {
  it('leaves out what has no size, blocks of no sensible size, and what went away', () => {
    const kinds: Record<number, (view: DataView) => number> = {
      1: (view) => describeNamespace(view, 100, 9),
      2: (view) => describeNamespace(view, 0, 9),
      3: (view) => describeNamespace(view, 100, 8),
      4: (view) => describeNamespace(view, 100, 17),
      5: () => NvmeStatus.invalidNamespace | STATUS_DNR,
      6: (view) => describeNamespace(view, 7, 16),
    };
    const found = scanOf((view, cns, nsid) => {
      if (cns === IdentifyCns.namespace) return kinds[nsid]!(view);
      for (let i = 0; i < 6; i++) view.setUint32(4 * i, i + 1, true);
      return 0;
    });
    expect(found).toEqual([
      undefined,
      [
        { nsid: 1, blockBytes: 512, blockCount: 100 },
        { nsid: 6, blockBytes: 65_536, blockCount: 7 },
      ],
    ]);
  });

  it('ends a list where its ids no longer rise', () => {
    const [, found] = scanOf((view, cns) => {
      if (cns === IdentifyCns.namespace) return describeNamespace(view, 8, 9);
      [3, 9, 9, 4, 20].forEach((id, i) => void view.setUint32(4 * i, id, true));
      return 0;
    });
    expect(found.map(({ nsid }) => nsid)).toEqual([3, 9]);
  });

  it('comes to an end with a list that does not', () => {
    const [error, found] = scanOf((view, cns, nsid) => {
      if (cns === IdentifyCns.namespace) return describeNamespace(view, 8, 9);
      for (let i = 0; i < 1024; i++) view.setUint32(4 * i, nsid + 1 + i, true);
      return 0;
    });
    expect([error, found.length]).toEqual([undefined, MAX_NAMESPACES]);
  });

  it('names the command that failed, and a queue without room', () => {
    expect(scanOf(() => NvmeStatus.internalError)).toEqual([
      'Identify (active namespaces) ended with internalError (0/06h)',
      [],
    ]);
    expect(scanOf(() => 'full')).toEqual(['the admin queue is full', []]);
  });
});
