/** The data pointer of a command: PRPs, or an SGL where the controller takes one and it pays. NVMe Base 2.0, 4.1. */
import type { SgList } from '../base/sg-list.ts';
import { SqeWord } from '../wire/nvme-entries.ts';
import type { PrpWriter } from './prp-writer.ts';
import type { SglWriter } from './sgl-writer.ts';

/** Chooses how the data of a command is described. */
export class DataPointerWriter {
  readonly #prps: PrpWriter;
  readonly #sgls: SglWriter | undefined;
  readonly #threshold: number;

  /**
   * @param sgls writes SGLs, or `undefined` when the controller takes none
   * @param threshold mean bytes of a segment from which an SGL is taken where PRPs would do, 0 for never
   */
  constructor(prps: PrpWriter, sgls: SglWriter | undefined, threshold: number) {
    this.#prps = prps;
    this.#sgls = sgls;
    this.#threshold = threshold;
  }

  /**
   * Fills the data pointer of `sqe` for all bytes of `sg`, with lists from `list` on. The PSDT bits of command dword 0, or -1 when
   * neither way can say it.
   */
  write(sg: SgList, sqe: Int32Array, list: number): number {
    if (sg.byteLength === 0) {
      sqe.fill(0, SqeWord.prp1Lo, SqeWord.cdw10);
      return 0;
    }
    const sgls = this.#sgls;
    if (sgls === undefined) return this.#prps.write(sg, sqe, list) ? 0 : -1;
    return this.#choose(sgls, sg, sqe, list);
  }

  #choose(sgls: SglWriter, sg: SgList, sqe: Int32Array, list: number): number {
    if (this.#threshold > 0 && sg.byteLength >= this.#threshold * sg.count) {
      const psdt = sgls.write(sg, sqe, list);
      if (psdt >= 0) return psdt;
    }
    return this.#prps.write(sg, sqe, list) ? 0 : sgls.write(sg, sqe, list);
  }
}
