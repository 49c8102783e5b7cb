/** Requests on a file handle, done one at a time. */
import { SgList } from '../../src/base/sg-list.ts';
import {
  Errno,
  type FileHandle,
  type FileOp,
  type FileRequest,
} from '../../src/interfaces/file-handle.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';

export class FileRig {
  readonly executor: SimExecutor;
  readonly memory = new RegionMemory([{ base: 0, size: 1 << 20 }]);
  readonly file: FileHandle;

  constructor(open: (executor: SimExecutor) => FileHandle, executor = new SimExecutor()) {
    this.executor = executor;
    this.file = open(executor);
  }

  make(
    op: FileOp,
    offset = 0,
    length = 0,
    durable = false,
    gpa = 0,
  ): FileRequest & { ends: number } {
    const data = new SgList();
    if (length > 0) data.pushAddress(gpa, length);
    const request = {
      ends: 0,
      ioId: 1,
      op,
      offset,
      length,
      memory: this.memory,
      data,
      durable,
      errno: Errno.ok as Errno,
      end: () => {
        request.ends += 1;
      },
    };
    return request;
  }

  do(op: FileOp, offset = 0, length = 0, durable = false, gpa = 0): Errno {
    const request = this.make(op, offset, length, durable, gpa);
    this.file.submit(request);
    const early: number = request.ends;
    if (early > 0) throw new Error('ended inside submit');
    this.executor.runUntilIdle();
    if (request.ends !== 1) throw new Error(`ended ${request.ends} times`);
    return request.errno;
  }

  put(at: number, ...bytes: number[]): void {
    this.memory.store(at, Uint8Array.from(bytes), 0, bytes.length);
  }

  get(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.memory.load(at, bytes, 0, length);
    return bytes;
  }
}
