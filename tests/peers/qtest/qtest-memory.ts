/**
 * Guest memory of a QEMU machine through the file behind it: positions of the file are guest addresses, and reads and
 * writes of the file are coherent with the devices.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { type GuestMemory, UNMAPPED } from '../../../src/interfaces/index.ts';

/** Below are holes of the PC for video memory and firmware. */
const FIRST_BYTE = 0x10_0000;

/** Memory from 1 MiB up to the size of the machine. It has no stable bytes, so it shows no pages and no views. */
export class QtestMemory implements GuestMemory {
  readonly #file: number;
  readonly #sizeBytes: number;
  readonly #word = Buffer.alloc(4);

  constructor(path: string, sizeBytes: number) {
    this.#file = openSync(path, 'r+');
    this.#sizeBytes = sizeBytes;
  }

  isMapped(gpa: number, length: number): boolean {
    return length === 0 || (length > 0 && gpa >= FIRST_BYTE && gpa + length <= this.#sizeBytes);
  }

  read8(gpa: number): number {
    return this.load(gpa, this.#word, 0, 1) ? this.#word.readUInt8(0) : UNMAPPED;
  }

  read16(gpa: number): number {
    return this.load(gpa, this.#word, 0, 2) ? this.#word.readUInt16LE(0) : UNMAPPED;
  }

  read32(gpa: number): number {
    return this.load(gpa, this.#word, 0, 4) ? this.#word.readUInt32LE(0) : UNMAPPED;
  }

  write8(gpa: number, value: number): boolean {
    return this.#writeWord(gpa, value, 1);
  }

  write16(gpa: number, value: number): boolean {
    return this.#writeWord(gpa, value, 2);
  }

  write32(gpa: number, value: number): boolean {
    return this.#writeWord(gpa, value, 4);
  }

  load(gpa: number, into: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      done += readSync(this.#file, into, at + done, length - done, gpa + done);
    }
    return true;
  }

  store(gpa: number, from: Uint8Array, at: number, length: number): boolean {
    if (!this.isMapped(gpa, length)) return false;
    for (let done = 0; done < length; ) {
      done += writeSync(this.#file, from, at + done, length - done, gpa + done);
    }
    return true;
  }

  loadWords(gpa: number, into: Int32Array, at: number, count: number): boolean {
    return this.load(gpa, bytesOf(into), at * 4, count * 4);
  }

  storeWords(gpa: number, from: Int32Array, at: number, count: number): boolean {
    return this.store(gpa, bytesOf(from), at * 4, count * 4);
  }

  fill(gpa: number, value: number, length: number): boolean {
    return this.isMapped(gpa, length) && this.store(gpa, Buffer.alloc(length, value), 0, length);
  }

  pageForRead(): undefined {}

  pageForWrite(): undefined {}

  view(): undefined {}

  close(): void {
    closeSync(this.#file);
  }

  #writeWord(gpa: number, value: number, length: number): boolean {
    this.#word.writeInt32LE(value | 0);
    return this.store(gpa, this.#word, 0, length);
  }
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
