import { expect, it } from 'vitest';
import { createStack } from '../../../src/stack/create-stack.ts';
import { RawNvmeHost } from '../../../src/testing/nvme/raw-nvme-host.ts';
import { AdminOpcode } from '../../../src/wire/nvme-opcodes.ts';

const options = { road: 'vhost-nvme-bar', backend: { type: 'rd_mcp', size: '1MiB' } } as const;

it('each doorbell that the device wants is an ioctl, and each interrupt an eventfd', async () => {
  const stack = createStack(options);
  const disk = await stack.guest.open(1);
  const countOf = (name: string): number =>
    Number(new RegExp(`${name} (\\d+)`).exec(stack.describe())?.[1]);
  const before = ['barReads', 'barWrites', 'calls'].map(countOf);
  await disk.write(4096, new Uint8Array(4096).fill(3));
  const after = ['barReads', 'barWrites', 'calls'].map(countOf);
  // The tail, which the device waits for; the head stays in the shadow doorbells. And one completion.
  expect(after.map((count, i) => count - before[i]!)).toEqual([0, 1, 1]);
  expect((await disk.read(4096, 4096))[4095]).toBe(3);
  await stack.close();
});

it('the wake-up of the eventfd is time that the guest waits', async () => {
  const readNs = async (eventfdWakeNs: number): Promise<number> => {
    const stack = createStack({ ...options, costs: { eventfdWakeNs } });
    const disk = await stack.guest.open(1);
    const before = stack.executor.now;
    await disk.read(0, 512);
    return stack.executor.now - before;
  };
  expect(await readNs(5000)).toBe((await readNs(0)) + 5000);
});

it('takes the features of a controller that reads guest memory itself', async () => {
  const stack = createStack(options);
  await stack.guest.open(1);
  expect(stack.parts.target.limits.sgls).not.toBe(0);
  expect(stack.parts.port).toBe(stack.parts.target);
  await stack.close();
});

it("the host reaches the guest's RAM and nothing of the VMM's", () => {
  const { executor, guest, memory } = createStack({ ...options, guest: { memory: '4MiB' } });
  guest.boot();
  const host = new RawNvmeHost(executor, memory.guest, guest.pci);
  host.disable();
  host.enable();
  const beyond = 4 << 20;
  memory.vmm.fill(beyond, 0x5a, 4096);
  const statusAt = (prp1: number) =>
    host.command(host.admin, { opcode: AdminOpcode.identify, cdw10: 1, prp1 })?.status;
  expect(statusAt(beyond - 4096)).toBe(0);
  expect(statusAt(beyond)).not.toBe(0);
  expect([memory.vmm.read8(beyond), memory.vmm.read8(beyond + 4095)]).toEqual([0x5a, 0x5a]);
});
