import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { nvmetJsonSchema, nvmetPortSchema } from '../../../src/target/config/nvmet-schema.ts';

describe('the schemas of nvmetcli', () => {
  it('are a JSON Schema that names the keys and allows others', () => {
    const text = JSON.stringify(nvmetJsonSchema());
    for (const key of ['allowed_hosts', 'trtype', 'nsid', 'ana_groups', 'cntlid_min']) {
      expect(text).toContain(`"${key}"`);
    }
    expect(text).not.toContain('"additionalProperties":false');
  });

  it('want a port to have a transport', () => {
    expect(z.safeParse(nvmetPortSchema, { portid: 1, addr: {} }).success).toBe(false);
  });
});
