import { describe, expect, it } from 'vitest';
import { assert, ConfigError, InvariantError } from '../../src/base/assert.ts';

describe('assert', () => {
  it('lets a condition that holds pass', () => {
    expect(() => assert(true, 'unused')).not.toThrow();
  });

  it('throws InvariantError with the message of a condition that does not hold', () => {
    expect(() => assert(false, 'slot 3 is free')).toThrow(new InvariantError('slot 3 is free'));
  });
});

describe('ConfigError', () => {
  it.each([
    [12, "backend.size: 12 is not accepted; expected 'a size'"],
    ['12Q', "backend.size: '12Q' is not accepted; expected 'a size'"],
    [5n, "backend.size: 5n is not accepted; expected 'a size'"],
    [[1], "backend.size: an array is not accepted; expected 'a size'"],
    [{}, "backend.size: an object is not accepted; expected 'a size'"],
    [null, "backend.size: null is not accepted; expected 'a size'"],
    [undefined, "backend.size: undefined is not accepted; expected 'a size'"],
  ])('names the path, the value %s and what was expected', (value, message) => {
    const error = new ConfigError('backend.size', value, "'a size'");
    expect(error.message).toBe(message);
    expect(error.path).toBe('backend.size');
    expect(error.name).toBe('ConfigError');
  });
});
