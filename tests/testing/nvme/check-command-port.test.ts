import { describe, expect, it } from 'vitest';
import type { NvmeCommand } from '../../../src/interfaces/nvme-command-port.ts';
import { AbortResult } from '../../../src/interfaces/request.ts';
import type { SimExecutor } from '../../../src/sim/sim-executor.ts';
import { makeTask } from '../../../src/sim/task.ts';
import { checkCommandPort } from '../../../src/testing/nvme/check-command-port.ts';
import { MemoryCommandPort } from '../../../src/testing/nvme/memory-command-port.ts';
import { NvmeLaw } from '../../../src/testing/nvme/nvme-laws.ts';

type Patch = (port: MemoryCommandPort, executor: SimExecutor) => void;

function broken(patch: Patch) {
  return (executor: SimExecutor) => {
    const port = new MemoryCommandPort(executor);
    patch(port, executor);
    return { port, nsid: 1, blockCount: 2048 };
  };
}

/** Changes the status that commands of one opcode end with. */
const ending =
  (opcode: number, status: number): Patch =>
  (port) => {
    const submit = port.submit.bind(port);
    port.submit = (command) => {
      const { end } = command;
      submit({
        ...command,
        end: () => {
          command.status = (command.sqe[0]! & 0xff) === opcode ? status : command.status;
          end(command);
        },
      });
    };
  };

const defects: readonly (readonly [string, NvmeLaw, Patch])[] = [
  [
    'a port that never ends a command',
    NvmeLaw.endsOnce,
    (port) => {
      port.submit = () => {};
    },
  ],
  [
    'a port that ends a command twice',
    NvmeLaw.endsOnce,
    (port, executor) => {
      const submit = port.submit.bind(port);
      port.submit = (command) => {
        submit(command);
        executor.post(makeTask('twice', () => command.end(command)));
      };
    },
  ],
  [
    'a port that ends inside submit',
    NvmeLaw.endsLater,
    (port) => {
      port.submit = (command: NvmeCommand) => {
        command.status = 0;
        command.end(command);
      };
    },
  ],
  [
    'a port that writes nothing',
    NvmeLaw.readsSeeWrites,
    (port) => {
      port.store(1).writeFrom = () => true;
    },
  ],
  [
    'a port that has every namespace',
    NvmeLaw.unknownNamespace,
    (port) => {
      port.namespaceFormat = () => ({ blockBytes: 512, metadataBytes: 0, extended: false });
    },
  ],
  [
    'a port that knows every opcode',
    NvmeLaw.unknownOpcode,
    (port, executor) => {
      const submit = port.submit.bind(port);
      port.submit = (command) => {
        if ((command.sqe[0]! & 0xff) !== 0x7f) submit(command);
        else {
          command.status = 0;
          executor.post(makeTask('kind', () => command.end(command)));
        }
      };
    },
  ],
  [
    'a port that says it aborted and did not',
    NvmeLaw.abort,
    (port) => {
      port.abort = () => AbortResult.aborted;
    },
  ],
  [
    'a port whose reset is done before its commands are',
    NvmeLaw.reset,
    (port, executor) => {
      port.reset = (done) => {
        port.held = true;
        executor.post(makeTask('early', done));
      };
    },
  ],
  [
    'a port that calls done inside reset',
    NvmeLaw.endsLater,
    (port) => {
      port.reset = (done) => done();
    },
  ],
  [
    'a port that never answers a shutdown',
    NvmeLaw.shutdown,
    (port) => {
      port.shutdown = () => {};
    },
  ],
];

describe('checkCommandPort', () => {
  it('lets the memory port pass, from any seed', () => {
    for (let seed = 0; seed < 5; seed++)
      checkCommandPort(
        broken(() => {}),
        { seed },
      );
  });

  it.each(defects)('catches %s', (_name, law, patch) => {
    expect(() => checkCommandPort(broken(patch))).toThrow(law);
  });

  it('catches a port that takes blocks past its end', () => {
    const liar = (executor: SimExecutor) => ({
      port: new MemoryCommandPort(executor),
      nsid: 1,
      blockCount: 1024,
    });
    expect(() => checkCommandPort(liar)).toThrow(NvmeLaw.outOfRange);
  });

  it('catches a port that does not notice unmapped memory', () => {
    const deaf = broken((port) => {
      const store = port.store(1);
      const readTo = store.readTo.bind(store);
      store.readTo = (...args) => {
        readTo(...args);
        return true;
      };
    });
    expect(() => checkCommandPort(deaf)).toThrow(NvmeLaw.unmapped);
  });

  it('catches a port that refuses a command inside its end', () => {
    const strict = broken((port, executor) => {
      const submit = port.submit.bind(port);
      let inEnd = false;
      port.submit = (command) => {
        if (inEnd) return;
        const { end } = command;
        command.end = (each) => {
          inEnd = true;
          command.end = end;
          end(each);
          inEnd = false;
        };
        submit(command);
      };
      executor.post(makeTask('none', () => {}));
    });
    expect(() => checkCommandPort(strict)).toThrow(/exactly once|its own end/);
  });

  it('is not fooled by a status of its own', () => {
    expect(() => checkCommandPort(broken(ending(0, 2)))).toThrow();
  });
});
