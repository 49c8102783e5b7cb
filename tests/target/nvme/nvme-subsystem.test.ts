import { describe, expect, it } from 'vitest';
import { NullioBackend } from '../../../src/backends/nullio.ts';
import { ConfigError } from '../../../src/base/assert.ts';
import type { Geometry, TargetPort } from '../../../src/interfaces/target.ts';
import { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { NvmeSubsystem, namespaceNames } from '../../../src/target/nvme/nvme-subsystem.ts';

function port(traits: Partial<Geometry> = {}): TargetPort {
  const backend = new NullioBackend(new SimExecutor(), 1 << 20);
  return {
    geometry: { ...backend.geometry, ...traits },
    submit: (command) => backend.submit(command),
    abort: (command) => backend.abort(command),
    reset: (done) => backend.reset(done),
  };
}

describe('NvmeSubsystem', () => {
  it('draws its names from the seed', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => new NvmeSubsystem({ seed }));
    expect(a!.nqn).toMatch(/^nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f-]{36}$/);
    expect(a!.serial).toMatch(/^[0-9a-f]{20}$/);
    expect([a!.nqn, a!.serial]).toEqual([b!.nqn, b!.serial]);
    expect(a!.nqn).not.toBe(c!.nqn);
    const names = [a, b, c].map((subsystem) => namespaceNames(subsystem!.addNamespace(1, port())));
    expect(names[0]).toEqual(names[1]);
    expect(names[0]).not.toEqual(names[2]);
    expect(namespaceNames(a!.addNamespace(2, port()))).not.toEqual(names[0]);
  });

  it('takes the names that it is given', () => {
    const names = { nqn: 'nqn.2014-08.org.example:a', serial: 'S1', model: 'M', firmware: 'F' };
    expect(new NvmeSubsystem(names)).toMatchObject(names);
  });

  it.each([
    ['nqn', 'x'.repeat(224)],
    ['serial', 'x'.repeat(21)],
    ['model', 'x'.repeat(41)],
    ['firmware', 'x'.repeat(9)],
    ['serial', ''],
    ['model', 'Gerät'],
  ])('refuses the %s %s', (key, text) => {
    expect(() => new NvmeSubsystem({ [key]: text })).toThrow(ConfigError);
    expect(() => new NvmeSubsystem({ [key]: text })).toThrow(`subsystem.${key}`);
  });

  it('has 1 to 1024 namespace ids', () => {
    for (const maxNamespaces of [0, 1025, 1.5]) {
      expect(() => new NvmeSubsystem({ maxNamespaces })).toThrow(ConfigError);
    }
    expect(new NvmeSubsystem({ maxNamespaces: 1024 }).isValidNsid(1024)).toBe(true);
  });

  it('gives each id to one namespace', () => {
    const subsystem = new NvmeSubsystem({ maxNamespaces: 4 });
    const namespace = subsystem.addNamespace(4, port());
    for (const nsid of [0, 4, 5, 1.5]) {
      expect(() => subsystem.addNamespace(nsid, port())).toThrow(ConfigError);
    }
    expect(subsystem.namespace(4)).toBe(namespace);
    for (const nsid of [0, 3, 5, 0xffff_ffff, -1, 2.5]) {
      expect(subsystem.namespace(nsid)).toBeUndefined();
    }
    expect([0, 1, 4, 5, 0xffff_ffff].map((nsid) => subsystem.isValidNsid(nsid))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it('keeps the names that it is given, and refuses others', () => {
    const subsystem = new NvmeSubsystem();
    const uuid = new Uint8Array(16).fill(1);
    const nguid = new Uint8Array(16).fill(2);
    const eui64 = new Uint8Array(8).fill(3);
    expect(subsystem.addNamespace(1, port(), { uuid, nguid, eui64 })).toMatchObject({
      uuid,
      nguid,
      eui64,
    });
    expect(() => subsystem.addNamespace(2, port(), { uuid: eui64 })).toThrow(ConfigError);
    expect(() => subsystem.addNamespace(2, port(), { eui64: uuid })).toThrow('namespace.eui64');
    expect(subsystem.allocatedNamespace(2)).toBeUndefined();
  });

  it('skips namespaces that are not attached, unless asked for all', () => {
    const subsystem = new NvmeSubsystem({ maxNamespaces: 9 });
    for (const nsid of [1, 4, 6]) subsystem.addNamespace(nsid, port(), { isAttached: nsid === 4 });
    expect([subsystem.nextNsid(0), subsystem.nextNsid(4)]).toEqual([4, 0]);
    expect([subsystem.nextAllocated(0), subsystem.nextAllocated(4)]).toEqual([1, 6]);
    expect(subsystem.namespace(1)).toBeUndefined();
    expect(subsystem.allocatedNamespace(1)?.nsid).toBe(1);
  });

  it('numbers its controllers from where it is told', () => {
    const subsystem = new NvmeSubsystem({ firstControllerId: 0 });
    expect([subsystem.attachController(), subsystem.attachController()]).toEqual([0, 1]);
    for (const firstControllerId of [-1, 0.5, 0xfff0]) {
      expect(() => new NvmeSubsystem({ firstControllerId })).toThrow(ConfigError);
    }
  });

  it('walks the active ids upwards', () => {
    const subsystem = new NvmeSubsystem({ maxNamespaces: 9 });
    for (const nsid of [7, 2, 3]) subsystem.addNamespace(nsid, port());
    expect([0, 1, 2, 3, 7, 9, 0xffff_fffd].map((nsid) => subsystem.nextNsid(nsid))).toEqual([
      2, 2, 3, 7, 0, 0, 0,
    ]);
  });

  it('can what all of its namespaces can, and has a cache when one has', () => {
    const subsystem = new NvmeSubsystem();
    const abilities = () => [subsystem.writeCache, subsystem.unmap, subsystem.writeZeroes];
    subsystem.addNamespace(1, port());
    expect(abilities()).toEqual([false, true, true]);
    subsystem.addNamespace(2, port({ unmap: false, writeCache: true }));
    expect(abilities()).toEqual([true, false, true]);
    subsystem.addNamespace(3, port({ writeZeroes: false }));
    expect(abilities()).toEqual([true, false, false]);
  });

  it('is shared when it has more than one controller', () => {
    const subsystem = new NvmeSubsystem();
    expect(subsystem.attachController()).toBe(1);
    expect(subsystem.isShared).toBe(false);
    expect(subsystem.attachController()).toBe(2);
    expect(subsystem.isShared).toBe(true);
  });
});
