/** Schedulers by name, with their parameters as sysfs names them. */
import { ConfigError } from '../base/assert.ts';
import { BfqScheduler } from './bfq.ts';
import { type IoScheduler, NoneScheduler } from './io-scheduler.ts';
import { KyberScheduler } from './kyber.ts';
import { MqDeadlineScheduler } from './mq-deadline.ts';

/** Names that {@link makeScheduler} knows. */
export const SCHEDULER_NAMES = ['none', 'mq-deadline', 'kyber', 'bfq'] as const;
/** One of {@link SCHEDULER_NAMES}. */
export type SchedulerName = (typeof SCHEDULER_NAMES)[number];

const PARAMETERS: Readonly<Record<SchedulerName, readonly string[]>> = {
  none: [],
  'mq-deadline': [
    'read_expire',
    'write_expire',
    'writes_starved',
    'fifo_batch',
    'front_merges',
    'prio_aging_expire',
    'async_depth',
  ],
  kyber: ['read_lat_nsec', 'write_lat_nsec'],
  bfq: [
    'slice_idle',
    'timeout_sync',
    'max_budget',
    'fifo_expire_sync',
    'fifo_expire_async',
    'back_seek_max',
    'back_seek_penalty',
  ],
};

/** Parameters that may not be 0. */
const FROM_ONE = ['read_lat_nsec', 'write_lat_nsec', 'async_depth', 'back_seek_penalty'];

/**
 * A scheduler.
 *
 * @param parameters by the names of `queue/iosched/*`; those that are left out have the kernel's values
 * @param path goes before the keys that errors name, such as `backend.`
 * @throws ConfigError for an unknown name or parameter, or a value that is no integer of 0 and more
 */
export function makeScheduler(
  name: string,
  parameters: Readonly<Record<string, number>> = {},
  path = '',
): IoScheduler {
  const known = SCHEDULER_NAMES.find((each) => each === name);
  if (known === undefined)
    throw new ConfigError(`${path}scheduler`, name, SCHEDULER_NAMES.join(', '));
  const camel: Record<string, number> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (!PARAMETERS[known].includes(key)) {
      throw new ConfigError(
        `${path}iosched.${key}`,
        value,
        PARAMETERS[known].join(', ') || 'nothing',
      );
    }
    const least = FROM_ONE.includes(key) ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ConfigError(`${path}iosched.${key}`, value, `an integer of ${least} and more`);
    }
    camel[key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())] = value;
  }
  if (known === 'mq-deadline') return new MqDeadlineScheduler(camel);
  if (known === 'bfq') return new BfqScheduler(camel);
  return known === 'kyber' ? new KyberScheduler(camel) : new NoneScheduler();
}
