/** The parts of docs/fio.md that come from the table of keys: the test compares them with the guide. */
import { IGNORED_KEYS, JOB_KEYS } from '../../src/workload/job-keys.ts';

/** One row per key. */
export function keyTable(): string {
  const rows = Object.entries(JOB_KEYS).map(([name, key]) => {
    const names = [name, ...key.aliases].map((each) => `\`${each}\``).join(', ');
    return `| ${names} | ${key.doc} | ${key.type.expected} |`;
  });
  return ['| key | meaning | value |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The ignored keys in one sentence. */
export function ignoredList(): string {
  return `${IGNORED_KEYS.map((key) => `\`${key}\``).join(', ')}.`;
}
