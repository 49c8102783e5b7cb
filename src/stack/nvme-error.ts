/** A command that the stack answered with an error status. */
import { nvmeStatusName } from '../wire/nvme-status.ts';

/** Thrown by the promise handles when a command ends with a status other than success. */
export class NvmeError extends Error {
  override readonly name: string = 'NvmeError';
  /** Status field without phase: SC | SCT << 8 | CRD << 11 | More << 13 | DNR << 14. */
  readonly status: number;

  constructor(what: string, status: number) {
    super(`${what} ended with ${nvmeStatusName(status)} (status ${status.toString(16)}h)`);
    this.status = status;
  }
}
