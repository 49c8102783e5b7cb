import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('buffered FILEIO', { type: 'fileio', size: DISK_BYTES, bufferedIo: true });
