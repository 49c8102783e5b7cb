/** Submission queue entries and pointer lists for fuzzing: arbitrary, and often nearly right. */
import type { GuestMemory } from '../../interfaces/guest-memory.ts';
import type { Prng } from '../../interfaces/prng.ts';
import { SqeWord } from '../../wire/nvme-entries.ts';

/** Where I/O queues lie: the submission queue of pair `id` at `(id - 1) * 128 KiB`, its completion queue 64 KiB behind. */
export const FUZZ_QUEUES = 0x3_0000;
/** Where lists lie: four pages. */
export const FUZZ_LISTS = 0x7_0000;
/** Where data lies: twelve pages. */
export const FUZZ_DATA = 0x7_4000;
const LIST_PAGES = 4;
const DATA_PAGES = 12;

const ADMIN_OPCODES = [
  0x00, 0x01, 0x02, 0x02, 0x04, 0x05, 0x06, 0x06, 0x08, 0x09, 0x0a, 0x0c, 0x10, 0x14, 0x18, 0x7c,
  0x80,
] as const;
const IO_OPCODES = [0x00, 0x01, 0x01, 0x02, 0x02, 0x05, 0x08, 0x09, 0x0c, 0x19, 0x7a] as const;

/** One entry. @param isAdmin it goes to the admin queue */
export function fuzzEntry(chance: Prng, isAdmin: boolean): Int32Array {
  const words = new Int32Array(16);
  const opcodes = isAdmin ? ADMIN_OPCODES : IO_OPCODES;
  const opcode = chance.oneIn(8) ? chance.below(256) : opcodes[chance.below(opcodes.length)]!;
  const flags = chance.oneIn(6) ? chance.below(256) : 0;
  const cid = chance.oneIn(16) ? chance.below(4) : chance.below(0x1_0000);
  words[SqeWord.cdw0] = opcode | (flags << 8) | (cid << 16);
  words[SqeWord.nsid] = chance.oneIn(6) ? chance.next32() : chance.below(3);
  putPointer(words, SqeWord.mptrLo, chance);
  putPointer(words, SqeWord.prp1Lo, chance);
  putPointer(words, SqeWord.prp2Lo, chance);
  // The last words of the data pointer are the length and type of an SGL descriptor.
  if ((flags & 0xc0) !== 0 && !chance.oneIn(4)) putDescriptor(words, SqeWord.prp1Lo, chance);
  for (let at = SqeWord.cdw10; at < 16; at++) {
    const isWild = chance.oneIn(5);
    words[at] = isWild ? chance.next32() : chance.below(chance.oneIn(3) ? 300 : 16);
  }
  if (isAdmin) shapeAdmin(words, opcode, chance);
  return words;
}

/** Fills the pages of lists, as PRP entries or as SGL descriptors. */
export function fillLists(memory: GuestMemory, chance: Prng): void {
  const words = new Int32Array(16);
  const isPrps = chance.oneIn(2);
  const page = FUZZ_LISTS + 4096 * chance.below(LIST_PAGES);
  const from = chance.oneIn(2) ? 0 : 8 * chance.below(500);
  for (let at = from & ~15; at < 4096 && at < from + 1024; at += 64) {
    for (let i = 0; i < 16; i += isPrps ? 2 : 4) {
      if (isPrps) putPointer(words, i, chance, 0);
      else putDescriptor(words, i, chance);
    }
    memory.storeWords(page + Math.min(at, 4032), words, 0, 16);
  }
  // The last entry of a page may lead to the next list.
  putPointer(words, 0, chance, 0);
  memory.storeWords(page + 4088, words, 0, 2);
}

/** Queues mostly where they are harmless, with sizes that are mostly right, and the bits that creating needs. */
function shapeAdmin(words: Int32Array, opcode: number, chance: Prng): void {
  if (opcode === 0x01 || opcode === 0x05) {
    if (chance.oneIn(4)) return;
    const id = 1 + chance.below(4);
    words[SqeWord.cdw10] = id | ((1 + chance.below(20)) << 16);
    words[SqeWord.cdw11] = 1 | (chance.below(4) << 1) | (chance.below(4) << 16);
  } else if (opcode === 0x00 || opcode === 0x04 || opcode === 0x08) {
    words[SqeWord.cdw10] = chance.below(4) | (chance.below(4) << 16);
  } else if (opcode === 0x7c) {
    words[SqeWord.prp1Lo] = FUZZ_DATA + 4096 * chance.below(DATA_PAGES);
    words[SqeWord.prp2Lo] = FUZZ_DATA + 4096 * chance.below(DATA_PAGES);
    words[SqeWord.prp1Hi] = 0;
    words[SqeWord.prp2Hi] = 0;
  }
}

/** A pointer of the kind that breaks things. @param low bits that may be set below the page */
function putPointer(words: Int32Array, at: number, chance: Prng, low = 0xfff): void {
  let lo = FUZZ_DATA + 4096 * chance.below(DATA_PAGES);
  let hi = 0;
  switch (chance.below(12)) {
    case 0:
      lo = chance.next32();
      break;
    case 1:
      lo = chance.next32();
      hi = chance.next32();
      break;
    case 2:
      lo = chance.below(0x1_0000) & ~3;
      hi = 1;
      break;
    case 3:
      lo = chance.below(0x9_0000) & ~3;
      break;
    case 4:
    case 5:
    case 6:
      lo = FUZZ_LISTS + 4096 * chance.below(LIST_PAGES) + ((8 * chance.below(512)) & low);
      break;
    case 7:
      lo += chance.below(4096) & low & ~3;
      break;
    default:
      break;
  }
  words[at] = lo;
  words[at + 1] = hi;
}

function putDescriptor(words: Int32Array, at: number, chance: Prng): void {
  putPointer(words, at, chance);
  const isList = chance.oneIn(3);
  const type = chance.oneIn(8) ? chance.below(256) : (isList ? 2 + chance.below(2) : 0) << 4;
  words[at + 2] = isList ? 16 * chance.below(20) : 512 * chance.below(9);
  words[at + 3] = type << 24;
}
