// First I/O: write, flush and read back through every layer from the guest's NVMe driver to a SATA disk.
// Run: npm run build && node examples/first-io.js
import { createStack } from 'lio-nvme';

const stack = createStack({
  road: 'vhost-nvme',
  backend: { type: 'iblock', disk: 'sata', size: '64MiB' },
  costs: 'server',
});
const disk = await stack.guest.open(1);

const data = Uint8Array.from({ length: 8192 }, (_, i) => i & 255);
await disk.write(4096, data);
await disk.flush();
const back = await disk.read(4096, data.length);

console.log(`same bytes: ${back.every((byte, i) => byte === data[i])}`);
console.log(stack.describe());
await stack.close();
