import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileioBackend } from '../../../src/backends/fileio.ts';
import { MemoryFile } from '../../../src/backends/memory-file.ts';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { RdMcpBackend } from '../../../src/backends/rd-mcp.ts';
import { ConfigError } from '../../../src/base/assert.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
import { PageStore } from '../../../src/memory/page-store.ts';
import { NO_COSTS } from '../../../src/sim/cost-presets.ts';
import { AdminOpcode, FeatureId, IoOpcode, NSID_ALL } from '../../../src/wire/nvme-opcodes.ts';
import { NvmeStatus, STATUS_DNR } from '../../../src/wire/nvme-status.ts';
import { checkProperty, runs } from '../../support/runs.ts';
import { BUFFER, BUFFER_BYTES, NvmeRig } from './nvme-rig.ts';

const MIB = 1 << 20;
const blocks512 = MIB / 512;

/** Namespace 1 on a buffered FILEIO: one with a volatile write cache. */
function cachedRig(): { rig: NvmeRig; file: MemoryFile } {
  let file: MemoryFile | undefined;
  const rig = new NvmeRig({}, (executor) => {
    file = new MemoryFile(executor, MIB);
    return [new FileioBackend(executor, file, { bufferedIo: true })];
  });
  return { rig, file: file! };
}

describe('Read and Write', () => {
  it('give back what was written, block by block', () => {
    const rig = new NvmeRig();
    rig.fill(0xa5, 4096);
    expect(rig.do({ opc: IoOpcode.write, cdw10: 100, cdw12: 7, bytes: 4096 }).status).toBe(0);
    rig.fill(0, 8192);
    expect(rig.do({ opc: IoOpcode.read, cdw10: 99, cdw12: 9, bytes: 5120 }).status).toBe(0);
    const bytes = rig.bytes(5120);
    expect(bytes.subarray(0, 512)).toEqual(new Uint8Array(512));
    expect(bytes.subarray(512, 4608)).toEqual(new Uint8Array(4096).fill(0xa5));
    expect(bytes.subarray(4608)).toEqual(new Uint8Array(512));
  });

  it.each([
    ['the last block', blocks512 - 1, 0, 0, NvmeStatus.success],
    ['one block past the end', blocks512, 0, 0, NvmeStatus.lbaOutOfRange],
    ['two blocks of which one is past the end', blocks512 - 1, 0, 1, NvmeStatus.lbaOutOfRange],
    ['an LBA above 2^32', 0, 1, 0, NvmeStatus.lbaOutOfRange],
    ['an LBA above 2^53', 0, 0x20_0000, 0, NvmeStatus.lbaOutOfRange],
    ['an LBA whose end wraps 64 bits', -1, -1, 1, NvmeStatus.lbaOutOfRange],
  ])('judge %s', (_name, cdw10, cdw11, cdw12, code) => {
    const rig = new NvmeRig();
    for (const opc of [IoOpcode.read, IoOpcode.write, IoOpcode.writeZeroes]) {
      expect(rig.do({ opc, cdw10, cdw11, cdw12, bytes: 1024 }).code).toBe(code);
    }
  });

  it('refuse one block more than the largest transfer', () => {
    const rig = new NvmeRig({ maxTransferBytes: 8192 });
    expect(rig.do({ opc: IoOpcode.read, cdw12: 15, bytes: 8192 }).code).toBe(0);
    expect(rig.do({ opc: IoOpcode.read, cdw12: 16, bytes: 8704 }).code).toBe(
      NvmeStatus.invalidField,
    );
    expect(rig.do({ opc: IoOpcode.read, nsid: 2, cdw12: 2, bytes: 12_288 }).code).toBe(
      NvmeStatus.invalidField,
    );
    expect(rig.do({ opc: IoOpcode.writeZeroes, cdw12: 100 }).code).toBe(0);
  });

  it('answer Data Transfer Error for unmapped memory and move nothing', () => {
    const rig = new NvmeRig();
    const unmapped = { gpa: 0x3f_fe00, bytes: 1024 };
    for (const opc of [IoOpcode.read, IoOpcode.write]) {
      expect(rig.do({ opc, cdw12: 1, ...unmapped }).status).toBe(
        NvmeStatus.dataTransferError | STATUS_DNR,
      );
    }
    expect(rig.memory.read8(0x3f_fe00)).toBe(0);
  });

  it('answer Invalid Field when the data list is shorter than the blocks', () => {
    const rig = new NvmeRig();
    expect(rig.do({ opc: IoOpcode.read, cdw12: 1, bytes: 512 }).code).toBe(NvmeStatus.invalidField);
  });

  it('refuse fused operations', () => {
    const rig = new NvmeRig();
    for (const fuse of [0x100, 0x200, 0x300]) {
      expect(rig.do({ opc: IoOpcode.read | fuse, bytes: 512 }).code).toBe(NvmeStatus.invalidField);
    }
  });
});

describe('every I/O opcode', () => {
  it('is supported as advertised or ends with Invalid Command Opcode', () => {
    const rig = new NvmeRig();
    const supported: number[] = [];
    for (let opc = 0; opc < 256; opc++) {
      const { status } = rig.do({ opc, bytes: 4096 });
      if (status === 0) supported.push(opc);
      else expect(status).toBe(NvmeStatus.invalidOpcode | STATUS_DNR);
    }
    expect(supported).toEqual([0, 1, 2, 5, 8, 9, 12]);
  });

  it.each([
    [0, NvmeStatus.invalidNamespace],
    [3, NvmeStatus.invalidField],
    [8, NvmeStatus.invalidField],
    [9, NvmeStatus.invalidNamespace],
    [0xffff_fffe, NvmeStatus.invalidNamespace],
  ])('answers namespace id %d', (nsid, code) => {
    const rig = new NvmeRig();
    for (const opc of [0, 1, 2, 5, 8, 9, 12]) {
      expect(rig.do({ opc, nsid, bytes: 512 }).status).toBe(code | STATUS_DNR);
    }
  });

  it('takes the broadcast namespace id for Flush alone', () => {
    const rig = new NvmeRig();
    expect(rig.do({ opc: IoOpcode.flush, nsid: NSID_ALL }).status).toBe(0);
    for (const opc of [1, 2, 8, 9]) {
      expect(rig.do({ opc, nsid: NSID_ALL, bytes: 512 }).code).toBe(NvmeStatus.invalidNamespace);
    }
  });
});

describe('Flush', () => {
  it('with the broadcast namespace id flushes every namespace once', () => {
    const files: MemoryFile[] = [];
    const rig = new NvmeRig({}, (executor) =>
      [0, 1, 2].map((i) => {
        files.push(new MemoryFile(executor, MIB));
        return new FileioBackend(executor, files[i]!, { bufferedIo: true });
      }),
    );
    expect(rig.do({ opc: IoOpcode.flush, nsid: NSID_ALL }).status).toBe(0);
    expect(files.map((file) => file.counters().syncs)).toEqual([1, 1, 1]);
    expect(rig.do({ opc: IoOpcode.flush, nsid: 2 }).status).toBe(0);
    expect(files.map((file) => file.counters().syncs)).toEqual([1, 2, 1]);
  });

  it('succeeds on a subsystem without namespaces', () => {
    const rig = new NvmeRig({}, () => []);
    expect(rig.do({ opc: IoOpcode.flush, nsid: NSID_ALL }).status).toBe(0);
  });
});

describe('Write Zeroes and Dataset Management', () => {
  it('zero the blocks that they name', () => {
    const rig = new NvmeRig();
    rig.fill(0xff, 8192);
    rig.do({ opc: IoOpcode.write, cdw12: 15, bytes: 8192 });
    expect(rig.do({ opc: IoOpcode.writeZeroes, cdw10: 1, cdw12: 1 }).status).toBe(0);
    const ranges = new DataView(new ArrayBuffer(48));
    ranges.setUint32(4, 2, true);
    ranges.setUint32(8, 5, true);
    ranges.setUint32(36, 1, true);
    ranges.setUint32(40, 9, true);
    rig.memory.store(BUFFER, new Uint8Array(ranges.buffer), 0, 48);
    const dsm = { opc: IoOpcode.datasetManagement, cdw10: 2, cdw11: 4, bytes: 48 };
    expect(rig.do(dsm).status).toBe(0);
    rig.do({ opc: IoOpcode.read, cdw12: 15, bytes: 8192 });
    const zeroed = [...Array(16).keys()].filter((i) => rig.bytes(512, i * 512)[0] === 0);
    expect(zeroed).toEqual([1, 2, 5, 6, 9]);
  });

  it('deallocate nothing when one range is out of bounds', () => {
    const rig = new NvmeRig();
    rig.fill(0xff, 512);
    rig.do({ opc: IoOpcode.write, bytes: 512 });
    const ranges = new DataView(new ArrayBuffer(32));
    ranges.setUint32(4, 1, true);
    ranges.setUint32(20, 2, true);
    ranges.setUint32(24, blocks512 - 1, true);
    rig.memory.store(BUFFER, new Uint8Array(ranges.buffer), 0, 32);
    const dsm = { opc: IoOpcode.datasetManagement, cdw10: 1, cdw11: 4, bytes: 32 };
    expect(rig.do(dsm).code).toBe(NvmeStatus.lbaOutOfRange);
    rig.do({ opc: IoOpcode.read, bytes: 512 });
    expect(rig.bytes(1)[0]).toBe(0xff);
    expect(rig.do({ ...dsm, gpa: 0x40_0000 }).code).toBe(NvmeStatus.dataTransferError);
    expect(rig.do({ ...dsm, cdw11: 3, gpa: 0x40_0000 }).status).toBe(0);
  });
});

describe('the volatile write cache', () => {
  it('makes a write durable for FUA, and every write once the host switched it off', () => {
    const { rig, file } = cachedRig();
    const write = { opc: IoOpcode.write, bytes: 512 };
    rig.do(write);
    expect(file.counters()).toMatchObject({ dataSyncs: 0, durableWrites: 0 });
    rig.do({ ...write, cdw12: 0x4000_0000 });
    expect(file.counters()).toMatchObject({ dataSyncs: 1 });

    const off = { opc: AdminOpcode.setFeatures, nsid: 0, cdw10: FeatureId.volatileWriteCache };
    expect(rig.admin(off).status).toBe(0);
    expect(file.counters()).toMatchObject({ syncs: 1, dataSyncs: 1 });
    rig.do(write);
    expect(file.counters()).toMatchObject({ syncs: 1, dataSyncs: 2 });
    expect(rig.admin({ ...off, cdw11: 1 }).status).toBe(0);
    rig.do(write);
    expect(file.counters()).toMatchObject({ syncs: 1, dataSyncs: 2 });
  });

  it('is flushed by shutdown, which calls done once and not at once', () => {
    const { rig, file } = cachedRig();
    let done = 0;
    rig.controller.shutdown(() => {
      done += 1;
    });
    expect(done).toBe(0);
    rig.executor.runUntilIdle();
    expect(done).toBe(1);
    expect(file.counters().syncs).toBe(1);
  });

  it('is a feature only where a namespace has one', () => {
    const get = { opc: AdminOpcode.getFeatures, nsid: 0, cdw10: FeatureId.volatileWriteCache };
    expect(new NvmeRig().admin(get).code).toBe(NvmeStatus.invalidField);
    expect(cachedRig().rig.admin(get)).toMatchObject({ status: 0, dw0: 1 });
  });
});

describe('a full controller', () => {
  it('ends one command more than its limit with Command Interrupted, to be tried again', () => {
    const rig = new NvmeRig({ maxInFlight: 4 });
    const commands = [...Array(5).keys()].map((cid) => rig.command({ opc: IoOpcode.flush, cid }));
    for (const command of commands) rig.controller.submit(command);
    rig.executor.runUntilIdle();
    expect(commands.map((command) => command.status)).toEqual([
      0,
      0,
      0,
      0,
      NvmeStatus.commandInterrupted,
    ]);
    expect(rig.do({ opc: IoOpcode.flush }).status).toBe(0);
  });

  it('takes a limit of 1 to 65536 and a transfer of 4096 times a power of two', () => {
    for (const maxInFlight of [0, 65_537, 1.5]) {
      expect(() => new NvmeRig({ maxInFlight })).toThrow(ConfigError);
    }
    for (const maxTransferBytes of [0, 2048, 12_288, 2 ** 31]) {
      expect(() => new NvmeRig({ maxTransferBytes })).toThrow(ConfigError);
    }
  });
});

describe('abort', () => {
  it('stops a command that waits, misses one that is decided, and does not know one that ended', () => {
    const rig = new NvmeRig();
    rig.fill(0xff, 512);
    const write = rig.command({ opc: IoOpcode.write, bytes: 512 });
    const bad = rig.command({ opc: 0x7f });
    rig.controller.submit(write);
    rig.controller.submit(bad);
    expect(rig.controller.abort(write)).toBe(AbortResult.aborted);
    expect(rig.controller.abort(bad)).toBe(AbortResult.tooLate);
    rig.executor.runUntilIdle();
    expect(rig.ended).toBe(2);
    expect(write.status).toBe(NvmeStatus.abortRequested);
    expect(bad.status & 0x7ff).toBe(NvmeStatus.invalidOpcode);
    expect(rig.controller.abort(write)).toBe(AbortResult.unknown);
    rig.do({ opc: IoOpcode.read, bytes: 512 });
    expect(rig.bytes(1)[0]).toBe(0);
  });
});

describe('reset', () => {
  it('ends all in flight once, then calls done, and leaves other controllers alone', () => {
    const costs = { ...NO_COSTS, targetCommandNs: 1_000 };
    const rig = new NvmeRig({}, (executor) => [
      new RdMcpBackend(executor, new PageStore(MIB), { costs }),
      new NullioBackend(executor, MIB, { costs }),
    ]);
    const other = rig.command({ opc: IoOpcode.flush, cid: 99 });
    rig.devices[0]!.submit({
      ioId: 5,
      op: 2,
      lba: 0,
      blockCount: 0,
      flags: 0,
      memory: rig.memory,
      data: other.data,
      status: 0,
      end: (command) => {
        expect(command.status).toBe(0);
        rig.ended += 100;
      },
    });
    const commands = [
      rig.command({ opc: IoOpcode.write, bytes: 512 }),
      rig.command({ opc: IoOpcode.flush, nsid: NSID_ALL }),
      rig.command({ opc: 0x55 }),
    ];
    for (const command of commands) rig.controller.submit(command);
    let endedAtDone = -1;
    rig.controller.reset(() => {
      endedAtDone = rig.ended;
    });
    expect(rig.ended).toBe(0);
    rig.executor.runUntilIdle();
    expect(rig.ended).toBe(103);
    expect(endedAtDone).toBe(103);
    expect(commands.map((command) => command.status & 0x7ff)).toEqual([
      NvmeStatus.abortRequested,
      NvmeStatus.abortRequested,
      NvmeStatus.invalidOpcode,
    ]);
  });

  it('calls done on an idle controller too, not inside the call', () => {
    const rig = new NvmeRig();
    let done = 0;
    rig.controller.reset(() => {
      done += 1;
    });
    expect(done).toBe(0);
    rig.executor.runUntilIdle();
    expect(done).toBe(1);
  });
});

describe('any sixteen words', () => {
  it('end once, without a throw, and touch no memory outside the data list', () => {
    checkProperty(
      fc.property(
        fc.array(
          fc.record({
            words: fc.int32Array({ minLength: 16, maxLength: 16 }),
            queueId: fc.nat(2),
            opcode: fc.nat(12),
            isSmall: fc.boolean(),
            bytes: fc.nat(8192),
          }),
          { maxLength: 8 },
        ),
        (inputs) => {
          const rig = new NvmeRig();
          rig.memory.fill(0, 0x5a, 0x40_0000);
          for (const input of inputs) {
            const command = rig.command({ opc: 0, ...input });
            command.sqe.set(input.words);
            command.sqe[0] = (input.words[0]! & ~0xff) | input.opcode;
            if (input.isSmall) {
              command.sqe[1] = input.words[1]! & 3;
              command.sqe[10]! &= 0x7f_07ff;
              command.sqe[11] = 0;
            }
            rig.controller.submit(command);
          }
          rig.executor.runUntilIdle();
          const outside = new Uint8Array(BUFFER);
          rig.memory.load(0, outside, 0, BUFFER);
          const above = rig.bytes(BUFFER_BYTES - 8192, 8192);
          return (
            rig.ended === inputs.length &&
            outside.every((byte) => byte === 0x5a) &&
            above.every((byte) => byte === 0x5a)
          );
        },
      ),
      runs(20, 200),
    );
  });
});
