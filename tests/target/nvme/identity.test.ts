import { describe, expect, it } from 'vitest';
import {
  eui64Bytes,
  hex,
  identityBytes,
  nguidBytes,
  uuidBytes,
  uuidText,
} from '../../../src/target/nvme/identity.ts';

describe('names', () => {
  it('depend on the seed and the name, and on nothing else', () => {
    expect(identityBytes(1, 'a', 16)).toEqual(identityBytes(1, 'a', 16));
    expect(identityBytes(1, 'a', 16)).not.toEqual(identityBytes(2, 'a', 16));
    expect(identityBytes(1, 'a', 16)).not.toEqual(identityBytes(1, 'b', 16));
  });

  it('are a UUID of version 8 in its usual form', () => {
    for (let seed = 0; seed < 50; seed++) {
      const uuid = uuidText(uuidBytes(seed, 'x'));
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it('are locally administered where there is an organisation in them', () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(eui64Bytes(seed, 'x')[0]! & 3).toBe(2);
      expect(nguidBytes(seed, 'x')[8]! & 3).toBe(2);
    }
  });

  it('are shown as hexadecimal digits', () => {
    expect(hex(Uint8Array.of(0, 10, 255))).toBe('000aff');
  });
});
