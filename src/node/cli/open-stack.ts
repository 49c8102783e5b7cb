/** Builds the stack that the command line asks for and boots its guest. */
import type { Tracer } from '../../interfaces/tracer.ts';
import { costPresets } from '../../sim/cost-presets.ts';
import { type CreateStackOptions, createStack } from '../../stack/create-stack.ts';
import { NodeFileHandle } from '../node-file.ts';
import type { OpenStack } from './opened-stack.ts';

const MIB = 1 << 20;
/** Guest memory where jobs do not need more. */
const USUAL_MEMORY = 64 * MIB;
const MAX_QUEUES = 16;

/** Opens a real stack. */
export const openStack: OpenStack = async (choice, needs, makeTracer, makeBlockObserver) => {
  const { road, backend, seed, costs } = choice;
  let inner: Tracer | undefined;
  const tracer: Tracer = { event: (...event) => inner?.event(...event) };
  const options: CreateStackOptions = {
    road,
    backend: backend.options,
    seed,
    costs,
    guest: {
      memory: guestMemory(needs.bufferBytes),
      queues: Math.min(MAX_QUEUES, needs.jobs),
    },
  };
  if (makeTracer !== undefined) options.trace = tracer;
  if (backend.path !== undefined) {
    const { path, size } = backend;
    const file = { size, costs: costPresets[costs] };
    options.layers = { file: (executor) => new NodeFileHandle(executor, path, file) };
  }
  if (makeBlockObserver !== undefined) options.layers = { blockObserver: makeBlockObserver };
  const stack = createStack(options);
  inner = makeTracer?.(stack.executor);
  stack.guest.boot();
  return {
    target: {
      executor: stack.executor,
      memory: stack.memory.guest,
      buffers: stack.guest.buffers,
      host: stack.guest.host,
      nsid: 1,
      tracer: inner,
    },
    describe: () => stack.describe(),
    close: () => stack.close(),
  };
};

/** The guest's drivers and firmware take a part of its memory: a third more, and some, is enough for data. */
function guestMemory(bufferBytes: number): number {
  const wanted = Math.ceil(bufferBytes / 3) * 4 + 4 * MIB;
  return Math.max(USUAL_MEMORY, Math.ceil(wanted / MIB) * MIB);
}
