/** A medium of a few lines: pages, and a copy of what is durable. */
import type { SgList } from '../../src/base/sg-list.ts';
import type { GuestMemory } from '../../src/interfaces/guest-memory.ts';
import { type Medium, MediumStatus } from '../../src/interfaces/medium.ts';
import type { Prng } from '../../src/interfaces/prng.ts';
import { PageStore } from '../../src/memory/page-store.ts';

export class FakeMedium implements Medium {
  readonly sectorBytes: number;
  readonly sectorCount: number;
  writeCache = true;
  readonly calls: string[] = [];
  /** Status of the next call, instead of doing it. */
  fails: MediumStatus = MediumStatus.ok;
  readonly #now: PageStore;
  readonly #durable: PageStore;

  constructor(sectorCount: number, sectorBytes = 512) {
    this.sectorCount = sectorCount;
    this.sectorBytes = sectorBytes;
    this.#now = new PageStore(sectorCount * sectorBytes);
    this.#durable = new PageStore(sectorCount * sectorBytes);
  }

  read(sector: number, count: number, memory: GuestMemory, data: SgList, at: number): MediumStatus {
    this.calls.push('read');
    if (this.fails !== MediumStatus.ok) return this.fails;
    const size = this.sectorBytes;
    return this.#now.readTo(sector * size, memory, data, at, count * size)
      ? MediumStatus.ok
      : MediumStatus.memoryFault;
  }

  write(
    sector: number,
    count: number,
    fua: boolean,
    memory: GuestMemory,
    data: SgList,
    at: number,
  ): MediumStatus {
    this.calls.push(fua ? 'write fua' : 'write');
    if (this.fails !== MediumStatus.ok) return this.fails;
    const size = this.sectorBytes;
    if (!this.#now.writeFrom(sector * size, memory, data, at, count * size)) {
      return MediumStatus.memoryFault;
    }
    if (fua || !this.writeCache) this.#keep(sector, count);
    return MediumStatus.ok;
  }

  zero(sector: number, count: number, fua: boolean): MediumStatus {
    this.calls.push(fua ? 'zero fua' : 'zero');
    this.#now.zero(sector * this.sectorBytes, count * this.sectorBytes);
    if (fua || !this.writeCache) this.#keep(sector, count);
    return MediumStatus.ok;
  }

  flush(): MediumStatus {
    this.calls.push('flush');
    if (this.fails !== MediumStatus.ok) return this.fails;
    this.#keep(0, this.sectorCount);
    return MediumStatus.ok;
  }

  powerCut(chance: Prng): void {
    for (let sector = 0; sector < this.sectorCount; sector++) {
      const bytes = new Uint8Array(this.sectorBytes);
      if (chance.oneIn(2)) this.#durable.load(sector * bytes.length, bytes, 0, bytes.length);
      else this.#now.load(sector * bytes.length, bytes, 0, bytes.length);
      this.#now.store(sector * bytes.length, bytes, 0, bytes.length);
    }
    this.#keep(0, this.sectorCount);
  }

  #keep(sector: number, count: number): void {
    const bytes = new Uint8Array(count * this.sectorBytes);
    this.#now.load(sector * this.sectorBytes, bytes, 0, bytes.length);
    this.#durable.store(sector * this.sectorBytes, bytes, 0, bytes.length);
  }
}
