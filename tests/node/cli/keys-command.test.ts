import { expect, it } from 'vitest';
import { keysText } from '../../../src/node/cli/keys-command.ts';
import { IGNORED_KEYS, JOB_KEYS } from '../../../src/workload/index.ts';

it('lists every key with its meaning, and the ignored ones', () => {
  const text = keysText();
  for (const [name, key] of Object.entries(JOB_KEYS)) {
    expect(text).toMatch(new RegExp(`^${name}\\b`, 'm'));
    expect(text).toContain(key.doc);
  }
  expect(text).toContain(IGNORED_KEYS.join(', '));
});
