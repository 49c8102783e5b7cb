import { describe, expect, it } from 'vitest';
import { missingNamespace, selectsAllSets } from '../../../src/target/nvme/io-rules.ts';
import { NvmeSubsystem } from '../../../src/target/nvme/nvme-subsystem.ts';
import { NvmeStatus } from '../../../src/wire/nvme-status.ts';

describe('missingNamespace', () => {
  it('tells an inactive id from an invalid one', () => {
    const subsystem = new NvmeSubsystem({ maxNamespaces: 4 });
    expect(missingNamespace(subsystem, 4)).toBe(NvmeStatus.invalidField);
    expect(missingNamespace(subsystem, 5)).toBe(NvmeStatus.invalidNamespace);
    expect(missingNamespace(subsystem, 0)).toBe(NvmeStatus.invalidNamespace);
  });
});

describe('selectsAllSets', () => {
  it('is true for CC.CSS 110b alone', () => {
    const selected = [...Array(8).keys()].filter((css) => selectsAllSets(1 | (css << 4)));
    expect(selected).toEqual([6]);
  });
});
