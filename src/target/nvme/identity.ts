/** Names that a subsystem and its namespaces bear: drawn from a seed, so that the same world has the same names. */
import { makePrng } from '../../sim/prng.ts';

/** `count` bytes that `seed` and `name` decide. */
export function identityBytes(seed: number, name: string, count: number): Uint8Array {
  const stream = makePrng(seed).split(name);
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = stream.next32() >>> 24;
  return bytes;
}

/** A UUID of version 8 (RFC 9562, 5.8) as sixteen bytes. */
export function uuidBytes(seed: number, name: string): Uint8Array {
  const bytes = identityBytes(seed, name, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

/** An EUI-64 of a locally administered, individual address. */
export function eui64Bytes(seed: number, name: string): Uint8Array {
  const bytes = identityBytes(seed, name, 8);
  bytes[0] = (bytes[0]! & 0xfc) | 0x02;
  return bytes;
}

/** An NGUID whose organisation part (bytes 8 to 10) is locally administered. NVMe Base 2.0, 4.5.1. */
export function nguidBytes(seed: number, name: string): Uint8Array {
  const bytes = identityBytes(seed, name, 16);
  bytes[8] = (bytes[8]! & 0xfc) | 0x02;
  return bytes;
}

/** Bytes as lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** A UUID in its usual form of 8-4-4-4-12 digits. */
export function uuidText(bytes: Uint8Array): string {
  const text = hex(bytes);
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join('-');
}
