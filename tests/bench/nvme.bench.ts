import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { nvmeBatch, nvmeLoop } from '../support/nvme-bench.ts';
import { benchGroup } from './harness.ts';

benchGroup('driver and device on a port that does nothing', {
  'read 512 B, QD 32': () => nvmeBatch(32, 512),
  'read 512 B, QD 1': () => nvmeBatch(1, 512),
  'read 4 KiB over two pages, QD 32': () => nvmeBatch(32, 4096, { skew: 512 }),
  'read 128 KiB by a list, QD 32': () => nvmeBatch(32, 131_072),
  'read 128 KiB by an SGL, QD 32': () => nvmeBatch(32, 131_072, { sgls: true }),
  'flush, QD 32': () => nvmeBatch(32, 0),
  'read 512 B with shadow doorbells, QD 32': () => nvmeBatch(32, 512, { shadows: true }),
});

const makePort = (executor: ConstructorParameters<typeof MemoryCommandPort>[0]) =>
  new MemoryCommandPort(executor);
benchGroup('driver and device on namespaces in memory', {
  'read 512 B, QD 32': () => nvmeBatch(32, 512, { makePort }),
  'read 4 KiB, QD 32': () => nvmeBatch(32, 4096, { makePort }),
});

console.log('doorbell registers written for each command, one commit for each');
for (const depth of [1, 4, 16, 64]) {
  const counts = [false, true].map((shadows) => {
    const { batch, driver } = nvmeLoop(depth, 512, { shadows });
    batch(1_000);
    const before = driver.counters();
    batch(10_000);
    const after = driver.counters();
    return (after.doorbells - before.doorbells) / (after.commands - before.commands);
  });
  const [plain, shadowed] = counts.map((each) => each.toFixed(3));
  console.log(
    `  QD ${String(depth).padEnd(3)} registers alone ${plain}   with shadows ${shadowed}`,
  );
}
