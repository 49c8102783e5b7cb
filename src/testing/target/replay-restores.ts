/** Replays recorded restores of configuration files, damaged ones above all, on our loader. */
import { ConfigError } from '../../base/assert.ts';
import type { Backstore } from '../../target/config/attribute-rules.ts';
import {
  type ConfigProblem,
  type DeviceProbe,
  LioTarget,
  loadSaveconfig,
  saveSaveconfig,
} from '../../target/config/index.ts';
import { compareConfigs } from './compare-configs.ts';

/** A file, and what rtslib made of it. */
export interface RecordedRestore {
  readonly name: string;
  /** What was restored, where it is JSON. */
  readonly input: unknown;
  readonly inputText?: string | null;
  readonly options: { readonly abort_on_error?: boolean; readonly clear_existing?: boolean };
  /** The messages of rtslib; absent where it gave up. */
  readonly errors?: readonly string[];
  readonly exception?: string;
  /** What was there afterwards. */
  readonly afterDump: unknown;
}

/** How one recorded restore went here. */
export interface RestoreOutcome {
  /** Where this loader did worse than rtslib, or otherwise; empty where it did not. */
  readonly worse: readonly string[];
  /** Where it did better: kept what rtslib dropped, went on where rtslib gave up, listed what rtslib passed over. */
  readonly better: readonly string[];
  /** What the loader listed, notes left out. */
  readonly problems: readonly ConfigProblem[];
  /** The loader refused the whole file, and why. */
  readonly refusal: string | undefined;
}

/** What a machine has below the storage objects of a recording. */
export type RecordedMachine = (
  plugin: Backstore,
  parameters: Record<string, unknown>,
) => DeviceProbe;

/** Restores one recorded file. Names that rtslib draws by chance are not compared. */
export function replayRestore(recorded: RecordedRestore, probe: RecordedMachine): RestoreOutcome {
  const { options, errors } = recorded;
  const input = recorded.inputText ?? recorded.input;
  const onto = new LioTarget();
  let problems: readonly ConfigProblem[];
  try {
    if (options.clear_existing === false) loadSaveconfig(input, { probe, onto });
    const abortOnError = options.abort_on_error === true;
    const loaded = loadSaveconfig(input, { probe, abortOnError, onto });
    problems = loaded.problems.filter(({ severity }) => severity !== 'note');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const worse = errors === undefined ? [] : ['refused where rtslib went on'];
    return { worse, better: [], problems: [], refusal: error.message };
  }
  const [worse, better] = judge(saveSaveconfig(onto), recorded);
  if (errors === undefined) {
    const [list, what] = problems.length > 0 ? [better, 'went on'] : [worse, 'saw nothing wrong'];
    list.push(`${what} where rtslib gave up`);
  } else if (problems.length !== errors.length) {
    const list = problems.length > errors.length ? better : worse;
    list.push(`listed ${problems.length} where rtslib listed ${errors.length}`);
  }
  return { worse, better, problems, refusal: undefined };
}

/** What differs from rtslib: it is better where rtslib lost something, or gave up and the value is that of the file. */
function judge(
  saved: unknown,
  { input, errors, afterDump }: RecordedRestore,
): [string[], string[]] {
  const notAsInput = new Set(compareConfigs(saved, input).map(({ path }) => path));
  const worse: string[] = [];
  const better: string[] = [];
  for (const { path, actual, expected } of compareConfigs(saved, afterDump)) {
    if (CHANCE.test(path)) continue;
    const isKept = actual !== undefined && expected === undefined;
    const isOfFile = errors === undefined && actual !== undefined && !notAsInput.has(path);
    const list = isKept || isOfFile ? better : worse;
    list.push(`${path}: ${actual} instead of ${expected}`);
  }
  return [worse, better];
}

/** Serial numbers and names of links that were drawn by chance. */
const CHANCE = /\/(?:wwn|alias)$/;
