import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('IBLOCK on SATA', { type: 'iblock', disk: 'sata', size: DISK_BYTES });
