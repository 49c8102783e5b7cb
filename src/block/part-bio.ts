/** Bios that a device makes for those that it was given: whole or in parts, for a device below. */
import { SgList } from '../base/sg-list.ts';
import { type Bio, BioOp, BlkStatus } from '../interfaces/bio.ts';
import type { GuestMemory } from '../interfaces/guest-memory.ts';
import type { BioWalk } from './bio-walk.ts';

/** What goes down for one bio, or for a run of it. */
export class PartBio implements Bio {
  ioId = 0;
  op: BioOp = BioOp.read;
  sector = 0;
  sectorCount = 0;
  flags = 0;
  memory: GuestMemory;
  /** A list for parts that are cut out. */
  readonly ownData = new SgList();
  /** The own list, or the one of the bio above when it goes down whole. */
  data: SgList = this.ownData;
  status: BlkStatus = BlkStatus.ok;
  readonly end: (bio: Bio) => void;
  /** The bio that it is a part of. */
  walk: BioWalk | undefined = undefined;
  /** The next one on the list that this one is on. */
  next: PartBio | undefined = undefined;

  constructor({ memory }: Bio, end: (bio: Bio) => void) {
    this.memory = memory;
    this.end = end;
  }
}

/** Slots for parts; as many come into being as are ever under way at once. */
export class PartBioPool {
  #free: PartBio | undefined = undefined;
  readonly #end: (bio: Bio) => void;

  /** @param ended called for each part that the device below ended; it gives the part back */
  constructor(ended: (part: PartBio) => void) {
    this.#end = (bio) => ended(bio as PartBio);
  }

  /** A part of the walk's bio, with its operation and memory, and with nothing in its own list. */
  take(walk: BioWalk, sector: number, sectorCount: number): PartBio {
    const bio = walk.bio!;
    const part = this.#free ?? new PartBio(bio, this.#end);
    this.#free = part.next;
    part.next = undefined;
    part.walk = walk;
    part.ioId = bio.ioId;
    part.op = bio.op;
    part.sector = sector;
    part.sectorCount = sectorCount;
    part.flags = walk.flags;
    part.memory = bio.memory;
    part.ownData.clear();
    part.data = part.ownData;
    walk.partsInFlight += 1;
    return part;
  }

  /** Gives an ended part back, notes the first error, and tells whether it was the last one under way. */
  give(part: PartBio): boolean {
    const walk = part.walk!;
    if (walk.status === BlkStatus.ok) walk.status = part.status;
    walk.partsInFlight -= 1;
    part.walk = undefined;
    part.data = part.ownData;
    part.next = this.#free;
    this.#free = part;
    return walk.partsInFlight === 0;
  }
}
