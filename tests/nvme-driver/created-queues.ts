/** Which queues a driver creates, as its controller sees it. */
import type { PciFunction } from '../../src/interfaces/pci-function.ts';
import { AdminOpcode } from '../../src/wire/nvme-opcodes.ts';
import { NvmeRegister } from '../../src/wire/nvme-registers.ts';
import { DriverWorld, type WorldOptions } from './driver-world.ts';

interface CreateCommand {
  opcode: number;
  cdw10: number;
  cdw11: number;
}

/** Starts a driver and gives its Create commands, read from the admin queue at each doorbell. */
export function createdQueues(options: WorldOptions): CreateCommand[] {
  const created: CreateCommand[] = [];
  let seen = 0;
  const world = new DriverWorld({
    ...options,
    wrap: (pci): PciFunction =>
      new Proxy(pci, {
        get(target, key) {
          const member = Reflect.get(target, key, target);
          if (typeof member !== 'function') return member;
          if (key !== 'mmioWrite') return member.bind(target);
          return (at: number, size: 1 | 2 | 4, value: number) => {
            if (at === 0x1000) look(value);
            target.mmioWrite(at, size, value);
          };
        },
      }),
  });
  function look(tail: number): void {
    const asq = world.pci.mmioRead(NvmeRegister.asq, 4);
    for (; seen !== tail; seen = (seen + 1) % 32) {
      const at = asq + 64 * seen;
      const opcode = world.memory.read8(at);
      if (opcode !== AdminOpcode.createIoCq && opcode !== AdminOpcode.createIoSq) continue;
      created.push({
        opcode,
        cdw10: world.memory.read32(at + 40),
        cdw11: world.memory.read32(at + 44),
      });
    }
  }
  const error = world.start();
  if (error !== undefined) throw new Error(error);
  return created;
}
