import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('IBLOCK on null_blk', { type: 'iblock', disk: 'null_blk', size: DISK_BYTES });
