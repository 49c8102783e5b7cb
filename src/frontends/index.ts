/** Frontends of the LIO target: what turns a transport's requests into commands. @packageDocumentation */
export {
  MAX_CONTROL_REQUESTS,
  VhostNvme,
  type VhostNvmeCounters,
  type VhostNvmeOptions,
} from './vhost-nvme.ts';
