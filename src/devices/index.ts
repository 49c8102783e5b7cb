/** What hangs off the wire: media with a volatile cache, latency profiles, disks. @packageDocumentation */
export { SparseMedium, type SparseMediumOptions } from './sparse-medium.ts';
