/** Requests of the driver's own. */
import { SgList } from '../base/sg-list.ts';
import type { NvmeHostRequest } from '../interfaces/nvme-host.ts';

/** A raw admin request without data that is made once and sent many times. */
export function makeRawRequest(
  opcode: number,
  end: (request: NvmeHostRequest) => void,
): NvmeHostRequest {
  return {
    ioId: 0,
    opcode,
    nsid: 0,
    slba: 0,
    nlb0: 0,
    control: 0,
    raw: new Int32Array(6),
    data: new SgList(2),
    status: 0,
    dw0: 0,
    end,
  };
}
