/** All mutants, from the file of each room: `ROOM.mutants.ts` exports `mutants`. */
import { listFiles } from '../support/source-tree.ts';
import type { Mutant } from './mutant.ts';

/** Mutants by `ROOM/NAME`, in a fixed order. */
export async function loadMutants(): Promise<Map<string, Mutant>> {
  const all = new Map<string, Mutant>();
  for (const path of listFiles('tests/mutants', '.mutants.ts')) {
    const room = path.slice('tests/mutants/'.length, -'.mutants.ts'.length);
    const { mutants }: { mutants: readonly Mutant[] } = await import(`./${room}.mutants.ts`);
    for (const mutant of mutants) {
      const id = `${room}/${mutant.name}`;
      if (all.has(id)) throw new Error(`two mutants are named ${id}`);
      all.set(id, mutant);
    }
  }
  return all;
}
