import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/source-tree.ts';
import { describePeer } from './peer.ts';

describePeer(
  { program: 'strace', from: 'strace' },
  'the calls of FILEIO to the kernel',
  (strace) => {
    let directory = '';
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    /** How often each call was made on the image, and the mode in which it was opened. */
    function callsOf(mode: string) {
      const image = join(directory, `${mode}.img`);
      writeFileSync(image, new Uint8Array(256 * 1024).fill(7));
      const log = join(directory, `${mode}.log`);
      // The main thread alone: the program that punches holes syncs too.
      const trace = ['-y', '-e', 'trace=openat,fsync,fdatasync,pwrite64', '-o', log];
      const program = ['tests/support/run-ts.js', 'tests/peers/durable-writes.ts', image, mode];
      const punches = execFileSync(strace, [...trace, process.execPath, ...program], {
        cwd: root,
        encoding: 'utf8',
      });
      const lines = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes(image));
      const count = (call: string): number =>
        lines.filter((line) => line.includes(`${call}(`)).length;
      return {
        isDsync: lines.some((line) => line.includes('openat(') && line.includes('O_DSYNC')),
        writes: count('pwrite64'),
        syncs: count('fsync'),
        dataSyncs: count('fdatasync'),
        punches,
        image,
      };
    }

    it('are O_DSYNC writes without a sync, but for the flush and the punch', () => {
      const { image, punches, ...calls } = callsOf('durable');
      expect(calls).toMatchObject({ isDsync: true, syncs: 1, dataSyncs: 1 });
      expect(calls.writes).toBe(punches === 'holes' ? 12 : 13);
      const bytes = readFileSync(image);
      expect(bytes.subarray(64 * 512, 128 * 512).every((byte) => byte === 0)).toBe(true);
      expect([bytes[64 * 512 - 1], bytes[128 * 512]]).toEqual([7, 7]);
      // A hole gives its blocks, of 512 bytes here, back to the file system.
      if (punches === 'holes') expect(statSync(image).blocks).toBeLessThanOrEqual(512 - 64);
    }, 60_000);

    it('are, buffered, plain writes with one fdatasync for each FUA and one fsync for the flush', () => {
      const { isDsync, syncs, dataSyncs } = callsOf('buffered');
      expect({ isDsync, syncs, dataSyncs }).toEqual({ isDsync: false, syncs: 1, dataSyncs: 4 });
    }, 60_000);
  },
);
