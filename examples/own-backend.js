// A backend of your own: the bytes of the disk in one array. It is held to the laws of lio-nvme/interfaces.
// Run: npm run build && node examples/own-backend.js
import { createStack } from 'lio-nvme';
import { AbortResult, TargetOp, TargetStatus } from 'lio-nvme/interfaces';
import { loadSg, storeSg } from 'lio-nvme/memory';
import { makeTask } from 'lio-nvme/sim';

/** @type {(executor: import('lio-nvme/sim').SimExecutor) => import('lio-nvme/interfaces').Backend} */
function makeArrayBackend(executor) {
  const bytes = new Uint8Array(1 << 20);
  /** @type {(() => void)[]} */
  const queue = [];
  const task = makeTask('array', () => queue.splice(0).forEach((job) => void job()));
  const later = (/** @type {() => void} */ job) => {
    queue.push(job);
    executor.post(task);
  };
  return {
    geometry: {
      ...{ blockBytes: 512, blockCount: bytes.length / 512, maxTransferBlocks: 2048 },
      ...{ writeCache: false, fua: true, readOnly: false, unmap: false, writeZeroes: false },
    },
    submit: (command) =>
      later(() => {
        const { op, memory, data, lba, blockCount } = command;
        const move = op === TargetOp.read ? storeSg : loadSg;
        const moved =
          op === TargetOp.flush || move(memory, data, 0, bytes, lba * 512, blockCount * 512);
        command.status = moved ? TargetStatus.good : TargetStatus.dataTransferError;
        command.end(command);
      }),
    abort: () => AbortResult.tooLate,
    reset: later,
    close: () => {},
  };
}

const stack = createStack({ layers: { backend: makeArrayBackend } });
const disk = await stack.guest.open(1);
await disk.write(512, new Uint8Array(1024).fill(42));
console.log(`read back: ${(await disk.read(1024, 512))[0]}`);
await stack.close();
