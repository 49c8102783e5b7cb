import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../src/backends/memory-file.ts';
import { InvariantError } from '../../src/base/assert.ts';
import { Errno, FileOp } from '../../src/interfaces/file-handle.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { FileRig } from './file-rig.ts';

describe('MemoryFile', () => {
  it('reads what was written, zeroes where nothing was, and zeroes where it was punched', () => {
    const rig = new FileRig((executor) => new MemoryFile(executor, 8192));
    rig.put(100, 1, 2, 3, 4, 5);
    expect(rig.do(FileOp.write, 4094, 5, false, 100)).toBe(Errno.ok);
    expect(rig.do(FileOp.punch, 4096, 1)).toBe(Errno.ok);
    expect(rig.do(FileOp.read, 4092, 9, false, 200)).toBe(Errno.ok);
    expect([...rig.get(200, 9)]).toEqual([0, 0, 1, 2, 0, 4, 5, 0, 0]);
    expect(rig.do(FileOp.sync)).toBe(Errno.ok);
    expect(rig.do(FileOp.dataSync, 0, 512)).toBe(Errno.ok);
  });

  it('answers a memory fault and moves nothing', () => {
    const rig = new FileRig((executor) => new MemoryFile(executor, 8192));
    expect(rig.do(FileOp.write, 0, 512, false, 1 << 20)).toBe(Errno.fault);
    expect(rig.do(FileOp.read, 0, 512, false, (1 << 20) - 256)).toBe(Errno.fault);
  });

  it('has a size', () => {
    expect(() => new MemoryFile(new SimExecutor(), -1)).toThrow(InvariantError);
    expect(new MemoryFile(new SimExecutor(), 4096)).toMatchObject({ size: 4096, readOnly: false });
  });
});
