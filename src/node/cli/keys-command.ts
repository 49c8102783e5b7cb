/** `lio-nvme keys`: what a job file may say, from the table that the parser uses. */
import { IGNORED_KEYS, JOB_KEYS } from '../../workload/index.ts';

/** The keys with their values and meaning, and the ignored ones. */
export function keysText(): string {
  const keys = Object.entries(JOB_KEYS).map(([name, key]) => {
    const names = [name, ...key.aliases].join(', ');
    return `${names}\n    ${key.doc}\n    Value: ${key.type.expected}.\n`;
  });
  return `${keys.join('')}\nAccepted and ignored: ${IGNORED_KEYS.join(', ')}.\n`;
}
