import { execFileSync } from 'node:child_process';
import {
  existsSync,
  fstatSync,
  mkdtempSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileioBackend } from '../../src/backends/fileio.ts';
import { ConfigError } from '../../src/base/assert.ts';
import { Errno, FileOp } from '../../src/interfaces/file-handle.ts';
import { type FileCalls, NodeFileHandle, type NodeFileOptions } from '../../src/node/node-file.ts';
import { NO_COSTS } from '../../src/sim/cost-presets.ts';
import type { SimExecutor } from '../../src/sim/sim-executor.ts';
import { checkBackend } from '../../src/testing/target/index.ts';
import { FileRig } from '../backends/file-rig.ts';
import { runs } from '../support/runs.ts';

const BYTES = 1 << 20;
let directory = '';
let path = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lio-nvme-'));
  path = join(directory, 'disk.img');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function open(options: NodeFileOptions = { size: BYTES }, calls?: FileCalls): FileRig {
  return new FileRig((executor) => new NodeFileHandle(executor, path, options, calls));
}

/** The calls of the system, each of which may be replaced. */
function calls(parts: Partial<FileCalls>): FileCalls {
  return {
    read: readSync,
    write: writeSync,
    sync: () => undefined,
    dataSync: () => undefined,
    punch: () => false,
    ...parts,
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('NodeFileHandle', () => {
  it('writes bytes that another process reads', () => {
    const rig = open();
    rig.put(5, 0xde, 0xad, 0xbe, 0xef);
    expect(rig.do(FileOp.write, 700_001, 4, false, 5)).toBe(Errno.ok);
    rig.file.close();
    const script = `const b = require('fs').readFileSync(process.argv[1]);
      console.log(b.length, b.subarray(700000, 700006).toString('hex'))`;
    const output = execFileSync(process.execPath, ['-e', script, path], { encoding: 'utf8' });
    expect(output.trim()).toBe(`${BYTES} 00deadbeef00`);
  });

  it('reads bytes that another process wrote, and keeps the size that it found', () => {
    writeFileSync(
      path,
      Uint8Array.from({ length: 9000 }, (_, i) => i & 255),
    );
    const rig = open({});
    expect(rig.file.size).toBe(9000);
    expect(rig.do(FileOp.read, 4090, 4910, false, 3)).toBe(Errno.ok);
    expect(rig.get(3, 4910)).toEqual(Uint8Array.from({ length: 4910 }, (_, i) => (i + 4090) & 255));
    rig.file.close();
    rig.file.close();
    expect(statSync(path).size).toBe(9000);
  });

  it('moves more than one chunk, of any alignment', () => {
    const rig = open();
    const bytes = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31) & 255);
    rig.memory.store(1, bytes, 0, bytes.length);
    expect(rig.do(FileOp.write, 12_345, bytes.length, false, 1)).toBe(Errno.ok);
    rig.memory.fill(0, 0, BYTES);
    expect(rig.do(FileOp.read, 12_345, bytes.length, false, 77)).toBe(Errno.ok);
    expect(rig.get(77, bytes.length)).toEqual(bytes);
    expect(rig.do(FileOp.punch, 20_000, 500_000)).toBe(Errno.ok);
    expect(
      readFileSync(path)
        .subarray(20_000, 520_000)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(readFileSync(path)[520_000]).toBe(bytes[520_000 - 12_345]);
    rig.file.close();
  });

  it('punches holes where the system can, and writes zeroes from the first refusal on', () => {
    const asked: string[] = [];
    const punch = (_fd: number, at: number, length: number): boolean => {
      asked.push(`${at} ${length}`);
      return asked.length === 1;
    };
    const rig = open({ size: BYTES }, calls({ punch }));
    const file = rig.file as NodeFileHandle;
    for (const at of [512, 1024, 2048]) expect(rig.do(FileOp.punch, at, 512)).toBe(Errno.ok);
    expect(rig.do(FileOp.punch, 0, 0)).toBe(Errno.ok);
    expect([asked, file.punches]).toEqual([['512 512', '1024 512'], 'zeroes']);
    expect((open().file as NodeFileHandle).punches).toBe('holes');
  });

  it('goes on after short and interrupted calls', () => {
    let turns = 0;
    const short =
      (move: FileCalls['read']): FileCalls['read'] =>
      (fd, bytes, at, length, position) => {
        if (++turns % 3 === 0) throw systemError('EINTR');
        return move(fd, bytes, at, Math.min(length, 1000), position);
      };
    const rig = open({ size: BYTES }, calls({ read: short(readSync), write: short(writeSync) }));
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) & 255);
    rig.memory.store(0, bytes, 0, bytes.length);
    expect(rig.do(FileOp.write, 5, bytes.length)).toBe(Errno.ok);
    expect(readFileSync(path).subarray(5, 10_005)).toEqual(Buffer.from(bytes));
    expect(rig.do(FileOp.read, 5, bytes.length, false, 20_000)).toBe(Errno.ok);
    expect(rig.get(20_000, bytes.length)).toEqual(bytes);
    rig.file.close();
  });

  it('ends with an I/O error when a call moves nothing', () => {
    const rig = open({ size: BYTES }, calls({ read: () => 0, write: () => 0 }));
    for (const op of [FileOp.read, FileOp.write, FileOp.punch]) {
      expect(rig.do(op, 0, 512)).toBe(Errno.io);
    }
    rig.file.close();
  });

  it.each([
    ['ENOSPC', Errno.noSpace],
    ['EDQUOT', Errno.noSpace],
    ['EIO', Errno.io],
    ['EROFS', Errno.readOnly],
    ['EFBIG', Errno.fileTooLarge],
    ['EBADF', Errno.io],
    ['EAGAIN', Errno.again],
  ])('says what the system says: %s', (code, errno) => {
    const fail = () => {
      throw systemError(code);
    };
    const all = calls({ read: fail, write: fail, sync: fail, dataSync: fail });
    const rig = open({ size: BYTES, buffered: true }, all);
    for (const op of Object.values(FileOp)) expect(rig.do(op, 0, 512)).toBe(errno);
    expect(rig.do(FileOp.write, 0, 512, true)).toBe(errno);
    rig.file.close();
  });

  it('throws what is no error of the system', () => {
    const fail = () => {
      throw new TypeError('a defect');
    };
    const rig = open({ size: BYTES }, calls({ sync: fail }));
    expect(() => rig.do(FileOp.sync)).toThrow('a defect');
  });

  it('does not touch the file for memory that is not there', () => {
    const rig = open();
    expect(rig.do(FileOp.write, 0, 512, false, 2 ** 40)).toBe(Errno.fault);
    expect(rig.do(FileOp.read, 0, 512, false, 2 ** 40)).toBe(Errno.fault);
    rig.file.close();
  });

  it('syncs when it is told to, and after a durable write when it is buffered', () => {
    const made: string[] = [];
    const note = calls({ sync: () => made.push('sync'), dataSync: () => made.push('dataSync') });
    for (const buffered of [false, true]) {
      const rig = open({ size: BYTES, buffered }, note);
      rig.do(FileOp.sync);
      rig.do(FileOp.dataSync, 0, 512);
      rig.do(FileOp.write, 0, 512, false);
      made.push('durable');
      rig.do(FileOp.write, 0, 512, true);
      rig.file.close();
    }
    expect(made).toEqual([
      'sync',
      'dataSync',
      'durable',
      'sync',
      'dataSync',
      'durable',
      'dataSync',
    ]);
  });

  it.runIf(process.platform === 'linux')('opens with O_DSYNC unless it is buffered', () => {
    for (const [buffered, isDsync] of [
      [false, true],
      [true, false],
    ] as const) {
      let fd = -1;
      const note = calls({
        sync: (of) => {
          fd = of;
          const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!;
          expect((Number.parseInt(flags, 8) & 0o10000) !== 0).toBe(isDsync);
        },
      });
      const rig = open({ size: BYTES, buffered }, note);
      rig.do(FileOp.sync);
      rig.file.close();
      expect(() => fstatSync(fd)).toThrow('EBADF');
    }
  });

  it('charges its costs in virtual time', () => {
    const rig = open({ size: BYTES, costs: { ...NO_COSTS, targetCommandNs: 30 } });
    rig.do(FileOp.sync);
    expect(rig.executor.now).toBe(30);
    expect((rig.file as NodeFileHandle).counters().syncs).toBe(1);
    rig.file.close();
  });
});

describe('opening', () => {
  const opened = (options: NodeFileOptions) => () => open(options);

  it('makes a sparse file of the size that is asked for, and opens it again', () => {
    open({ size: 64 << 20 }).file.close();
    expect(statSync(path)).toMatchObject({ size: 64 << 20 });
    expect(statSync(path).blocks * 512).toBeLessThan(1 << 20);
    open({ size: 64 << 20 }).file.close();
    open({ readOnly: true }).file.close();
  });

  it('leaves a file of another size as it is, and names path, size and what was expected', () => {
    writeFileSync(path, 'precious');
    expect(opened({ size: 4096 })).toThrow(ConfigError);
    expect(opened({ size: 4096 })).toThrow(path);
    expect(opened({ size: 4096 })).toThrow('a file of 4096 bytes; it has 8 and is left as it is');
    expect(opened({ size: 4 })).toThrow(ConfigError);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('makes no file without a size, for reading alone, or where there is no place', () => {
    expect(opened({})).toThrow('or a size to make it with (ENOENT)');
    expect(opened({ size: 4096, readOnly: true })).toThrow('a file that can be read (ENOENT)');
    expect(existsSync(path)).toBe(false);
    path = join(directory, 'nowhere', 'disk.img');
    expect(opened({ size: 4096 })).toThrow('a place for a file of 4096 bytes (ENOENT)');
    for (const size of [0, -1, 1.5, 2 ** 60]) expect(opened({ size })).toThrow('file.size');
  });

  it('leaves nothing behind when the size is more than the system takes', () => {
    expect(opened({ size: Number.MAX_SAFE_INTEGER - 4095 })).toThrow(ConfigError);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses what is no regular file', () => {
    path = directory;
    expect(opened({})).toThrow(ConfigError);
    expect(opened({ readOnly: true })).toThrow('a regular file');
  });

  it('refuses to change a file that is open for reading', () => {
    writeFileSync(path, new Uint8Array(4096));
    const rig = open({ readOnly: true });
    expect(rig.do(FileOp.write, 0, 512)).toBe(Errno.readOnly);
    expect(rig.do(FileOp.read, 0, 512)).toBe(Errno.ok);
    rig.file.close();
  });
});

describe('FILEIO on a file of the system', () => {
  it.each([true, false])('keeps the laws of a backend, buffered %s', (buffered) => {
    let count = 0;
    checkBackend(
      (executor: SimExecutor) => {
        const file = new NodeFileHandle(executor, `${path}${count++}`, { size: BYTES, buffered });
        return { unit: new FileioBackend(executor, file, { bufferedIo: buffered }) };
      },
      { rounds: runs(10, 100) },
    );
  });
});
