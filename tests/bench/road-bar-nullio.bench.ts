/** The road whose controller runs in the host, without the copy. */
import { benchRoad } from './road-groups.ts';

benchRoad('vhost-nvme-bar', 'nullio');
