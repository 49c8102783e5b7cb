/** The command line as data. */
import { parseArgs } from 'node:util';
import { costPresets } from '../../sim/cost-presets.ts';
import { ROADS, type Road } from '../../stack/config.ts';
import { BACKEND_FORMS, type BackendChoice, parseBackend } from './backend-choice.ts';
import { UsageError } from './usage-error.ts';

/** Name of a cost preset. */
type CostName = keyof typeof costPresets;

/** What a stack is built from. */
export interface StackChoice {
  readonly road: Road;
  readonly backend: BackendChoice;
  readonly seed: number;
  readonly costs: CostName;
}

/** What the user asks for. */
export type Command =
  | { readonly kind: 'help' | 'version' | 'keys' }
  | { readonly kind: 'demo'; readonly seed: number }
  | {
      readonly kind: 'run';
      readonly file: string;
      readonly stack: StackChoice;
      readonly trace: string | undefined;
      /** What the names of the files of a binary block trace begin with. */
      readonly blktrace: string | undefined;
      readonly json: boolean;
    };

const DEFAULT_BACKEND = 'rd_mcp:64MiB';
const DEFAULT_COSTS: CostName = 'server';
const DEFAULT_SEED = 1;

/** What `--help` prints. */
export const HELP = `lio-nvme: the LIO NVMe stack, from a guest's NVMe driver down to a disk

  lio-nvme run FILE.fio [options]   run the jobs of a fio job file through a stack
  lio-nvme keys                     list the keys of job files
  lio-nvme [--seed N]               show a job on every backend: the road, the path of one write, the results

Options of run:
  --road ROAD        ${ROADS.join(' or ')} (default vhost-nvme)
  --backend BACKEND  ${BACKEND_FORMS}
                     (default ${DEFAULT_BACKEND})
  --seed N           decides all chance; the same seed gives the same trace (default ${DEFAULT_SEED})
  --costs PRESET     what things cost in virtual time: ${Object.keys(costPresets).join(' or ')} (default ${DEFAULT_COSTS})
  --trace FILE       write every event of every layer to FILE, one JSON object a line
  --blktrace PREFIX  write what the block layer under an iblock backend did to PREFIX.blktrace.0, for blkparse and btt
  --json             print the results as JSON

  --help, --version

Exit codes: 0 all was well; 1 I/O or verify errors; 2 bad usage or a bad job file, nothing was written; 130 interrupted.
`;

const OPTIONS = {
  road: { type: 'string' },
  backend: { type: 'string' },
  seed: { type: 'string' },
  costs: { type: 'string' },
  trace: { type: 'string' },
  blktrace: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/**
 * Parses the arguments behind the program's name.
 *
 * @throws UsageError for whatever cannot be used
 */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = split(args);
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const [verb, file, extra] = positionals;
  if (verb === 'run') {
    if (file === undefined) throw new UsageError('run needs the name of a job file');
    if (extra !== undefined)
      throw new UsageError(`run takes one job file; '${extra}' is one too many`);
    const { trace, blktrace, json } = values;
    const stack = stackChoice(values);
    checkBlktrace(blktrace, stack.backend);
    return { kind: 'run', file, stack, trace, blktrace, json: json === true };
  }
  if (verb === 'keys' && file === undefined) return { kind: 'keys' };
  if (verb !== undefined)
    throw new UsageError(`'${verb}' is no command; expected run FILE.fio or keys`);
  const alien = Object.keys(values).find((name) => name !== 'seed');
  if (alien !== undefined)
    throw new UsageError(`--${alien} needs a job file: run FILE.fio --${alien} ...`);
  return { kind: 'demo', seed: seedOf(values.seed) };
}

type Values = ReturnType<typeof split>['values'];

function split(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function stackChoice(values: Values): StackChoice {
  return {
    road: oneOf('road', values.road ?? 'vhost-nvme', ROADS),
    backend: parseBackend(values.backend ?? DEFAULT_BACKEND),
    seed: seedOf(values.seed),
    costs: oneOf('costs', values.costs ?? DEFAULT_COSTS, Object.keys(costPresets) as CostName[]),
  };
}

/** Only IBLOCK has a block layer to trace. */
function checkBlktrace(prefix: string | undefined, { text, options }: BackendChoice): void {
  if (prefix === undefined || options.type === 'iblock') return;
  throw new UsageError(
    `--blktrace ${prefix}: there is no block layer under --backend ${text}; expected iblock:DISK:SIZE`,
  );
}

function oneOf<T extends string>(option: string, value: string, names: readonly T[]): T {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError(
    `--${option} '${value}' is not accepted; expected one of ${names.join(', ')}`,
  );
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SEED;
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new UsageError(
    `--seed '${text}' is not accepted; expected a whole number from 0 to 2^53 - 1`,
  );
}
