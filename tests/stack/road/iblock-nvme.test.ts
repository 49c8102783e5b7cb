import { DISK_BYTES, roadLaw } from './road-law.ts';

roadLaw('IBLOCK on NVMe', { type: 'iblock', disk: 'nvme', size: DISK_BYTES });
