/** A process and a stack that tests of the command line stand in for. */
import { readFileSync } from 'node:fs';
import type { Tracer } from '../../../src/interfaces/tracer.ts';
import type { StackChoice } from '../../../src/node/cli/arguments.ts';
import type { CliIo } from '../../../src/node/cli/cli-io.ts';
import { main } from '../../../src/node/cli/main.ts';
import type { OpenStack, StackNeeds } from '../../../src/node/cli/opened-stack.ts';
import { type FakeOptions, FakeTarget } from '../../workload/fake-target.ts';

export class FakeIo implements CliIo {
  stdout = '';
  stderr = '';
  isTerminal = false;
  now = 0;
  /** Milliseconds that pass between two looks at the clock. */
  tickMs = 0;
  /** Called at each turn. */
  atTurn: (interrupt: () => void) => void = () => {};
  #handlers = new Set<() => void>();

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  clockMs(): number {
    this.now += this.tickMs;
    return this.now;
  }

  readText(path: string): string {
    return readFileSync(path, 'utf8');
  }

  onInterrupt(handler: () => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  turn(): Promise<void> {
    this.atTurn(() => {
      for (const handler of this.#handlers) handler();
    });
    return Promise.resolve();
  }
}

/** What a fake stack was asked for. */
export interface Opened {
  readonly choices: StackChoice[];
  readonly needs: StackNeeds[];
  closed: number;
}

/** Opens fake targets of the size that is chosen. */
function fakeOpener(options: FakeOptions = {}): { opened: Opened; openStack: OpenStack } {
  const opened: Opened = { choices: [], needs: [], closed: 0 };
  const openStack: OpenStack = (choice, needs, makeTracer) => {
    opened.choices.push(choice);
    opened.needs.push(needs);
    let tracer: Tracer | undefined;
    const target = new FakeTarget({
      blocks: choice.backend.size / 512,
      tracer: { event: (...args) => tracer?.event(...args) },
      ...options,
    });
    tracer = makeTracer?.(target.executor);
    const close = (): Promise<void> => {
      opened.closed += 1;
      return Promise.resolve();
    };
    return Promise.resolve({ target, describe: () => '(the road)', close });
  };
  return { opened, openStack };
}

/** One invocation against a fake stack. */
export async function invoke(
  args: readonly string[],
  options: FakeOptions = {},
  io: FakeIo = new FakeIo(),
): Promise<{ code: number; io: FakeIo; opened: Opened }> {
  const { opened, openStack } = fakeOpener(options);
  const code = await main(io, args, openStack);
  return { code, io, opened };
}
