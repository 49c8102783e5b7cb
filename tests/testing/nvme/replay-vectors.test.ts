import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { NvmeVector, NvmeVectorFile } from '../../../src/testing/nvme/nvme-vectors.ts';
import { makeQemuWorld } from '../../../src/testing/nvme/qemu-fixtures.ts';
import { replayVector, replayVectors } from '../../../src/testing/nvme/replay-vectors.ts';
import { OWED_VECTORS } from '../../support/owed-vectors.ts';

const golden = new URL('../../golden/nvme-qemu/vectors.json.gz', import.meta.url);
const file: NvmeVectorFile = JSON.parse(gunzipSync(readFileSync(golden)).toString());

function changed(id: string, change: (vector: NvmeVector) => object): NvmeVector {
  const vector = file.vectors.find((each) => each.id === id)!;
  return { ...vector, ...change(vector) };
}

describe('replayVectors', () => {
  it('passes all recorded cases of QEMU but those that are owed', () => {
    const reports = replayVectors(file, makeQemuWorld);
    expect(reports.length).toBe(688);
    const failed = reports.filter(({ passed }) => !passed).map(({ id }) => id);
    expect(failed).toEqual(Object.values(OWED_VECTORS).flat());
  });

  it.each([
    ['a status that is not accepted', 'rw-003', () => ({ spec: { accept: [[0, 2]] } })],
    [
      'data that differs',
      'rw-003',
      ({ expected }: NvmeVector) => ({
        expected: { ...expected, post: [null, { ...expected.post![1], sha256: '00' }] },
      }),
    ],
    [
      'a dword that differs',
      'abort-aer-001',
      ({ spec }: NvmeVector) => ({ spec: { ...spec, dw0: 0 } }),
    ],
    ['another CSTS', 'enable-001', () => ({ expected: { csts: 2 } })],
    ['a step that is not known', 'rw-003', () => ({ setup: [{ op: 'dance' }] })],
    ['a queue that is not there', 'rw-003', () => ({ setup: [] })],
    ['an enable that fails', 'rw-003', () => ({ cc: { css: 5 } })],
    [
      'a step of the set-up that fails',
      'rw-003',
      () => ({ setup: [{ op: 'ioq', qid: 99, size: 2 }] }),
    ],
    [
      'a completion where none may come',
      'rw-003',
      () => ({ expected: { post: [{ pending: true }] } }),
    ],
    [
      'no completion where one must come',
      'abort-aer-013',
      () => ({ post: [{ op: 'await', tag: 'subject' }], expected: { post: [{ sct: 0, sc: 0 }] } }),
    ],
  ])('fails a case with %s', (_, id, change) => {
    const vector = changed(id, change);
    expect(replayVector(file, vector, makeQemuWorld)).toMatchObject({ id, passed: false });
    expect(
      replayVector(
        file,
        changed(id, () => ({})),
        makeQemuWorld,
      ).passed,
    ).toBe(true);
  });
});
