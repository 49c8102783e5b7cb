import { describe, expect, it } from 'vitest';
import { ConfigError, InvariantError } from '../../src/base/assert.ts';
import { createStack } from '../../src/stack/create-stack.ts';

const roads = ['direct', 'vhost-nvme'] as const;

describe.each(roads)('a guest on %s', (road) => {
  it('boots once for any number of disks that are opened at once', async () => {
    const stack = createStack({ road });
    const [one, two] = await Promise.all([stack.guest.open(1), stack.guest.open(1)]);
    await one.write(0, new Uint8Array(512).fill(3));
    expect((await two.read(0, 512))[0]).toBe(3);
    await stack.close();
  });

  it('boots by call or by opening, and a second time is none', async () => {
    const stack = createStack({ road });
    expect(() => stack.guest.host).toThrow(InvariantError);
    stack.guest.boot();
    const { commands } = stack.guest.driver.counters();
    stack.guest.boot();
    await stack.guest.open(1);
    expect(stack.guest.driver.counters().commands).toBe(commands);
    expect(stack.guest.host.namespaces).toHaveLength(1);
  });

  it('says so when its stack is closed', async () => {
    const stack = createStack({ road });
    await stack.guest.open(1);
    await stack.close();
    await stack.close();
    await expect(stack.guest.open(1)).rejects.toThrow('the stack is closed');
    expect(() => stack.guest.boot()).toThrow('the stack is closed');
  });

  it('refuses a namespace that is not there and names those that are', async () => {
    const stack = createStack({ road });
    await expect(stack.guest.open(2)).rejects.toThrow(ConfigError);
    await expect(stack.guest.open(2)).rejects.toThrow(/nsid: 2 .*an active namespace: 1/);
  });
});
