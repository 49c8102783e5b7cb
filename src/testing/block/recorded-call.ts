/** Calls of a recording: what each read or write asked for, and the memory that it named. */
import {
  BioFlag,
  BioOp,
  type PriorityClass,
  priorityFlags,
  SECTOR_BYTES,
} from '../../interfaces/bio.ts';
import type { RecordedOp } from './recorded-case.ts';

/** Physically contiguous memory. */
export type Run = [address: number, bytes: number];

/** What a submission is about. */
export interface Call {
  op: BioOp;
  sector: number;
  flags: number;
  runs: Run[];
}

/** Refused before any bio was made. */
export function isRefused({ ret, errno }: RecordedOp): boolean {
  return ret === -1 && [9, 22, 27, 28, 95].includes(errno ?? 0);
}

/** The read or write call of an operation. */
export function callOf(each: RecordedOp, flags: number): Call {
  const [name, offset] = each.op.split(' ');
  const op = name === 'w' ? BioOp.write : BioOp.read;
  const isDurable = op === BioOp.write && / (d?sync)( |$)/.test(each.op);
  const runs = expand(each);
  return {
    op,
    sector: Number(offset) / SECTOR_BYTES,
    flags: flags | (isDurable ? BioFlag.fua : 0),
    runs,
  };
}

/** The I/O priority of an operation: its own, or the one of its process. */
export function priorityOf({ op }: RecordedOp, inherited: number): number {
  const match = / prio=(\d)\/(\d)/.exec(op);
  if (match === null) return inherited;
  return priorityFlags(Number(match[1]) as PriorityClass, Number(match[2]));
}

/** The memory of an operation, one entry a run, as far as the operation went. */
function expand({ phys = [], ret = 0 }: RecordedOp): Run[] {
  const all = phys.flatMap(([address, bytes, step = 0, count = 1]) =>
    Array.from({ length: count }, (_, i): Run => [address + i * step, bytes]),
  );
  if (ret < 0) return all;
  let left = ret;
  return all.flatMap(([address, bytes]): Run[] => {
    const take = Math.min(left, bytes);
    left -= take;
    return take > 0 ? [[address, take]] : [];
  });
}

/** The page of zeroes, over and over. */
export function zeroes(sectors: number): Run[] {
  return Array.from(
    { length: Math.ceil(sectors / 8) },
    (_, i): Run => [0x10_0000, Math.min(8, sectors - i * 8) * SECTOR_BYTES],
  );
}

/** Pages of a cache: no two are neighbours. */
export function scattered(sectors: number): Run[] {
  return Array.from(
    { length: Math.ceil(sectors / 8) },
    (_, i): Run => [0x100_0000 - i * 0x2000, Math.min(8, sectors - i * 8) * SECTOR_BYTES],
  );
}
