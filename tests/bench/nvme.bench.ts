import { MemoryCommandPort } from '../../src/testing/nvme/memory-command-port.ts';
import { nvmeBatch } from '../support/nvme-bench.ts';
import { benchGroup } from './harness.ts';

benchGroup('driver and device on a port that does nothing', {
  'read 512 B, QD 32': () => nvmeBatch(32, 512),
  'read 512 B, QD 1': () => nvmeBatch(1, 512),
  'read 4 KiB over two pages, QD 32': () => nvmeBatch(32, 4096, undefined, 512),
  'read 128 KiB by a list, QD 32': () => nvmeBatch(32, 131_072),
  'flush, QD 32': () => nvmeBatch(32, 0),
});

benchGroup('driver and device on namespaces in memory', {
  'read 512 B, QD 32': () => nvmeBatch(32, 512, (executor) => new MemoryCommandPort(executor)),
  'read 4 KiB, QD 32': () => nvmeBatch(32, 4096, (executor) => new MemoryCommandPort(executor)),
});
