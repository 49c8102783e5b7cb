/** Assertions, CRCs, 16-bit ring arithmetic, id pools and scatter-gather lists. @packageDocumentation */
export { assert, ConfigError, InvariantError } from './assert.ts';
export { crc16T10 } from './crc16-t10.ts';
export { crc32 } from './crc32.ts';
export { crc32c } from './crc32c.ts';
export { IdPool } from './id-pool.ts';
export { IndexFifo } from './index-fifo.ts';
export { add16, needEvent, sub16 } from './seq16.ts';
export { addressOf, MAX_SG_SEGMENTS, SgList, UNMAPPED_ADDRESS } from './sg-list.ts';
