import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('IBLOCK on SCSI', { type: 'iblock', disk: 'scsi', size: DISK_BYTES });
