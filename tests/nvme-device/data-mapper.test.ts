import { describe, expect, it } from 'vitest';
import { DataDirection } from '../../src/interfaces/nvme-command-port.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { DataMapper } from '../../src/nvme-device/data-mapper.ts';
import { DeviceCommand } from '../../src/nvme-device/device-command.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { SqeWord } from '../../src/wire/nvme-entries.ts';
import { NvmeStatus } from '../../src/wire/nvme-status.ts';

function readCommand(memory: RegionMemory, blocks: number, nsid = 1): DeviceCommand {
  const command = new DeviceCommand(0, memory, () => {});
  command.queueId = 1;
  command.sqe[SqeWord.cdw0] = 2;
  command.sqe[SqeWord.nsid] = nsid;
  command.sqe[SqeWord.prp1Lo] = 0x1000;
  command.sqe[SqeWord.mptrLo] = 0x3000;
  command.sqe[SqeWord.cdw12] = blocks - 1;
  return command;
}

describe('DataMapper', () => {
  const memory = new RegionMemory([{ base: 0, size: 1 << 16 }]);

  it('asks for the format of a namespace once, until it is told that formats changed', () => {
    const port = new MemoryCommandPort(new SimExecutor());
    const asked: number[] = [];
    const format = { blockBytes: 512, metadataBytes: 0, extended: false };
    port.namespaceFormat = (nsid) => {
      asked.push(nsid);
      return format;
    };
    const mapper = new DataMapper(memory, port);
    const command = readCommand(memory, 2);
    mapper.map(command);
    mapper.map(command);
    expect(asked).toEqual([1]);
    expect([command.direction, command.data.byteLength]).toEqual([DataDirection.fromDevice, 1024]);
    format.blockBytes = 1024;
    mapper.forgetFormats();
    mapper.map(command);
    expect(asked).toEqual([1, 1]);
    expect(command.data.byteLength).toBe(2048);
  });

  it('leaves a command of a namespace that is not there to the port, without data', () => {
    const port = new MemoryCommandPort(new SimExecutor());
    const command = readCommand(memory, 1, 9);
    expect(new DataMapper(memory, port).map(command)).toBe(0);
    expect([command.direction, command.data.count]).toEqual([DataDirection.none, 0]);
  });

  it('refuses more bytes than the port takes, before it looks at a list', () => {
    const port = new MemoryCommandPort(new SimExecutor(), { maxTransferBytes: 4096 });
    const mapper = new DataMapper(memory, port);
    expect(mapper.map(readCommand(memory, 8))).toBe(0);
    expect(mapper.map(readCommand(memory, 9))).toBe(NvmeStatus.invalidField);
  });

  it('finds separate metadata at its pointer, which is a multiple of 4', () => {
    const port = new MemoryCommandPort(new SimExecutor());
    port.namespaceFormat = () => ({ blockBytes: 512, metadataBytes: 8, extended: false });
    const mapper = new DataMapper(memory, port);
    const command = readCommand(memory, 4);
    expect(mapper.map(command)).toBe(0);
    expect([command.metadata.gpa(0), command.metadata.byteLength]).toEqual([0x3000, 32]);
    command.sqe[SqeWord.mptrLo] = 0x3002;
    expect(mapper.map(command)).toBe(NvmeStatus.invalidField);
  });
});
