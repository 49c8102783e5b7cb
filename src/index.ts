/** The public face of lio-nvme. @packageDocumentation */
export { ConfigError, InvariantError } from './base/assert.ts';
