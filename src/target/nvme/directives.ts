/** Directives: the one of type Identify, which tells that there is no other. NVMe Base 2.0, 8.7.1 and 8.7.2. */
import { NvmeStatus } from '../../wire/nvme-status.ts';

/** Bytes of the parameters of the Identify directive. */
export const DIRECTIVE_PARAMETERS_BYTES = 4096;

const TYPE_IDENTIFY = 0;
const RETURN_PARAMETERS = 1;
const ENABLE_DIRECTIVE = 1;
/** Where the parameters tell what is enabled. */
const ENABLED_AT = 32;
/** Bit of the Identify directive, which cannot be switched off. */
const IDENTIFY = 1 << TYPE_IDENTIFY;

/** Directive Receive: the parameters to the first 4096 bytes of `into`; returns a status. @param cdw11 operation and type */
export function receiveDirective(cdw11: number, into: Uint8Array): number {
  const operation = cdw11 & 0xff;
  const type = (cdw11 >>> 8) & 0xff;
  if (type !== TYPE_IDENTIFY || operation !== RETURN_PARAMETERS) return NvmeStatus.invalidField;
  into.fill(0, 0, DIRECTIVE_PARAMETERS_BYTES);
  into[0] = IDENTIFY;
  into[ENABLED_AT] = IDENTIFY;
  return NvmeStatus.success;
}

/** Directive Send; returns a status. There is nothing that could be enabled: the Identify directive always is. */
export function sendDirective(cdw11: number, cdw12: number): number {
  const operation = cdw11 & 0xff;
  const type = (cdw11 >>> 8) & 0xff;
  if (type !== TYPE_IDENTIFY || operation !== ENABLE_DIRECTIVE) return NvmeStatus.invalidField;
  const named = (cdw12 >>> 8) & 0xff;
  const isEnabled = (cdw12 & 1) === 1;
  return named === TYPE_IDENTIFY && isEnabled ? NvmeStatus.success : NvmeStatus.invalidField;
}
