import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { formatOf } from '../../../src/target/nvme/lba-format.ts';
import { NvmeNamespace } from '../../../src/target/nvme/nvme-namespace.ts';

const { geometry } = new NullioBackend(new SimExecutor(), 1 << 20);
const port = { geometry } as never;
const names = { uuid: new Uint8Array(16), nguid: new Uint8Array(16), eui64: new Uint8Array(8) };
const formats = [{ blockBytes: 512 }, { blockBytes: 4096, metadataBytes: 64 }];

describe('NvmeNamespace', () => {
  it('has the blocks of its unit unless it is told otherwise', () => {
    const namespace = new NvmeNamespace(3, port, names);
    expect(namespace).toMatchObject({ nsid: 3, blockCount: 2048, unitBlocks: 1, isAttached: true });
    expect(namespace.format).toMatchObject({ blockBytes: 512, metadataBytes: 0, index: 0 });
  });

  it('has as many blocks as fit with their metadata, and more when it is formatted to less', () => {
    const namespace = new NvmeNamespace(1, port, names, { formats, format: { index: 1 } });
    expect([namespace.blockCount, namespace.unitBlocks]).toEqual([252, 8]);
    namespace.reformat(formatOf(formats, { index: 0 })!);
    expect([namespace.blockCount, namespace.unitBlocks]).toEqual([2048, 1]);
  });

  it('refuses a format that it does not have', () => {
    const options = { formats, format: { index: 2 } };
    expect(() => new NvmeNamespace(1, port, names, options)).toThrow('namespace.format');
  });

  it('knows the controllers that it is attached to', () => {
    const namespace = new NvmeNamespace(1, port, names, { isAttached: false });
    expect([namespace.isAttached, namespace.isAttachedTo(0)]).toEqual([false, false]);
    for (const index of [0, 9, 300]) namespace.setAttached(index, true);
    namespace.setAttached(0, false);
    const attached = [0, 1, 9, 300, 301, 10_000].map((index) => namespace.isAttachedTo(index));
    expect(attached).toEqual([false, false, true, true, false, false]);
    expect(namespace.isAttached).toBe(true);
  });
});

it('holds a range that ends inside it, and never by the sum, which could round', () => {
  const namespace = new NvmeNamespace(1, port, names);
  namespace.blockCount = 10;
  expect([namespace.holds(9, 1), namespace.holds(10, 0), namespace.holds(9, 2)]).toEqual([
    true,
    true,
    false,
  ]);
  namespace.blockCount = 2 ** 53;
  expect([namespace.holds(2 ** 53, 1), namespace.holds(2 ** 53 - 1, 1)]).toEqual([false, true]);
});
