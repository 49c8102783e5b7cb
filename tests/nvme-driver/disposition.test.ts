import { describe, expect, it } from 'vitest';
import {
  Disposition,
  dispositionOf,
  MAX_RETRIES,
  retryDelayOf,
} from '../../src/nvme-driver/disposition.ts';
import { NvmeStatus, STATUS_DNR, STATUS_MORE } from '../../src/wire/nvme-status.ts';

const { complete, retry, failOver } = Disposition;

describe('dispositionOf', () => {
  it.each([
    ['success', NvmeStatus.success, complete, complete],
    ['an abort', NvmeStatus.abortRequested, retry, retry],
    ['a busy controller (ER16)', NvmeStatus.commandInterrupted, retry, retry],
    ['a namespace that is not ready (ER19)', NvmeStatus.namespaceNotReady, retry, retry],
    ['an internal error', NvmeStatus.internalError, retry, retry],
    ['a media error', NvmeStatus.unrecoveredReadError, retry, retry],
    ['a transition of the path (ER35)', NvmeStatus.anaTransition, retry, failOver],
    ['a path that is gone (ER35)', NvmeStatus.anaPersistentLoss, retry, failOver],
    ['the end of a path', NvmeStatus.hostPathError, retry, failOver],
    ['a reset', NvmeStatus.abortedByHost, retry, failOver],
  ])('for %s, on the only path and beside another one', (_name, status, alone, withPath) => {
    for (const more of [0, STATUS_MORE]) {
      if (status === 0 && more !== 0) continue;
      expect(dispositionOf(status | more, 0, true, false)).toBe(alone);
      expect(dispositionOf(status | more, 0, true, true)).toBe(withPath);
      expect(dispositionOf(status | more | STATUS_DNR, 0, true, true)).toBe(complete);
      expect(dispositionOf(status | more, 0, false, true)).toBe(complete);
    }
  });

  it('decides about every status that can be, and never retries more often than it may', () => {
    for (let status = 0; status < 0x8000; status++) {
      for (const hasOtherPath of [false, true]) {
        const fresh = dispositionOf(status, 0, true, hasOtherPath);
        const isFinal = status === 0 || (status & STATUS_DNR) !== 0;
        expect(fresh === complete).toBe(isFinal);
        expect(dispositionOf(status, MAX_RETRIES - 1, true, hasOtherPath)).toBe(fresh);
        expect(dispositionOf(status, MAX_RETRIES, true, hasOtherPath)).not.toBe(retry);
      }
    }
  });

  it('finds the retry delay in the status', () => {
    expect([0, 1, 2, 3].map((crd) => retryDelayOf((crd << 11) | STATUS_MORE | 0x21))).toEqual([
      0, 1, 2, 3,
    ]);
  });
});
