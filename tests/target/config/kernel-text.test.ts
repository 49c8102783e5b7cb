import { describe, expect, it } from 'vitest';
import {
  parseKernelBoolean,
  parseKernelInteger,
  S8,
  U8,
  U32,
  U64,
} from '../../../src/target/config/kernel-text.ts';

describe('parseKernelBoolean', () => {
  it.each([
    ['1', true],
    ['yes', true],
    ['T', true],
    ['on', true],
    ['1000', true],
    ['0', false],
    ['0x1', false],
    ['No', false],
    ['off', false],
    ['False', false],
    ['2', 'EINVAL'],
    ['', 'EINVAL'],
    ['o', 'EINVAL'],
    [' 1', 'EINVAL'],
    ['-1', 'EINVAL'],
  ])('reads %j as %j', (text, value) => {
    expect(parseKernelBoolean(text)).toBe(value);
  });
});

describe('parseKernelInteger', () => {
  it.each([
    ['0', 0],
    ['010', 8],
    ['0x1F', 31],
    ['+7', 7],
    ['4294967295\n', 4_294_967_295],
    ['4294967296', 'ERANGE'],
    ['99999999999999999999', 'ERANGE'],
    ['-1', 'EINVAL'],
    ['08', 'EINVAL'],
    ['1x', 'EINVAL'],
    ['0x', 'EINVAL'],
    ['1 ', 'EINVAL'],
    ['', 'EINVAL'],
    ['\n', 'EINVAL'],
  ])('reads %j as %j of 32 bits', (text, value) => {
    expect(parseKernelInteger(text, U32)).toBe(value);
  });

  it('keeps to the range it is given', () => {
    expect(parseKernelInteger('255', U8)).toBe(255);
    expect(parseKernelInteger('256', U8)).toBe('ERANGE');
    expect(parseKernelInteger('-128', S8)).toBe(-128);
    expect(parseKernelInteger('-129', S8)).toBe('ERANGE');
    expect(parseKernelInteger('-0', S8)).toBe(0);
    expect(parseKernelInteger('18446744073709551616', U64)).toBe('ERANGE');
    expect(parseKernelInteger('9007199254740992', U64)).toBe(2 ** 53);
  });
});
