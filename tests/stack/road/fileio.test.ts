import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('FILEIO', { type: 'fileio', size: DISK_BYTES });
